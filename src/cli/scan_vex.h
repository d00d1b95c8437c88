/* VEX documents of `assay scan --vex` (verdict/vex.h). */
#pragma once

#include "report/report.h"
#include "verdict/vex.h"

/* VexDocument of @paths (NULL-terminated; NULL: none): files, and folders of files *.json.
 * (transfer full) */
GPtrArray *scan_vex_load(char **paths, GError **error);

/* Takes what @documents say is not affected or fixed out of @findings (Finding, borrowed), with the
 * statement as the reason, and adds it to @ignored (IgnoredFinding); other statements change
 * nothing. @notes: which documents are about nothing that was found. */
void scan_vex_take(const GPtrArray *documents, const VexImage *image, GPtrArray *findings,
                   GPtrArray *ignored, GPtrArray *notes);
