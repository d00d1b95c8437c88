/* Why an image has a vulnerability, or why not; see the header. */
#include "verdict/explain.h"

#include <string.h>

#include "inventory/ecosystem.h"
#include "verdict/subject-private.h"

const char *const rule_outcome_names[] = {[RULE_AFFECTED] = "affected",
                                          [RULE_OUTSIDE] = "outside",
                                          [RULE_UNDECIDED] = "undecided",
                                          [RULE_OTHER_MODULE] = "other-module",
                                          [RULE_OTHER_BUILD] = "other-build",
                                          [RULE_OTHER_ARCHITECTURE] = "other-architecture",
                                          [RULE_THIRD_PARTY] = "third-party",
                                          [RULE_NOT_LINKED] = "not-linked",
                                          NULL};
const char *const explained_answer_names[] = {
    [EXPLAINED_AFFECTED] = "affected",         [EXPLAINED_NOT_KNOWN] = "not-known",
    [EXPLAINED_NOT_AFFECTED] = "not-affected", [EXPLAINED_BY_OWNER] = "by-owner",
    [EXPLAINED_NO_STATEMENT] = "no-statement", NULL};
static const char *const scheme_names[VERSION_SCHEMES] = {[VERSION_DEBIAN] = "debian",
                                                          [VERSION_APK] = "apk",
                                                          [VERSION_RPM] = "rpm",
                                                          [VERSION_ALPM] = "alpm",
                                                          [VERSION_SEMVER] = "semver",
                                                          [VERSION_NPM] = "npm",
                                                          [VERSION_PUB] = "pub",
                                                          [VERSION_GO] = "go",
                                                          [VERSION_PYPI] = "pypi",
                                                          [VERSION_MAVEN] = "maven",
                                                          [VERSION_RUBYGEMS] = "rubygems",
                                                          [VERSION_NUGET] = "nuget",
                                                          [VERSION_COMPOSER] = "composer",
                                                          [VERSION_NUMBERS] = "numbers",
                                                          [VERSION_BITNAMI] = "bitnami",
                                                          [VERSION_JVM] = "jvm",
                                                          [VERSION_PORTAGE] = "portage",
                                                          [VERSION_OPAM] = "opam",
                                                          [VERSION_KB] = "kb",
                                                          [VERSION_FUZZY] = "fuzzy"};

/* --- what there is --- */

static void
statement_free(void *data)
{
  ExplainedStatement *statement = data;
  char *const texts[] = {statement->id,    statement->vendor_id, statement->ecosystem,
                         statement->name,  statement->feed,      statement->note,
                         statement->range, statement->version,   statement->fixed_version};
  for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
    g_free(texts[i]);
  g_free(statement);
}

static void
package_free_explained(void *data)
{
  ExplainedPackage *package = data;
  g_free(package->ecosystem);
  g_ptr_array_unref(package->statements);
  g_free(package->reason);
  g_free(package);
}

void
explanation_free(Explanation *explanation)
{
  if (explanation == NULL)
    return;
  g_free(explanation->id);
  advisory_details_free(explanation->details);
  g_ptr_array_unref(explanation->packages);
  g_free(explanation);
}

/* --- the vulnerability --- */

typedef struct {
  AdvisoryDatabase *database;
  const ImageInventory *inventory;
  const MatchResult *matched;
  const char *asked, *package_name;
  GHashTable *names; /* of the vulnerability */
  Explanation *result;
} Explain;

static void
add_names(GHashTable *names, const AdvisoryDetails *details)
{
  g_hash_table_add(names, g_strdup(details->id));
  for (guint i = 0; details->aliases != NULL && details->aliases[i] != NULL; i++)
    g_hash_table_add(names, g_strdup(details->aliases[i]));
}

static const char *
cve_of(const AdvisoryDetails *details)
{
  if (advisory_is_cve(details->id))
    return details->id;
  for (guint i = 0; details->aliases != NULL && details->aliases[i] != NULL; i++)
    if (advisory_is_cve(details->aliases[i]))
      return details->aliases[i];
  return NULL;
}

