/* What of the asked is given: the intersection with what is held. */
#pragma once

#include <jansson.h>

#include "access/access.h"

typedef struct {
  const AccessRules *rules; /* NULL: everybody may do all */
  const Principal *who;
  bool own;    /* the token is for this registry, and not for another that trusts our tokens */
  int64_t now; /* microseconds since 1970 */
} Grantor;

/* @scopes: TokenScope. A list of {type, name, actions}, one for each name, with the actions of
 * those that @who may do now; what gives nothing is left out. (transfer full) */
json_t *grant(const Grantor *grantor, const GPtrArray *scopes);
/* The same as scopes with spaces between them. (transfer full) */
char *granted_text(const json_t *granted);
