/* What may be signed by now, and no event told it: a policy that lets more out changes no verdict
 * of an image that is still refused for want of our signature; what passes was stored before its
 * rule; and what a rule signed counts no more, for the key was revoked or the attestor has another.
 * So all images are looked through once after each change of the policy, the advisories, the keys
 * or the rules. Blocks on the database. */
#pragma once

#include "pipeline/sign_image.h"

/* Called with jobs: char *, as signing_wanted() has them. */
typedef bool (*SigningAsk)(void *data, GPtrArray *keys, GError **error);

/* False with *error, or when it is cancelled. */
bool signing_left_find(const SigningRooms *rooms, ImageSigner *signer, SigningAsk ask, void *data,
                       Cancellable *cancellable, GError **error);
