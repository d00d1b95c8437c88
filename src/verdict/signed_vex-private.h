/* VEX documents that lie beside an image as attestations: anybody who may push can put one there,
 * so that only those count which are by attestors whom the policy names (`vex_attestors`). */
#pragma once

#include "verdict/judgement.h"
#include "verdict/policy-private.h"

/* Of the signatures of the judgement's input; what cannot be read takes nothing out, and is warned
 * of. (transfer full) NULL: there are none. */
VexSet *signed_vex_read(const Policy *policy, Judgement *judgement);