/* What is known under the name that was asked for, and under the CVE number that it leads to. */
static bool
find_details(Explain *explain, GError **error)
{
  g_autoptr(GError) failure = NULL;
  Explanation *result = explain->result;
  g_hash_table_add(explain->names, g_strdup(explain->asked));
  result->id = g_strdup(explain->asked);
  result->details = advisory_database_details(explain->database, explain->asked, &failure);
  if (failure == NULL && result->details != NULL) {
    add_names(explain->names, result->details);
    const char *cve = cve_of(result->details);
    g_autoptr(AdvisoryDetails) other =
        cve == NULL || strcmp(cve, explain->asked) == 0
            ? NULL
            : advisory_database_details(explain->database, cve, &failure);
    if (cve != NULL) {
      g_free(result->id);
      result->id = g_strdup(cve);
    }
    if (other != NULL) {
      add_names(explain->names, other);
      advisory_details_free(result->details);
      result->details = g_steal_pointer(&other);
    }
  }
  if (failure == NULL)
    return true;
  g_propagate_error(error, g_steal_pointer(&failure));
  return false;
}

/* --- one package --- */

typedef struct {
  const Explain *explain;
  const char *ecosystem;
  bool asked;
  GPtrArray *statements;
} Collect;

static char *
range_in_words(const AdvisoryRange *range)
{
  const char *last = range->fixed_version == NULL ? range->last_affected : NULL;
  if (last != NULL && g_strcmp0(range->introduced, last) == 0)
    return g_strdup_printf("= %s", last);
  g_autofree char *from =
      range->introduced == NULL ? NULL : g_strdup_printf(">= %s", range->introduced);
  g_autofree char *to = range->fixed_version != NULL ? g_strdup_printf("< %s", range->fixed_version)
                        : last != NULL               ? g_strdup_printf("<= %s", last)
                                                     : NULL;
  return from != NULL && to != NULL ? g_strdup_printf("%s, %s", from, to)
                                    : g_strdup(from != NULL ? from
                                               : to != NULL ? to
                                                            : "all versions");
}

static void
collect(const AdvisoryRange *range, const char *version, RuleOutcome outcome, void *data)
{
  Collect *collected = data;
  const Explain *explain = collected->explain;
  if (!g_hash_table_contains(explain->names, range->id) &&
      g_strcmp0(range->vendor_id, explain->asked) != 0)
    return;
  ExplainedStatement *statement = g_new0(ExplainedStatement, 1);
  *statement = (ExplainedStatement){.id = g_strdup(range->id),
                                    .vendor_id = g_strdup(range->vendor_id),
                                    .ecosystem = g_strdup(collected->ecosystem),
                                    .name = g_strdup(range->package),
                                    .feed = g_strdup(range->feed),
                                    .note = g_strdup(range->note),
                                    .range = range_in_words(range),
                                    .fixed_version = g_strdup(range->fixed_version),
                                    .version = g_strdup(version),
                                    .scheme = scheme_names[range->scheme],
                                    .state = range->state,
                                    .severity = range->severity,
                                    .derived = range->derived,
                                    .asked = collected->asked,
                                    .outcome = outcome};
  g_ptr_array_add(collected->statements, statement);
}

/* In @ecosystem, and in those that judge with it. */
static bool
collect_in(const Explain *explain, const char *ecosystem, bool asked, const Package *package,
           GPtrArray *statements, GError **error)
{
  g_auto(EcosystemScope) scope = {.kind = SCOPE_ONE};
  bool has_two = ecosystem_scope(ecosystem, package->source_name, package->version, &scope);
  Collect first = {explain, has_two ? scope.first : ecosystem, asked, statements};
  Collect second = {explain, scope.second, asked, statements};
  return subject_explain(explain->database, first.ecosystem, package, collect, &first, error) &&
         (!has_two ||
          subject_explain(explain->database, second.ecosystem, package, collect, &second, error));
}

