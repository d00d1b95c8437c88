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
  /* A statement that applies, of whose functions none is linked into a program. Where another one
   * holds that is no less exact, that counts; at the end such a candidate is ruled out. */
  char *unlinked_feed, *unlinked_note;
  bool holds;
  GPtrArray *linked; /* char *: the functions of a program that it is in; or NULL */
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

/* Of a statement that applies: those that name functions of Go (match_statements_linked.c).
 * @module_only: it is GitHub's, which knows modules alone: Go's own database on the same is more
 * exact. @linked: as SubjectVisitor has it. */
void candidate_take_linked(Candidate *candidate, bool module_only, const GPtrArray *linked);
void candidate_take_unlinked(Candidate *candidate, const AdvisoryRange *range);
void candidate_merge_linked(Candidate *into, const Candidate *from);
/* No program has what it is in. */
static inline bool
candidate_is_unlinked(const Candidate *candidate)
{
  return candidate->unlinked_feed != NULL && !candidate->holds;
}
/* The functions that it is in, the first of them. (transfer full), or NULL. */
GStrv candidate_linked_names(const Candidate *candidate);
