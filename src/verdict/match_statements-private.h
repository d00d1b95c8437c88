/* What the statements of all feeds on one vulnerability amount to for one package. */
#pragma once

#include <glib.h>

#include "advisory/database/database.h"
#include "inventory/layer.h"
#include "verdict/subject-private.h"

typedef struct {
  char *id;
  AdvisoryState state;
  /* NULL `feed`: no statement fits the installed version, or all that do say "not affected". */
  char *fixed_version; /* the highest of those that fit; NULL: none is published */
  char *introduced, *last_affected;
  char *bound; /* the first version that is not affected, although no build of it can be installed
                  yet */
  const char *paid_for; /* what those pay for who have `bound`; NULL: it is not for anybody yet */
  char *vendor_id, *feed;
  char *note; /* the distribution's reason, in its words */
  Severity severity;
  char *severity_feed; /* whose word that is */
  GPtrArray *ratings;  /* AdvisoryRating: the word of each source; or NULL */
  VersionScheme scheme;
  bool derived;                                /* only a package suite says so, so far */
  char *not_affected_feed, *not_affected_note; /* who ruled it out */
} Candidate;

/* All on @package in @ecosystem: id -> Candidate, those that rule it out included; empty when none
 * of them applies or rules out. Aliases are merged. What they leave open is
 * set in @rest. (transfer full) */
GHashTable *statements_match(AdvisoryDatabase *database, const char *ecosystem,
                             const Package *package, SubjectRest *rest, GError **error);

static inline bool
candidate_is_finding(const Candidate *candidate)
{
  return candidate->feed != NULL;
}
