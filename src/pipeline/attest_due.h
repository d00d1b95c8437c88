/* Attestations that are made anew by age: a policy may ask for one that is not old, and nothing
 * else happens to an image that nobody touches. The rule says after how long (signing/signing.h).
 */
#pragma once

#include "pipeline/signing_left.h"

/* Asks for jobs of all that are due at @now (microseconds since 1970), by any rule. Blocks on the
 * database. */
bool attest_due_find(const SigningRooms *rooms, int64_t now, SigningAsk ask, void *data,
                     Cancellable *cancellable, GError **error);
