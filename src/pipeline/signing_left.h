/* What passes by now, and no event told it: a policy that lets more out changes no verdict of an
 * image that is still refused for want of our signature; and what was stored before its rule. So
 * all images are looked through once after each change of the policy, the advisories or the rules.
 * Blocks on the database. */
#pragma once

#include "pipeline/sign_image.h"

/* Called with jobs of one repository: char *, as signing_wanted() has them. */
typedef bool (*SigningAsk)(void *data, GPtrArray *keys, GError **error);

/* False with *error, or when it is cancelled. */
bool signing_left_find(const SigningRooms *rooms, ImageSigner *signer, SigningAsk ask, void *data,
                       Cancellable *cancellable, GError **error);
