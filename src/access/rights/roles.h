/* Roles: names for sets of verbs. The built-in ones are here; an installation adds its own as rows.
 */
#pragma once

#include "access/rights/verb.h"

typedef struct {
  const char *name;
  VerbSet verbs;
  const char *says; /* what it is for, in a few words */
} Role;

/* Ended by a role without a name. */
extern const Role built_in_roles[];
/* NULL: no built-in role has that name. */
const Role *built_in_role(const char *name);
