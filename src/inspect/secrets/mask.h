/* What may leave the worker of a secret: how it begins, as its issuer documents it for all, how
 * long it is, and a hash by which equal ones are known. */
#pragma once

#include "base/json.h"
#include "base/slice.h"

/* The most characters of a value that are shown. */
#define SECRET_SHOWN_MOST 4u

/* "ghp_****************(40)": of @prefix at most SECRET_SHOWN_MOST characters and a quarter of the
 * value, where it begins so. (transfer full) */
char *secret_masked(Slice secret, const char *prefix);

/* The key of secret_same() in this process: a text that only this installation has, or NULL.
 * Copies. Before any thread asks for what it is for. */
void secret_set_key(const char *key);
/* It goes to a worker with its job, and is taken from there. */
void secret_key_tell(json_t *job);
void secret_key_take(const json_t *job);
/* Hex of a hash of @secret under the key: equal for equal values, and without the key nobody can
 * try values. NULL: there is no key. (transfer full) */
char *secret_same(Slice secret);
