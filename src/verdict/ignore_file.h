/* What somebody does not want to be shown any more, of `assay scan`: exemptions (exemption.h) in a
 * file beside what is scanned. Such a file decides nothing: a policy judges what is ignored, too.
 *
 * A name that ends in .yaml or .yml holds `exemptions`, as a policy file has them. Any other is a
 * list as Trivy reads it from .trivyignore: an id a line, `exp:2027-01-31` after it for the day
 * with whose beginning (in UTC) it ends, and comments after #. "*" is an error
 * there. A comment that is after the id, or
 * in the lines right before it, is its reason. Pure, except that loading reads the file. */
#pragma once

#include "base/slice.h"
#include "verdict/exemption.h"

typedef struct {
  char *name; /* of the file, as it was given */
  Exemption *exemptions;
  unsigned exemptions_count;
} IgnoreFile;

/* ASSAY_ERROR_INVALID, _LIMIT: the message has a line with file and line for each mistake.
 * (transfer full) */
IgnoreFile *ignore_file_parse(Slice text, const char *name, GError **error);
/* The same of a file of at most YAML_TEXT_MAX bytes; ASSAY_ERROR_NOT_FOUND. (transfer full) */
IgnoreFile *ignore_file_load(const char *path, GError **error);
void ignore_file_free(IgnoreFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(IgnoreFile, ignore_file_free)

/* The entry of @file that takes @finding out of sight, in an image of @repository; one that has
 * ended when none is in force; NULL: none. */
const Exemption *ignore_file_find(const IgnoreFile *file, const char *repository,
                                  const Finding *finding, int64_t now);
