/* Log-in by name and password of an LDAP directory. */
#pragma once

#include "access/credentials/identity.h"

/* Before the kind that knows passwords of our own, which takes all that is left. */
extern const IdentityKind ldap_identity;
