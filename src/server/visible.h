/* What of the stored repositories and images who asks may see: for handlers whose route is
 * ON_WHAT_ONE_MAY. */
#pragma once

#include "oci/digest.h"
#include "server/http/http.h"

/* As registry_catalog(), of those on which who asks may @verb. (transfer full) */
GStrv visible_repositories(Request *request, Verb verb, const char *last, int64_t n, bool *more,
                           GError **error);
/* Whether a repository on which who asks may @verb holds the manifest; false after it responded: an
 * image that one may not see is as one that is not there. */
bool visible_image(Request *request, Verb verb, const Digest *digest);
/* The same of a repository that a query names. */
bool visible_repository(Request *request, Verb verb, const char *repository);
