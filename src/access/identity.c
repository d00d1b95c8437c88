/* The kinds of identities; see the header. */
#include "access/identity.h"

#include <stddef.h>

#include "access/bearer.h"
#include "access/operator.h"

/* A line for each. */
/* clang-format off */
const IdentityKind *const identity_kinds[] = {
    &operator_identity,
    &bearer_identity,
    &token_identity,
    &robot_identity,
    &password_identity,
    NULL,
};
/* clang-format on */
