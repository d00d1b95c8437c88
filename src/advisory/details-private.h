/* How what several feeds know of a vulnerability becomes one. Pure. */
#pragma once

#include "advisory/advisory.h"

/* Adds to @kept, which owns its strings, what @details has and it lacks: the first non-empty member
 * stays, lists are united, a score comes with its vector, a severity with its source, which is
 * @feed when @details has none. */
void details_merge(AdvisoryDetails *kept, const AdvisoryDetails *details, const char *feed);
