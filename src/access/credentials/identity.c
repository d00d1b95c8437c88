/* The kinds of identities; see the header. */
#include "access/credentials/identity.h"

#include <stddef.h>

#include "access/credentials/bearer.h"
#include "access/credentials/operator.h"
#include "access/credentials/sessions.h"
#include "access/directory/certificate_identity.h"
#include "access/directory/directory.h"
#include "access/directory/ldap_identity.h"
#include "access/directory/workload_identity.h"

/* A line for each. */
/* clang-format off */
const IdentityKind *const identity_kinds[] = {
    &operator_identity,
    &session_identity,
    &certificate_identity,
    &workload_identity,
    &bearer_identity,
    &token_identity,
    &robot_identity,
    &ldap_identity,
    &password_identity,
    NULL,
};
/* clang-format on */

const IdentityCheck identity_checks[] = {
    directory_confirm,
    NULL,
};
