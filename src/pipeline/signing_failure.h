/* Which failures of signing may pass by themselves. Pure. */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Whether another try may go otherwise. @by_key: the key may be used, and what failed was of it, or
 * came after it: then what its place says may pass as well: it is away, it wants another PIN or
 * token (a token's PIN that was refused is not shown to it again), or it is another key. */
bool signing_failure_may_pass(const GError *error, bool by_key);
