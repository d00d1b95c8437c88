/* Moments as the calendar has them, in UTC. */
#pragma once

#include <stdint.h>

/* "2026-11-26", the day that it is now. (transfer full) */
char *calendar_today(void);

/* "2026-11-26T12:00:00Z", @seconds after 1970 began, as RFC 3339 has it; NULL: no calendar has it.
 * (transfer full) */
char *calendar_moment(int64_t seconds);
