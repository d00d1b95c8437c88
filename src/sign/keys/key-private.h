/* Making a key of what a kind opened. */
#pragma once

#include "sign/keys/key_kind.h"

/* What errors call it: the URI without its question. (transfer full) */
char *key_name(const char *uri);
/* A key of @kind, which need not be in the list. Takes @opened over. (transfer full) */
Key *key_new(const char *uri, const KeyKind *kind, OpenedKey opened);
