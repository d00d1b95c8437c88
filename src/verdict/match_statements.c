/* Statements on a package become candidates, one a vulnerability; see the header. */
#include "verdict/match_statements-private.h"

#include <string.h>

#include "base/error.h"
#include "inventory/ecosystem.h"
#include "verdict/match.h"
#include "verdict/subject-private.h"

static void
candidate_free(void *data)
{
  Candidate *candidate = data;
  char *const texts[] = {candidate->id,
                         candidate->fixed_version,
                         candidate->introduced,
                         candidate->last_affected,
                         candidate->bound,
                         candidate->vendor_id,
                         candidate->feed,
                         candidate->note,
                         candidate->severity_feed,
                         candidate->not_affected_feed,
                         candidate->not_affected_note,
                         candidate->unlinked_feed,
                         candidate->unlinked_note};
  for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
    g_free(texts[i]);
  g_clear_pointer(&candidate->ratings, g_ptr_array_unref);
  g_clear_pointer(&candidate->linked, g_ptr_array_unref);
  g_free(candidate);
}

static void
set_text(char **text, const char *value)
{
  g_free(*text);
  *text = g_strdup(value);
}

/* Who says so: the feed, or GitHub by it. */
static const char *
source_of(const AdvisoryRange *range)
{
  bool github = range->vendor_id != NULL && g_str_has_prefix(range->vendor_id, "GHSA-");
  return github || g_str_has_prefix(range->id, "GHSA-") ? ADVISORY_SOURCE_GHSA : range->feed;
}

static void
keep_rating(Candidate *candidate, const AdvisoryRating *rating)
{
  if (candidate->ratings == NULL)
    candidate->ratings = advisory_ratings_new();
  advisory_ratings_add(candidate->ratings, rating);
}

/* The word of the source that goes before the others; of equals the worst. */
static void
take_severity(Candidate *candidate, Severity severity, const char *source)
{
  const char *known = candidate->severity_feed;
  if (severity == SEVERITY_UNKNOWN)
    return;
  if (candidate->severity != SEVERITY_UNKNOWN && !advisory_source_goes_before(source, known) &&
      (advisory_source_goes_before(known, source) || severity <= candidate->severity))
    return;
  candidate->severity = severity;
  set_text(&candidate->severity_feed, source);
}

/* The statement with the highest fix decides; one with a fix before one without. Among those
 * without, the first: a state such as will-not-fix says more than "affected", and replaces that. */
static bool
decides(const Candidate *candidate, const AdvisoryRange *range)
{
  const char *fixed = range->state == STATE_FIXED ? range->fixed_version : NULL;
  if (candidate->feed == NULL)
    return true;
  if (fixed == NULL)
    return candidate->fixed_version == NULL && candidate->state == STATE_AFFECTED;
  return candidate->fixed_version == NULL ||
         version_compare_strings(range->scheme, fixed, candidate->fixed_version) > 0;
}

static void
take_statement(Candidate *candidate, const AdvisoryRange *range)
{
  bool fixed = range->state == STATE_FIXED;
  const AdvisoryRating rating = {
      .source = (char *)(uintptr_t)source_of(range), .severity = range->severity, .cvss_score = -1};
  keep_rating(candidate, &rating);
  take_severity(candidate, range->severity, rating.source);
  if (!decides(candidate, range))
    return;
  set_text(&candidate->fixed_version, fixed ? range->fixed_version : NULL);
  set_text(&candidate->bound, fixed ? NULL : range->fixed_version);
  set_text(&candidate->introduced, range->introduced);
  set_text(&candidate->last_affected, range->last_affected);
  set_text(&candidate->vendor_id, range->vendor_id);
  set_text(&candidate->feed, range->feed);
  set_text(&candidate->note, range->note);
  candidate->state = range->state;
  candidate->scheme = range->scheme;
}

static void
forget_statements(Candidate *candidate)
{
  g_clear_pointer(&candidate->feed, g_free);
  g_clear_pointer(&candidate->fixed_version, g_free);
  g_clear_pointer(&candidate->severity_feed, g_free);
  g_clear_pointer(&candidate->ratings, g_ptr_array_unref);
  candidate->severity = SEVERITY_UNKNOWN;
}

/* What is stated of a package in one ecosystem. Most statements are of what its version has fixed
 * long ago, and most packages have no others: until there is another one, these are only noted. */
typedef struct {
  GHashTable *candidates; /* id -> Candidate; NULL: nothing applies yet */
  GByteArray *silent;     /* of each statement that does not apply: whether it is derived, its id */
} Statements;

