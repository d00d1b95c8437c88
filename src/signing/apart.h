/* Keys that sign images, and keys that attest (signing.h). Pure. */
#pragma once

#include "signing/signing.h"

/* No key does both, whichever of keys, attestors and rules was changed. ASSAY_ERROR_INVALID. */
bool signing_check_apart(const SigningSet *set, GError **error);
