/* Statements on a package become candidates, one a vulnerability; see the header. */
#include "verdict/statements-private.h"

#include <string.h>

#include "base/error.h"
#include "inventory/ecosystem.h"
#include "verdict/match.h"

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
                         candidate->not_affected_note};
  for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
    g_free(texts[i]);
  g_free(candidate);
}

static void
set_text(char **text, const char *value)
{
  g_free(*text);
  *text = g_strdup(value);
}

typedef struct {
  const Package *package;
  const char *version;    /* the one that the ecosystem's statements speak of */
  bool without_epoch;     /* it has none, whatever the statements' versions have */
  bool of_source;         /* the statements are about the source of an RPM */
  GHashTable *candidates; /* id -> Candidate */
} PackageMatch;

static const char *
skip_epoch(const char *version)
{
  size_t digits = strspn(version, "0123456789");
  return digits > 0 && version[digits] == ':' ? version + digits + 1 : version;
}

/* openEuler and others take the versions of sources from the names of their files, which tell no
 * epoch: such a bound has any. */
static int
compare_with(const PackageMatch *match, VersionScheme scheme, const char *bound)
{
  const char *bare = skip_epoch(bound);
  if (match->without_epoch || (match->of_source && bare == bound))
    return version_compare_strings(scheme, skip_epoch(match->version), bare);
  return version_compare_strings(scheme, match->version, bound);
}

static bool
is_affected(const AdvisoryRange *range, const PackageMatch *match)
{
  VersionScheme scheme = range->scheme;
  if (range->introduced != NULL && compare_with(match, scheme, range->introduced) < 0)
    return false;
  if (range->fixed_version != NULL)
    return compare_with(match, scheme, range->fixed_version) < 0;
  if (range->last_affected != NULL)
    return compare_with(match, scheme, range->last_affected) <= 0;
  return true;
}

/* A statement about "name:stream" concerns packages of that stream only, and one that is about none
 * those that are of no module: the streams have versions of their own. */
static bool
module_fits(const AdvisoryRange *range, const Package *package)
{
  bool modular = package->module != NULL || strstr(package->version, ".module") != NULL;
  if (range->module == NULL)
    return !modular;
  if (strcmp(range->module, ADVISORY_ANY_MODULE) == 0)
    return modular;
  return package->module != NULL && g_str_has_prefix(package->module, range->module) &&
         strchr(":", package->module[strlen(range->module)]) != NULL;
}

/* Oracle builds some packages besides for Ksplice and for FIPS 140, with versions of their own; of
 * one build a statement on another says nothing. */
static bool
build_fits(const AdvisoryRange *range, const Package *package)
{
  static const char *const builds[] = {".ksplice", "_fips"};
  if (range->fixed_version == NULL || !g_str_has_prefix(range->ecosystem, "ol:"))
    return true;
  for (size_t i = 0; i < G_N_ELEMENTS(builds); i++)
    if ((strstr(range->fixed_version, builds[i]) != NULL) !=
        (strstr(package->version, builds[i]) != NULL))
      return false;
  return true;
}

static void
take_severity(Candidate *candidate, Severity severity, const char *feed)
{
  if (severity <= candidate->severity)
    return;
  candidate->severity = severity;
  set_text(&candidate->severity_feed, feed);
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
  take_severity(candidate, range->severity, range->feed);
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
  candidate->severity = SEVERITY_UNKNOWN;
}