static void
statements_clear(Statements *statements)
{
  g_clear_pointer(&statements->candidates, g_hash_table_unref);
  g_clear_pointer(&statements->silent, g_byte_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Statements, statements_clear)

static void
note_silent(Statements *statements, const AdvisoryRange *range)
{
  const uint8_t derived = range->derived;
  if (statements->silent == NULL)
    statements->silent = g_byte_array_new();
  g_byte_array_append(statements->silent, &derived, 1);
  g_byte_array_append(statements->silent, (const uint8_t *)range->id, (guint)strlen(range->id) + 1);
}

/* Who knows of the vulnerability itself overrides what a package suite lets conclude: NULL when
 * that was said. */
static Candidate *
candidate_for(GHashTable *candidates, const char *id, bool derived)
{
  Candidate *candidate = g_hash_table_lookup(candidates, id);
  if (candidate == NULL) {
    candidate = g_new0(Candidate, 1);
    candidate->id = g_strdup(id);
    candidate->derived = true;
    g_hash_table_insert(candidates, candidate->id, candidate);
  }
  if (derived && !candidate->derived)
    return NULL;
  if (!derived && candidate->derived) {
    candidate->derived = false;
    forget_statements(candidate);
  }
  return candidate;
}

/* All candidates, also those of which only was noted that they do not apply: such a one can
 * override another's word. */
static GHashTable *
all_candidates(Statements *statements)
{
  if (statements->candidates != NULL)
    return statements->candidates;
  statements->candidates = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, candidate_free);
  const GByteArray *silent = statements->silent;
  for (guint at = 0; silent != NULL && at < silent->len;) {
    const char *id = (const char *)silent->data + at + 1;
    candidate_for(statements->candidates, id, silent->data[at] != 0);
    at += 1 + (guint)strlen(id) + 1;
  }
  return statements->candidates;
}

static void
rule_out_unlinked(GHashTable *candidates)
{
  GHashTableIter iter;
  void *value;
  g_hash_table_iter_init(&iter, candidates);
  while (g_hash_table_iter_next(&iter, NULL, &value)) {
    Candidate *candidate = value;
    if (!candidate_is_unlinked(candidate))
      continue;
    forget_statements(candidate);
    set_text(&candidate->not_affected_feed, candidate->unlinked_feed);
    set_text(&candidate->not_affected_note, candidate->unlinked_note);
  }
}

static bool
visit_statement(const AdvisoryRange *range, RuleOutcome outcome, const GPtrArray *linked,
                void *data)
{
  Statements *statements = data;
  if (statements->candidates == NULL && outcome == RULE_OUTSIDE &&
      range->state != STATE_NOT_AFFECTED) {
    note_silent(statements, range);
    return true;
  }
  Candidate *candidate = candidate_for(all_candidates(statements), range->id, range->derived);
  if (candidate == NULL)
    return true;
  if (range->state == STATE_NOT_AFFECTED) {
    set_text(&candidate->not_affected_feed, range->feed);
    set_text(&candidate->not_affected_note, range->note);
  } else if (outcome == RULE_NOT_LINKED) {
    candidate_take_unlinked(candidate, range);
  } else if (outcome == RULE_AFFECTED) {
    candidate_take_linked(candidate, strcmp(source_of(range), ADVISORY_SOURCE_GHSA) == 0, linked);
    take_statement(candidate, range);
  }
  return true;
}

/* --- aliases --- */

/* A statement under another name of the same vulnerability. */
static void
merge_candidate(Candidate *into, const Candidate *from)
{
  if (from->not_affected_feed != NULL) {
    set_text(&into->not_affected_feed, from->not_affected_feed);
    set_text(&into->not_affected_note, from->not_affected_note);
  }
  candidate_merge_linked(into, from);
  if (from->feed == NULL || (from->derived && !into->derived))
    return;
  if (into->derived && !from->derived) {
    into->derived = false;
    forget_statements(into);
  }
  /* As statements again, so that one rule decides; the severity keeps its own source. */
  AdvisoryRange range = {.id = from->id,
                         .state = from->state,
                         .introduced = from->introduced,
                         .fixed_version =
                             from->fixed_version != NULL ? from->fixed_version : from->bound,
                         .last_affected = from->last_affected,
                         .scheme = from->scheme,
                         .vendor_id = from->vendor_id,
                         .feed = from->feed,
                         .note = from->note};
  for (guint i = 0; from->ratings != NULL && i < from->ratings->len; i++)
    keep_rating(into, g_ptr_array_index(from->ratings, i));
  take_severity(into, from->severity, from->severity_feed);
  take_statement(into, &range);
  if (g_strcmp0(into->bound, from->bound) == 0)
    into->paid_for = from->paid_for;
}

