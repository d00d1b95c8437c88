/* Letting in whom a provider of OpenID Connect knows. Blocks; any thread. */
#pragma once

#include "access/directory/oidc.h"

/* Makes the person's row or brings it up to date (directory_admit()), and keeps what the provider
 * can be asked again by. *id: of the row. ASSAY_ERROR_DENIED: as directory_admit(). */
bool oidc_admit(Access *access, const OidcSettings *settings, const OidcAnswer *answer, int64_t *id,
                GError **error);
