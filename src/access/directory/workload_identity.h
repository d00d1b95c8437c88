/* Log-in by the token of somebody else's issuer, for a robot that trusts it (trusts.h). */
#pragma once

#include "access/access.h"

/* As Bearer, where it must fit the rules of one robot alone; or as password of Basic with the
 * robot's name. Tokens of issuers that `access.workloads` does not name are not its. */
extern const IdentityKind workload_identity;
