/* Where the signatures of an image in another registry are read from (sign/formats/read.h).
 * Blocks on the network. */
#pragma once

#include "remote/client.h"
#include "sign/formats/read.h"

typedef struct {
  Remote *remote;          /* that was asked for the image already */
  uint64_t manifest_bytes; /* of a manifest or a list of referrers */
  Cancellable *cancellable;
} RemoteSignatures;
/* @place must live as long as what is returned. */
SignatureSource remote_signature_source(RemoteSignatures *place);

/* How signatures may call the registry of @reference, ended by NULL; @one: room for its own name.
 */
const char *const *remote_signature_hosts(const Reference *reference, const char *one[2]);
