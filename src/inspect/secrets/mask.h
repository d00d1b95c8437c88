/* What may leave the worker of a secret: how it begins, as its issuer documents it for all, how
 * long it is, and a hash by which equal ones are known. */
#pragma once

#include "base/slice.h"

/* The most characters of a value that are shown. */
#define SECRET_SHOWN_MOST 4u

/* "ghp_****************(40)": of @prefix at most SECRET_SHOWN_MOST characters and a quarter of the
 * value, where it begins so. (transfer full) */
char *secret_masked(Slice secret, const char *prefix);

/* The key of secret_same(), for this process. Copies. */
#define SECRET_KEY_BYTES 32u
void secret_set_key(Slice key);
/* Hex of a hash of @secret under the key: equal for equal values, and without the key nobody can
 * try values. NULL: there is no key. (transfer full) */
char *secret_same(Slice secret);
