/* An exemption: what a policy would refuse, and somebody decided to let out, why and until when.
 * At the top of a policy file they apply to all of its policies; an `allowlist` is the same for one
 * policy. Pure. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "verdict/finding.h"

/* Empty lists stand for any. */
typedef struct {
  GStrv ids;          /* CVE numbers, aliases, the vendor's ids, in any case; or "*": any */
  GStrv rules;        /* keys of a policy: vulnerabilities, end_of_life ... */
  GStrv packages;     /* patterns (text/glob.h) for binary or source packages */
  GStrv repositories; /* patterns */
  GStrv paths;        /* patterns for where the file is, without a slash in front */
  GStrv values;       /* of secrets and malicious files: Finding.same */
  char *reason;
  int64_t expires; /* microseconds since 1970, when it does not hold any more; 0: never */
} Exemption;

bool exemption_fits_repository(const Exemption *exemption, const char *repository);
/* @moment as `expires`: the first of 1970 is an end, too. */
int64_t exemption_end_of(int64_t moment);
/* The end of an exemption that is written as the day which begins at @start: the day's last
 * microsecond, so that each form of it shows the day that was written. */
int64_t exemption_day_end(int64_t start);
/* Whether it has ended. */
bool exemption_ended(const Exemption *exemption, int64_t now);
/* Of @exemptions (const Exemption *) that fit the repository the one that takes @finding out of
 * @rule, a policy's key; NULL @finding: that takes the image as a whole out of it. The first that
 * is in force; else, of those that have ended, the one that did so last; else NULL. */
const Exemption *exemption_find(const GPtrArray *exemptions, const char *rule,
                                const Finding *finding, int64_t now);
/* Notes at each of @findings (Finding) which of @exemptions, if one is in force, takes it out. */
void exemptions_mark(const GPtrArray *exemptions, const GPtrArray *findings, int64_t now);
/* Whether nothing but ids of "*" says that it is meant for whatever there is. @whole: all of its
 * rules speak of images as a whole, which only repositories tell apart. */
bool exemption_is_boundless(const Exemption *exemption, bool whole);

/* The last day of it, "2027-06-30", or the moment of its end; "for good" without an end. (transfer
 * full) */
char *exemption_end_in_words(int64_t expires);
/* What it is for, in its own words: "CVE-2023-4911 in glibc"; bounded. (transfer full) */
char *exemption_in_words(const Exemption *exemption);

/* Its end as RFC 3339 writes it; NULL: it has none. (transfer full) */
char *exemption_end_as_text(int64_t expires);
