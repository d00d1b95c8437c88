/* What other registries list as referrers of a manifest (distribution-spec, "Listing Referrers").
 * Blocks on the network. */
#pragma once

#include <jansson.h>

#include "oci/digest.h"
#include "remote/client.h"

/* Descriptors of the manifests whose subject is @subject, as the registry lists them: the first
 * page of its list, or, where it keeps none, those in the tag that is for it ("Referrers Tag
 * Schema"). A @limit in bytes bounds what is read. (transfer full): an array of objects, maybe
 * empty */
json_t *remote_referrers(Remote *remote, const Digest *subject, uint64_t limit,
                         const Progress *progress, Cancellable *cancellable, GError **error);
