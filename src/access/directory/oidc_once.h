/* What may be used once: the states and devices of log-ins that have come back. They are kept until
 * they would be refused as too old. Blocks; any thread. */
#pragma once

#include "access/access.h"

/* @ends: microseconds since 1970. ASSAY_ERROR_DENIED: it was used before. */
bool oidc_use_once(Access *access, const char *what, int64_t ends, GError **error);
