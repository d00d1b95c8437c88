/* The findings that `assay scan` does not show by a person's will: ignore files
 * (verdict/ignore_file.h). */
#pragma once

#include <glib.h>

/* IgnoreFile of @paths (NULL-terminated); NULL: of .assayignore.yaml and .trivyignore in the folder
 * where the command runs, those that are there. (transfer full) */
GPtrArray *scan_ignore_load(char **paths, GError **error);

/* Takes what @files ignore in an image of @repository out of @findings (Finding, borrowed), and
 * notes at each why; tells in @notes which entries have ended that would have. (transfer full):
 * IgnoredFinding (report.h) */
GPtrArray *scan_ignore_take(const GPtrArray *files, const char *repository, GPtrArray *findings,
                            GPtrArray *notes);