/* The candidate other than @id that @known, found under a name of it, is about. */
static const Candidate *
candidate_of(GHashTable *candidates, const AdvisoryDetails *known, const char *id)
{
  const Candidate *found = known == NULL || strcmp(known->id, id) == 0
                               ? NULL
                               : g_hash_table_lookup(candidates, known->id);
  for (guint i = 0; found == NULL && known != NULL && known->aliases != NULL && known->aliases[i];
       i++)
    if (advisory_is_cve(known->aliases[i]))
      found = g_hash_table_lookup(candidates, known->aliases[i]);
  return found;
}

/* The name in @candidates that is another one of @id, by what is known of it or of one of its other
 * names: (transfer none), or NULL. */
static const char *
find_alias(AdvisoryDatabase *database, GHashTable *candidates, const char *id, GError **error)
{
  g_autoptr(AdvisoryDetails) own = advisory_database_details(database, id, error);
  const Candidate *found = candidate_of(candidates, own, id);
  for (guint i = 0; found == NULL && own != NULL && own->aliases != NULL && own->aliases[i]; i++) {
    g_autoptr(GError) failure = NULL;
    g_autoptr(AdvisoryDetails) other =
        advisory_is_cve(own->aliases[i])
            ? NULL
            : advisory_database_details(database, own->aliases[i], &failure);
    if (failure != NULL) {
      g_propagate_error(error, g_steal_pointer(&failure));
      return NULL;
    }
    found = candidate_of(candidates, other, id);
  }
  return found == NULL ? NULL : found->id;
}

/* Whether anything applies or is ruled out: what is silent has nothing to be merged. */
static bool
says_something(const Candidate *candidate)
{
  return candidate->feed != NULL || candidate->not_affected_feed != NULL ||
         candidate->unlinked_feed != NULL;
}

/* Feeds put statements under the CVE number where they know it. One that does not know it (a
 * secdb's "GHSA-...") may be joined to it by what another feed knows. */
static bool
merge_aliases(AdvisoryDatabase *database, GHashTable *candidates, GError **error)
{
  g_autoptr(GError) failure = NULL;
  g_autoptr(GPtrArray) others = g_ptr_array_new();
  GHashTableIter iter;
  void *key, *value;
  g_hash_table_iter_init(&iter, candidates);
  while (g_hash_table_iter_next(&iter, &key, &value))
    if (!advisory_is_cve(key) && says_something(value))
      g_ptr_array_add(others, key);
  /* Of two that are no CVE the first by name stays, whatever the order of the table. */
  g_ptr_array_sort(others, text_compare);
  for (guint i = others->len; i-- > 0;) {
    Candidate *other = g_hash_table_lookup(candidates, g_ptr_array_index(others, i));
    const char *name = find_alias(database, candidates, other->id, &failure);
    if (failure != NULL) {
      g_propagate_error(error, g_steal_pointer(&failure));
      return false;
    }
    if (name == NULL)
      continue;
    merge_candidate(g_hash_table_lookup(candidates, name), other);
    g_hash_table_remove(candidates, other->id);
  }
  return true;
}

/* --- one package --- */

/* Which of two on the same vulnerability is left. Of testing and sid: the one that rules it out;
 * else the one that has a fix. */
static bool
second_decides(ScopeKind kind, const Candidate *first, const Candidate *second)
{
  if (kind == SCOPE_OVERRIDE)
    return true;
  if (!candidate_is_finding(first))
    return false;
  return !candidate_is_finding(second) || first->fixed_version == NULL;
}

/* A fix for those who pay is none for the others. */
static void
mark_paid(Candidate *candidate, const char *fixed_version, const char *paid_for)
{
  if (fixed_version == NULL)
    return;
  g_autofree char *bound = g_strdup(fixed_version);
  g_clear_pointer(&candidate->fixed_version, g_free);
  set_text(&candidate->bound, bound);
  candidate->paid_for = paid_for;
  if (candidate->state == STATE_FIXED)
    candidate->state = STATE_AFFECTED;
}

/* Adds to @first what is said to those who pay: where it is silent, or has no fix. */
static void
combine_paid(GHashTable *first, GHashTable *paid, const char *paid_for)
{
  GHashTableIter iter;
  void *key, *value;
  g_hash_table_iter_init(&iter, paid);
  while (g_hash_table_iter_next(&iter, &key, &value)) {
    Candidate *open = g_hash_table_lookup(first, key), *other = value;
    if (!candidate_is_finding(other))
      continue;
    if (open == NULL) {
      mark_paid(other, other->fixed_version, paid_for);
      g_hash_table_iter_steal(&iter);
      g_hash_table_insert(first, key, value);
    } else if (candidate_is_finding(open) && open->fixed_version == NULL) {
      mark_paid(open, other->fixed_version, paid_for);
    }
  }
}

