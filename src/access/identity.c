/* The kinds of identities; see the header. */
#include "access/identity.h"

#include <stddef.h>

const IdentityKind *const identity_kinds[] = {
    NULL,
};
