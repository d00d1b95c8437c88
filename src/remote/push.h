/* Pushing to another registry (distribution-spec, "Push"): blobs that are files, and manifests. The
 * Remote was made with `push`, and remote_get_first() was called, whose ASSAY_ERROR_NOT_FOUND is an
 * answer: there is nothing yet. Everything blocks. */
#pragma once

#include "oci/digest.h"
#include "remote/client.h"

/* Uploads the @size bytes of @fd, whose digest is @digest, in one request, unless the repository
 * has them; a transfer that breaks is tried again from its beginning. ASSAY_ERROR_DENIED, _NETWORK.
 */
bool remote_push_blob(Remote *remote, const Digest *digest, int fd, uint64_t size,
                      const Progress *progress, Cancellable *cancellable, GError **error);

/* Stores @manifest as @reference: a tag, or its digest. A registry that names another digest than
 * that of the bytes is ASSAY_ERROR_MISMATCH. *listed (or NULL): whether the registry lists it among
 * the referrers of its subject by itself. */
bool remote_push_manifest(Remote *remote, const char *reference, const char *media_type,
                          Slice manifest, bool *listed, Cancellable *cancellable, GError **error);