/* Of the package in @findings (Finding); NULL: there is none. */
static const Finding *
find_finding(const Explain *explain, const GPtrArray *findings, const Package *package)
{
  for (guint i = 0; i < findings->len; i++) {
    const Finding *finding = g_ptr_array_index(findings, i);
    if (strcmp(finding->package, package->name) == 0 &&
        strcmp(finding->package_type, package->type) == 0 &&
        strcmp(finding->installed_version, package->version) == 0 &&
        g_strcmp0(finding->architecture, package->architecture) == 0 &&
        (g_hash_table_contains(explain->names, finding->id) ||
         g_strcmp0(finding->vendor_id, explain->asked) == 0))
      return finding;
  }
  return NULL;
}

static const ExplainedStatement *
with_outcome(const GPtrArray *statements, RuleOutcome outcome)
{
  for (guint i = 0; i < statements->len; i++) {
    const ExplainedStatement *each = g_ptr_array_index(statements, i);
    if (each->outcome == outcome && each->asked && each->state != STATE_NOT_AFFECTED)
      return each;
  }
  return NULL;
}

static void
answer(ExplainedPackage *package, ExplainedAnswer what, char *reason)
{
  package->answer = what;
  package->reason = reason;
}

/* Of one that no finding is about, by the statements on it. */
static void
answer_by_statements(ExplainedPackage *explained)
{
  const Package *package = explained->package->package;
  const GPtrArray *statements = explained->statements;
  const ExplainedStatement *outside = with_outcome(statements, RULE_OUTSIDE);
  const ExplainedStatement *affected = with_outcome(statements, RULE_AFFECTED);
  if (with_outcome(statements, RULE_UNDECIDED) != NULL)
    answer(explained, EXPLAINED_NOT_KNOWN,
           g_strdup_printf("the version %s does not tell whether it applies", package->version));
  else if (with_outcome(statements, RULE_THIRD_PARTY) != NULL && outside == NULL)
    answer(explained, EXPLAINED_NOT_KNOWN,
           g_strdup("the package is not the distribution's, whose advisories do not speak of it"));
  else if (affected != NULL)
    answer(explained, EXPLAINED_NOT_AFFECTED,
           g_strdup_printf("what %s says is overruled by another statement", affected->feed));
  else if (outside != NULL)
    answer(
        explained, EXPLAINED_NOT_AFFECTED,
        g_strdup_printf("%s is outside of what is affected: %s", outside->version, outside->range));
  else
    answer(explained, EXPLAINED_NOT_AFFECTED,
           g_strdup("the statements are about other builds of it"));
}

static void
answer_for(const Explain *explain, ExplainedPackage *explained)
{
  const Package *package = explained->package->package;
  const char *ecosystem = explained->ecosystem, *owner = package->owner;
  const Finding *ruled_out = find_finding(explain, explain->matched->not_affected, package);
  explained->finding = find_finding(explain, explain->matched->findings, package);
  if (explained->finding != NULL)
    answer(explained, EXPLAINED_AFFECTED, g_strdup(explained->finding->remedy));
  else if (ruled_out != NULL && with_outcome(explained->statements, RULE_NOT_LINKED) != NULL)
    answer(explained, EXPLAINED_NOT_AFFECTED, g_strdup(ruled_out->reason));
  else if (ruled_out != NULL)
    answer(explained, EXPLAINED_NOT_AFFECTED,
           g_strdup_printf("%s says that it is not affected%s%s", ruled_out->feed,
                           ruled_out->reason != NULL ? ": " : "",
                           ruled_out->reason != NULL ? ruled_out->reason : ""));
  else if (ecosystem != NULL && strcmp(ecosystem, MATCH_BY_OWNER) == 0)
    answer(explained, EXPLAINED_BY_OWNER,
           g_strdup_printf("its files belong to %s of the distribution, whose advisories on that "
                           "one count",
                           owner != NULL ? owner : "a package"));
  else if (ecosystem != NULL && strcmp(ecosystem, MATCH_BY_NOBODY) == 0)
    answer(
        explained, EXPLAINED_NOT_KNOWN,
        g_strdup_printf("nobody publishes advisories for packages of the type %s", package->type));
  else if (ecosystem == NULL || !match_covers(explain->database, ecosystem, package->architecture))
    answer(explained, EXPLAINED_NOT_KNOWN,
           g_strdup_printf("no feed has advisories for %s",
                           ecosystem != NULL ? ecosystem : "its distribution"));
  else if (explained->statements->len > 0)
    answer_by_statements(explained);
  else
    answer(explained, EXPLAINED_NO_STATEMENT, g_strdup("no advisory names this package for it"));
}

