/* How much each may have in a minute: requests and bytes, of who is named by a key. An allowance
 * fills up evenly, to a minute's worth; bytes are counted when they have passed, so that one may
 * take more than is there, and waits longer for the next. Any thread; never blocks for long.
 * Bounded: of more keys than it keeps, those that were not used longest are forgotten. */
#pragma once

#include "access/endpoint/endpoint_settings.h"

typedef struct Allowances Allowances;

Allowances *allowances_new(void);
void allowances_free(Allowances *allowances);
/* Takes a request at @now (g_get_monotonic_time()). False: there is none; *seconds says when. */
bool allowances_take(Allowances *allowances, const char *key, const EndpointLimits *limits,
                     int64_t now, unsigned *seconds);
void allowances_spend(Allowances *allowances, const char *key, const EndpointLimits *limits,
                      int64_t now, uint64_t bytes);
