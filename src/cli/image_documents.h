/* What a registry has beside an image that says what affects it: for `assay explain`. */
#pragma once

#include "cli/scan_setup.h"

typedef struct {
  char *name; /* "referrer sha256:..." */
  char *what; /* "an OpenVEX document (application/...)" */
} ImageDocument;

/* VEX documents and attestations among the referrers of an image that @source read from a registry;
 * none of others. They are not read: nobody's word is proven yet. (transfer full): ImageDocument */
GPtrArray *image_documents_list(const ScanSetup *setup, const ImageSource *source, GError **error);