static bool
explain_package(Explain *explain, const ImagePackage *package, bool wanted, GError **error)
{
  ExplainedPackage *explained = g_new0(ExplainedPackage, 1);
  explained->package = package;
  explained->ecosystem = match_ecosystem(explain->inventory->os, package);
  explained->statements = g_ptr_array_new_with_free_func(statement_free);
  bool by_none = explained->ecosystem != NULL && match_is_by_none(explained->ecosystem);
  const Ecosystem *own = by_none ? ecosystem_of_application(package->package->type) : NULL;
  const char *ecosystem = own != NULL ? own->name : by_none ? NULL : explained->ecosystem;
  if (ecosystem != NULL &&
      !collect_in(explain, ecosystem, !by_none, package->package, explained->statements, error)) {
    package_free_explained(explained);
    return false;
  }
  answer_for(explain, explained);
  if (wanted || explained->statements->len > 0 || explained->finding != NULL)
    g_ptr_array_add(explain->result->packages, explained);
  else
    package_free_explained(explained);
  return true;
}

static int
order_of_packages(gconstpointer a, gconstpointer b)
{
  const ExplainedPackage *left = *(const ExplainedPackage *const *)a;
  const ExplainedPackage *right = *(const ExplainedPackage *const *)b;
  int order = (int)left->answer - (int)right->answer;
  return order != 0 ? order : strcmp(left->package->package->name, right->package->package->name);
}

static bool
explain_all(Explain *explain, GError **error)
{
  Explanation *result = explain->result;
  const GArray *packages = explain->inventory->packages;
  const char *name = explain->package_name;
  if (!find_details(explain, error))
    return false;
  for (guint i = 0; i < packages->len; i++) {
    const ImagePackage *each = &g_array_index(packages, ImagePackage, i);
    bool named = name != NULL && (strcmp(each->package->name, name) == 0 ||
                                  strcmp(each->package->source_name, name) == 0);
    result->known_package |= named;
    if ((name == NULL || named) && !explain_package(explain, each, named, error))
      return false;
  }
  g_ptr_array_sort(result->packages, order_of_packages);
  if (result->packages->len > 0)
    result->answer = ((const ExplainedPackage *)g_ptr_array_index(result->packages, 0))->answer;
  /* What could not be read may have it, unless one package is asked about. */
  bool hidden = name == NULL || !result->known_package;
  if (result->answer != EXPLAINED_AFFECTED && hidden && explain->matched->gaps->len > 0)
    result->answer = EXPLAINED_NOT_KNOWN;
  return true;
}

Explanation *
explain_image(AdvisoryDatabase *database, const ImageInventory *inventory,
              const MatchResult *matched, const char *id, const char *name, GError **error)
{
  g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  Explanation *result = g_new0(Explanation, 1);
  result->packages = g_ptr_array_new_with_free_func(package_free_explained);
  result->known_package = name == NULL;
  result->answer = EXPLAINED_NO_STATEMENT;
  Explain explain = {database, inventory, matched, id, name, names, result};
  if (explain_all(&explain, error))
    return result;
  explanation_free(result);
  return NULL;
}
