/* What `assay scan --dockerfile` scans: a Dockerfile, in the place of an image. */
#pragma once

#include "inventory/image.h"
#include "server/config.h"

/* Of @file, or standard input ("-"): an inventory that has observations alone, with the path as it
 * is written, or "Dockerfile". ASSAY_ERROR_INVALID: it is none, "FILE: line 3: ...";
 * ASSAY_ERROR_LIMIT. (transfer full) */
ImageInventory *scan_dockerfile(const char *file, const Config *config, GError **error);