static bool
visit_range(const AdvisoryRange *range, void *data)
{
  PackageMatch *match = data;
  if (!module_fits(range, match->package) || !build_fits(range, match->package))
    return true;
  Candidate *candidate = g_hash_table_lookup(match->candidates, range->id);
  if (candidate == NULL) {
    candidate = g_new0(Candidate, 1);
    candidate->id = g_strdup(range->id);
    candidate->derived = true;
    g_hash_table_insert(match->candidates, candidate->id, candidate);
  }
  /* Who knows of the vulnerability itself overrides what a package suite lets conclude. */
  if (range->derived && !candidate->derived)
    return true;
  if (!range->derived && candidate->derived) {
    candidate->derived = false;
    forget_statements(candidate);
  }
  if (range->state == STATE_NOT_AFFECTED) {
    set_text(&candidate->not_affected_feed, range->feed);
    set_text(&candidate->not_affected_note, range->note);
  } else if (is_affected(range, match)) {
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
  if (from->feed == NULL || (from->derived && !into->derived))
    return;
  if (into->derived && !from->derived) {
    into->derived = false;
    forget_statements(into);
  }
  /* As statements again, so that one rule decides; the severity keeps its own source. */
  AdvisoryRange range = {.state = from->state,
                         .introduced = from->introduced,
                         .fixed_version =
                             from->fixed_version != NULL ? from->fixed_version : from->bound,
                         .last_affected = from->last_affected,
                         .scheme = from->scheme,
                         .vendor_id = from->vendor_id,
                         .feed = from->feed,
                         .note = from->note};
  take_severity(into, from->severity, from->severity_feed);
  take_statement(into, &range);
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

/* Feeds put statements under the CVE number where they know it. One that does not know it (a
 * secdb's "GHSA-...") may be joined to it by what another feed knows. */
static bool
merge_aliases(AdvisoryDatabase *database, GHashTable *candidates, GError **error)
{
  g_autoptr(GError) failure = NULL;
  g_autoptr(GPtrArray) others = g_ptr_array_new();
  GHashTableIter iter;
  void *key;
  g_hash_table_iter_init(&iter, candidates);
  while (g_hash_table_iter_next(&iter, &key, NULL))
    if (!advisory_is_cve(key))
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

/* What is stated of the source package of an RPM. Its name tells no epoch: where the package has
 * the version of its source, it has the epoch too. */
static bool
look_up_rpm_source(AdvisoryDatabase *database, const char *ecosystem, PackageMatch *match,
                   GError **error)
{
  const Package *package = match->package;
  g_autofree char *name = g_strconcat(ADVISORY_SOURCE_PREFIX, package->source_name, NULL);
  bool same = strcmp(skip_epoch(package->version), skip_epoch(package->source_version)) == 0;
  match->version = same ? package->version : package->source_version;
  match->without_epoch = !same;
  match->of_source = true;
  return advisory_database_lookup(database, ecosystem, name, visit_range, match, error);
}

/* Advisories of Debian speak of source packages, those of Alpine of origins; those of RPM
 * distributions of binaries, or, by a name that says so, of sources. */
static bool
look_up(AdvisoryDatabase *database, const char *ecosystem, PackageMatch *match, GError **error)
{
  const Package *package = match->package;
  bool is_rpm = strcmp(package->type, "rpm") == 0;
  match->version = is_rpm ? package->version : package->source_version;
  return advisory_database_lookup(database, ecosystem,
                                  is_rpm ? package->name : package->source_name, visit_range, match,
                                  error) &&
         (!is_rpm || look_up_rpm_source(database, ecosystem, match, error));
}

/* Of one ecosystem: id -> Candidate. (transfer full) */
static GHashTable *
collect(AdvisoryDatabase *database, const char *ecosystem, const Package *package, GError **error)
{
  PackageMatch match = {.package = package};
  g_autoptr(GHashTable) candidates =
      g_hash_table_new_full(g_str_hash, g_str_equal, NULL, candidate_free);
  match.candidates = candidates;
  return look_up(database, ecosystem, &match, error) ? g_steal_pointer(&candidates) : NULL;
}

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
statements_match(AdvisoryDatabase *database, const char *ecosystem, const Package *package,
                 GError **error)
{
  g_auto(EcosystemScope) scope = {SCOPE_ONE, NULL, NULL};
  bool has_two = ecosystem_scope(ecosystem, package->version, &scope);
  g_autoptr(GHashTable) candidates =
      collect(database, has_two ? scope.first : ecosystem, package, error);
  g_autoptr(GHashTable) more =
      candidates != NULL && has_two ? collect(database, scope.second, package, error) : NULL;
  if (candidates == NULL || (has_two && more == NULL))
    return NULL;
  if (has_two)
    combine(scope.kind, candidates, more);
  return merge_aliases(database, candidates, error) ? g_steal_pointer(&candidates) : NULL;
}

bool
match_covers(AdvisoryDatabase *database, const char *ecosystem)
{
  g_auto(EcosystemScope) scope = {SCOPE_ONE, NULL, NULL};
  if (!ecosystem_scope(ecosystem, "", &scope))
    return advisory_database_covers(database, ecosystem);
  return advisory_database_covers(database, scope.first) ||
         advisory_database_covers(database, scope.second);
}

bool
match_package_facts(AdvisoryDatabase *database, const char *ecosystem, const Package *package,
                    MatchFactVisitor visit, void *data, GError **error)
{
  g_autoptr(GError) failure = NULL;
  g_autoptr(GHashTable) candidates = statements_match(database, ecosystem, package, error);
  if (candidates == NULL)
    return false;
  GHashTableIter iter;
  void *value;
  g_hash_table_iter_init(&iter, candidates);
  while (g_hash_table_iter_next(&iter, NULL, &value)) {
    const Candidate *candidate = value;
    Severity severity = candidate->severity;
    if (!candidate_is_finding(candidate))
      continue;
    if (severity == SEVERITY_UNKNOWN) {
      g_autoptr(AdvisoryDetails) details =
          advisory_database_details(database, candidate->id, &failure);
      if (failure != NULL) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return false;
      }
      if (details != NULL)
        severity = details->severity;
    }
    visit(severity, candidate->state, candidate->fixed_version != NULL, data);
  }
  return true;
}
