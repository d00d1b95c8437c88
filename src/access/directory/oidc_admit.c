/* Letting in whom a provider knows; see the header. */
#include "access/directory/oidc_admit.h"

#include "access/directory/directory.h"
#include "access/directory/oidc_standing.h"

bool
oidc_admit(Access *access, const OidcSettings *settings, const OidcAnswer *answer, int64_t *id,
           GError **error)
{
  g_autofree char *source = oidc_source(settings);
  return directory_admit(access, source, answer->person, id, error) &&
         oidc_keep_refresh(access, *id, answer->refresh, error);
}
