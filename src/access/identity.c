/* The kinds of identities; see the header. */
#include "access/identity.h"

#include <stddef.h>

#include "access/bearer.h"
#include "access/operator.h"

const IdentityKind *const identity_kinds[] = {
    &operator_identity,
    &bearer_identity,
    NULL,
};
