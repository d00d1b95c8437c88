/* `assay scan --base`: which findings come from the image that the scanned one was built on. */
#pragma once

#include "cli/scan_setup.h"
#include "report/base.h"

/* @target: the base, as an image to scan is written; nothing of it but its config is read. @image:
 * what is scanned. NULL with *error: it is no image, or its layers are not the first of @image's.
 * (transfer full) */
ReportBase *scan_base_open(const ScanSetup *setup, const char *target, const ImageSource *image,
                           GError **error);
/* Says of each of @findings (Finding) whether it comes from the first @base->layers layers of
 * @image, and counts them in @base. What is of no layer is the image's own. */
void scan_base_mark(ReportBase *base, const ImageSource *image, const GPtrArray *findings);