/* Puts what @second says into @first. */
static void
combine(ScopeKind kind, GHashTable *first, GHashTable *second)
{
  GHashTableIter iter;
  void *key, *value;
  g_hash_table_iter_init(&iter, second);
  while (g_hash_table_iter_next(&iter, &key, &value)) {
    const Candidate *other = g_hash_table_lookup(first, key);
    if (other != NULL && !second_decides(kind, other, value))
      continue;
    g_hash_table_iter_steal(&iter);
    g_hash_table_replace(first, key, value);
  }
}

GHashTable *
statements_match(AdvisoryDatabase *database, const char *ecosystem, const Package *listed,
                 SubjectRest *rest, GError **error)
{
  g_auto(EcosystemScope) scope = {.kind = SCOPE_ONE};
  /* Sources of Debian have lower-case names, which dpkg does not demand of what it lists. */
  g_autofree char *source = strcmp(listed->type, "deb") == 0
                                ? g_ascii_strdown(listed->source_name, -1)
                                : g_strdup(listed->source_name);
  Package named = *listed;
  named.source_name = source;
  const Package *package = &named;
  bool has_two = ecosystem_scope(ecosystem, package->source_name, package->version, &scope);
  g_auto(Statements) first = {0}, second = {0};
  if (!subject_look_up(database, has_two ? scope.first : ecosystem, package, visit_statement,
                       &first, rest, error) ||
      (has_two &&
       !subject_look_up(database, scope.second, package, visit_statement, &second, rest, error)))
    return NULL;
  if (first.candidates == NULL && second.candidates == NULL)
    return g_hash_table_new(g_str_hash, g_str_equal);
  g_autoptr(GHashTable) candidates = g_hash_table_ref(all_candidates(&first));
  if (has_two && scope.kind == SCOPE_PAID)
    combine_paid(candidates, all_candidates(&second), scope.paid_for);
  else if (has_two)
    combine(scope.kind, candidates, all_candidates(&second));
  if (!merge_aliases(database, candidates, error))
    return NULL;
  rule_out_unlinked(candidates);
  return g_steal_pointer(&candidates);
}

bool
match_covers(AdvisoryDatabase *database, const char *ecosystem, const char *architecture)
{
  g_auto(EcosystemScope) scope = {.kind = SCOPE_ONE};
  const Ecosystem *row = ecosystem_find(ecosystem);
  if (match_is_by_none(ecosystem) || (row != NULL && row->application && row->unpublished))
    return true;
  if (!ecosystem_scope(ecosystem, "", "", &scope))
    return advisory_database_covers(database, ecosystem, architecture);
  return advisory_database_covers(database, scope.first, architecture) ||
         advisory_database_covers(database, scope.second, architecture);
}

bool
match_package_facts(AdvisoryDatabase *database, const char *ecosystem, const Package *package,
                    MatchFactVisitor visit, void *data, bool *undecided, GError **error)
{
  SubjectRest rest = {false, false};
  g_autoptr(GError) failure = NULL;
  *undecided = false;
  if (match_is_by_none(ecosystem))
    return true;
  g_autoptr(GHashTable) candidates = statements_match(database, ecosystem, package, &rest, error);
  if (candidates == NULL)
    return false;
  *undecided = rest.undecided;
  GHashTableIter iter;
  void *value;
  g_hash_table_iter_init(&iter, candidates);
  while (g_hash_table_iter_next(&iter, NULL, &value)) {
    const Candidate *candidate = value;
    if (!candidate_is_finding(candidate))
      continue;
    g_autoptr(AdvisoryDetails) details =
        advisory_database_details(database, candidate->id, &failure);
    if (failure != NULL) {
      g_propagate_error(error, g_steal_pointer(&failure));
      return false;
    }
    Severity known = details == NULL ? SEVERITY_UNKNOWN : details->severity;
    MatchFact fact = {.id = candidate->id,
                      .severity =
                          candidate->severity != SEVERITY_UNKNOWN ? candidate->severity : known,
                      .state = candidate->state,
                      .fixed_version = candidate->fixed_version,
                      .known_exploited = details != NULL && details->known_exploited};
    visit(&fact, data);
  }
  return true;
}
