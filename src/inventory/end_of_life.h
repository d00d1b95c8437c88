/* Until when there are advisories for a distribution's release. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "inventory/os_release.h"

typedef struct {
  const char *product, *release; /* endoflife.date's name, "debian"; our release, "12" */
  const char *end;               /* the last day, "2028-06-30" */
  const char *paid_end;          /* the same for those who pay, or NULL */
} EndOfLife;

/* Of @os, which may be NULL; NULL: not known, or no end is set. */
const EndOfLife *end_of_life_of(const OsRelease *os);

/* Whether it is over on @day, "2026-11-26". */
bool end_of_life_is_past(const EndOfLife *life, const char *day);

/* When the day @last, "2028-06-30", is over, microseconds since 1970; 0: that is no day. */
int64_t end_of_life_after(const char *last);

/* The moment from which it is over, microseconds since 1970; 0: not known. */
int64_t end_of_life_moment(const OsRelease *os);

/* "Debian GNU/Linux 9 (stretch) reached its end of life on 2022-07-01: ...", when it is over by
 * now; else NULL. (transfer full) */
char *end_of_life_in_words(const OsRelease *os);
