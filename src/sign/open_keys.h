/* The keys that the process that signs has open: by URI and options, each opened by one thread
 * while others wait for it as long as they have time, and kept for a while. Any thread; blocks. */
#pragma once

#include "sign/keys/key.h"

/* (transfer full) */
Key *open_keys_get(const char *uri, const KeyOptions *options, Cancellable *cancellable,
                   GError **error);
/* What fails is opened anew by the next; what may have failed because it was open so long, a token
 * that was away or a key that was turned over, once at once. (transfer full) */
GBytes *open_keys_sign(const char *uri, const KeyOptions *options, SignatureAlgorithm algorithm,
                       Slice message, Cancellable *cancellable, GError **error);
