/* What a client keeps for us between two requests: an object that it can neither read nor make, as
 * a text for a cookie or for JSON. Any thread; nothing blocks. */
#pragma once

#include "access/access.h"
#include "base/json_table.h"

#define OIDC_SEALED_MAX ((size_t)8192) /* bytes of such a text */

/* (transfer full) */
char *oidc_seal(const Access *access, const char *purpose, const JsonTable *table,
                const void *values);
/* False: this registry has not made it for that purpose. NULL is none. */
bool oidc_unseal(const Access *access, const char *purpose, const char *text,
                 const JsonTable *table, void *values);
