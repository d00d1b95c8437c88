/* How what several feeds know of a vulnerability becomes one. Pure. */
#pragma once

#include "advisory/advisory.h"

/* Of the names of one vulnerability, and of its references; more are not remembered. */
#define DETAILS_LIST_MAX 1000u

/* Adds to @kept, which owns its strings, what @details has and it lacks: the first non-empty member
 * stays, lists are united, a score comes with its vector, a severity with its source, which is
 * @feed when @details has none. Severity and score are those of the source that goes before the
 * others; what the others say stays in `ratings`. */
void details_merge(AdvisoryDetails *kept, const AdvisoryDetails *details, const char *feed);

/* What a CVE has for another name shall lead to it, also where what is known under that name does
 * not tell. @details: id -> AdvisoryDetails */
void details_unite_aliases(GHashTable *details);
