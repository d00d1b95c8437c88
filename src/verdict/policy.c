/* Sets of policies: reading them, and choosing which policy is for a repository; see the header. */
#include <fcntl.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/yaml.h"
#include "text/glob.h"
#include "verdict/checks.h"
#include "verdict/language-private.h"
#include "verdict/policy_attestors-private.h"
#include "verdict/policy_statements-private.h"

/* Of namespaces with names of repositories, in search of those that fit none: a second or so. */
#define COMPARISONS_MAX 500000u

/* Unknown counts as critical here: what a security suite repairs without a severity of its own
 * would otherwise never be refused by a policy that blocks only critical; docs/policy.md. */
static const char strict_text[] = "policies:\n"
                                  "  - name: strict\n"
                                  "    namespaces: ['**']\n"
                                  "    unscanned: block\n"
                                  "    failed_scan: block\n"
                                  "    vulnerabilities:\n"
                                  "      block: [critical]\n"
                                  "      only_fixed: true\n"
                                  "      unknown_as: critical\n"
                                  "    malware: {block: [critical, high]}\n"
                                  "    secrets: critical\n"
                                  "    baseline: critical\n"
                                  "    configuration: critical\n";

/* --- sets --- */

static PolicySet *
parse(Slice text, const char *name, GError **error)
{
  g_autofree PolicySet *set = g_new0(PolicySet, 1);
  if (!settings_read(policy_file_section(), text, name, set, error))
    return NULL;
  g_atomic_ref_count_init(&set->references);
  set->otherwise = g_malloc(policy_section()->size);
  settings_defaults(policy_section(), set->otherwise);
  set->otherwise->name = g_strdup("default");
  set->file = g_strdup(name);
  set->text = g_bytes_new(text.data, text.size);
  set->sha256 = g_compute_checksum_for_data(G_CHECKSUM_SHA256, text.data, text.size);
  return g_steal_pointer(&set);
}

PolicySet *
policy_set_parse(Slice text, const char *name, const PolicySet *from, GError **error)
{
  g_autoptr(PolicySet) set = parse(text, name, error);
  if (set == NULL || !policy_attestors_borrow(set, from, error))
    return NULL;
  if (from != NULL)
    policy_statements_borrow(set, from);
  return g_steal_pointer(&set);
}

GBytes *
policy_text_load(const char *path, GError **error)
{
  if (strcmp(path, "strict") == 0)
    return g_bytes_new_static(strict_text, strlen(strict_text));
  return file_read(AT_FDCWD, path, YAML_TEXT_MAX, error);
}

/* What the file @path names beside it: keys, and VEX documents. */
static bool
read_files(PolicySet *set, const char *path, GError **error)
{
  g_autoptr(GError) failure = NULL;
  g_autofree char *folder = g_path_get_dirname(path);
  /* Before: what is written meanwhile is read again. */
  set->looked = policy_set_look(set);
  if (policy_attestors_load(set, folder, &failure))
    return policy_statements_load(set, path, error);
  return error_set(error, ASSAY_ERROR_INVALID, "%s: %s", path, failure->message);
}

PolicySet *
policy_set_load(const char *path, GError **error)
{
  if (path == NULL)
    return policy_set_parse(SLICE_LITERAL("policies: []"), "built-in", NULL, error);
  g_autoptr(GBytes) bytes = policy_text_load(path, error);
  g_autoptr(PolicySet) set = bytes == NULL ? NULL : parse(slice_from_bytes(bytes), path, error);
  return set != NULL && read_files(set, path, error) ? g_steal_pointer(&set) : NULL;
}

PolicySet *
policy_set_renew(const PolicySet *set, GError **error)
{
  g_autoptr(PolicySet) again = parse(slice_from_bytes(set->text), set->file, error);
  return again != NULL && read_files(again, set->file, error) ? g_steal_pointer(&again) : NULL;
}

PolicySet *
policy_set_ref(PolicySet *set)
{
  g_atomic_ref_count_inc(&set->references);
  return set;
}

void
policy_set_unref(PolicySet *set)
{
  if (set == NULL || !g_atomic_ref_count_dec(&set->references))
    return;
  g_free(set->file);
  g_free(set->sha256);
  g_bytes_unref(set->text);
  policy_statements_clear(set);
  policy_attestors_clear(set);
  settings_clear(policy_section(), set->otherwise);
  g_free(set->otherwise);
  settings_clear(policy_file_section(), set);
  g_free(set);
}

const Policy *
policy_set_find(const PolicySet *set, const char *repository)
{
  for (unsigned i = 0; i < set->policies_count; i++) {
    const Policy *policy = policy_at(set, i);
    for (char **pattern = policy->namespaces; *pattern != NULL; pattern++)
      if (glob_matches(*pattern, repository))
        return policy;
  }
  return set->otherwise;
}

bool
policy_set_judges_alike(const PolicySet *set, const char *repository, const char *other)
{
  return policy_set_find(set, repository) == policy_set_find(set, other);
}

bool
policy_set_applies(const PolicySet *set, const char *repository)
{
  return policy_set_find(set, repository) != set->otherwise;
}

/* What holds of @check for images of @repository. */
static const void *
rule_for(const PolicySet *set, const char *repository, const PolicyCheck *check)
{
  size_t index = 0;
  while (policy_checks[index] != check)
    index++;
  return policy_rule(policy_set_find(set, repository), index);
}

Severity
policy_set_unknown_as(const PolicySet *set, const char *repository)
{
  return vulnerabilities_unknown_as(rule_for(set, repository, &vulnerabilities_check));
}

bool
policy_set_demands_signatures(const PolicySet *set, const char *repository)
{
  return signatures_are_wanted(rule_for(set, repository, &signatures_check));
}

bool
policy_set_wants_signatures(const PolicySet *set, const char *repository)
{
  return policy_set_demands_signatures(set, repository) ||
         *policy_set_find(set, repository)->vex_attestors != NULL;
}

bool
policy_set_wants_those_of_indexes(const PolicySet *set, const char *repository)
{
  return policy_set_wants_signatures(set, repository) &&
         signatures_of_indexes_count(rule_for(set, repository, &signatures_check));
}

PolicyOrigin
policy_set_origin(const PolicySet *set)
{
  const char *identity = set->identity != NULL ? set->identity : set->sha256;
  return (PolicyOrigin){set->file, set->policies_count, set->sha256, identity,
                        policy_statements_count(set)};
}

static bool
blocks_nothing(const Policy *policy)
{
  for (size_t i = 0; policy_checks[i] != NULL; i++)
    if (policy_checks[i]->blocks != NULL && policy_checks[i]->blocks(policy_rule(policy, i)))
      return false;
  return !policy->dry_run;
}

static void
warn_of_checks(const Policy *policy, GPtrArray *warnings)
{
  for (size_t i = 0; policy_checks[i] != NULL; i++)
    if (policy_checks[i]->warn != NULL)
      policy_checks[i]->warn(policy_rule(policy, i), policy->name, warnings);
}

GPtrArray *
policy_set_warnings(const PolicySet *set)
{
  GPtrArray *warnings = g_ptr_array_new_with_free_func(g_free);
  const Policy *takes_all = NULL;
  policy_statements_warn(set, warnings);
  policy_attestors_warn(set, warnings);
  for (unsigned i = 0; i < set->policies_count; i++) {
    const Policy *policy = policy_at(set, i);
    warn_of_checks(policy, warnings);
    if (blocks_nothing(policy))
      g_ptr_array_add(warnings, g_strdup_printf("policy \"%s\" blocks nothing; what would is "
                                                "`vulnerabilities: {block: [critical, high]}`",
                                                policy->name));
    if (takes_all != NULL)
      g_ptr_array_add(warnings,
                      g_strdup_printf("policy \"%s\" applies to nothing: \"**\" of policy "
                                      "\"%s\" comes before it",
                                      policy->name, takes_all->name));
    else if (g_strv_contains((const char *const *)policy->namespaces, "**"))
      takes_all = policy;
  }
  return warnings;
}

static bool
fits_any(const char *pattern, const char *const *repositories, guint count)
{
  for (guint i = 0; i < count; i++)
    if (glob_matches(pattern, repositories[i]))
      return true;
  return false;
}

GPtrArray *
policy_set_idle_namespaces(const PolicySet *set, const char *const *repositories)
{
  GPtrArray *idle = g_ptr_array_new_with_free_func(g_free);
  guint count = g_strv_length((char **)(uintptr_t)repositories), looked = 0;
  for (unsigned i = 0; count > 0 && i < set->policies_count; i++) {
    const Policy *policy = policy_at(set, i);
    for (char **pattern = policy->namespaces; *pattern != NULL; pattern++) {
      if ((looked += count) > COMPARISONS_MAX)
        return idle;
      if (!fits_any(*pattern, repositories, count))
        g_ptr_array_add(idle, g_strdup_printf("policy \"%s\": the namespace \"%s\" fits no "
                                              "repository that is stored",
                                              policy->name, *pattern));
    }
  }
  return idle;
}

/* --- exemptions --- */

static void
add_fitting(GPtrArray *list, Exemption *exemptions, unsigned count, const char *repository)
{
  for (unsigned i = 0; i < count; i++)
    if (repository == NULL || exemption_fits_repository(&exemptions[i], repository))
      g_ptr_array_add(list, &exemptions[i]);
}

GPtrArray *
policy_set_exemptions(const PolicySet *set, const char *repository)
{
  GPtrArray *list = g_ptr_array_new();
  const Policy *policy = policy_set_find(set, repository);
  add_fitting(list, policy->allowlist, policy->allowlist_count, repository);
  add_fitting(list, set->exemptions, set->exemptions_count, repository);
  return list;
}

const VexSet *
policy_set_statements(const PolicySet *set, const char *repository, const VexSet **of_all)
{
  *of_all = set->statements;
  return policy_set_find(set, repository)->statements;
}

bool
policy_set_has_statements(const PolicySet *set, const char *repository)
{
  const VexSet *sets[2];
  sets[0] = policy_set_statements(set, repository, &sets[1]);
  return (sets[0] != NULL && vex_set_documents(sets[0])->len > 0) ||
         (sets[1] != NULL && vex_set_documents(sets[1])->len > 0) ||
         *policy_set_find(set, repository)->vex_attestors != NULL;
}

char *
policy_set_takes_out(const PolicySet *set, const char *repository, const VexImage *image,
                     const Finding *finding, int64_t now, char **until)
{
  *until = NULL;
  const VexSet *sets[2];
  const VexDocument *document = NULL;
  g_autoptr(GPtrArray) exemptions = policy_set_exemptions(set, repository);
  const Exemption *exemption = exemption_find(exemptions, finding_rule(finding), finding, now);
  if (exemption != NULL && !exemption_ended(exemption, now)) {
    *until = exemption_end_as_text(exemption->expires);
    return g_strdup(exemption->reason);
  }
  sets[0] = policy_set_statements(set, repository, &sets[1]);
  const VexStatement *statement =
      image == NULL ? NULL : vex_sets_suppress(sets, G_N_ELEMENTS(sets), image, finding, &document);
  return statement == NULL ? NULL : vex_with_file(statement, document);
}

/* (transfer full) */
static GPtrArray *
all_exemptions(const PolicySet *set)
{
  GPtrArray *list = g_ptr_array_new();
  for (unsigned i = 0; i < set->policies_count; i++)
    add_fitting(list, policy_at(set, i)->allowlist, policy_at(set, i)->allowlist_count, NULL);
  add_fitting(list, set->exemptions, set->exemptions_count, NULL);
  return list;
}

static int64_t
soon_from(const PolicySet *set, const Exemption *exemption)
{
  return exemption->expires - (int64_t)set->warn_before_end * G_USEC_PER_SEC;
}

ExemptionCounts
policy_set_count_exemptions(const PolicySet *set, int64_t now)
{
  ExemptionCounts counts = {0};
  g_autoptr(GPtrArray) all = all_exemptions(set);
  for (guint i = 0; i < all->len; i++) {
    const Exemption *each = g_ptr_array_index(all, i);
    if (exemption_ended(each, now)) {
      counts.ended++;
      continue;
    }
    counts.in_force++;
    if (each->expires == 0)
      continue;
    counts.ends_soon += now >= soon_from(set, each);
    if (counts.next_end == 0 || each->expires < counts.next_end)
      counts.next_end = each->expires;
  }
  return counts;
}

GPtrArray *
policy_set_endings(const PolicySet *set, int64_t since, int64_t now)
{
  GPtrArray *sentences = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GPtrArray) all = all_exemptions(set);
  for (guint i = 0; i < all->len; i++) {
    const Exemption *each = g_ptr_array_index(all, i);
    bool ended = exemption_ended(each, now);
    int64_t began = ended ? each->expires : soon_from(set, each);
    if (each->expires == 0 || began > now || began <= since)
      continue;
    g_autofree char *what = exemption_in_words(each);
    g_autofree char *end = exemption_end_in_words(each->expires);
    g_ptr_array_add(sentences, g_strdup_printf("the exemption of %s %s on %s (%s)", what,
                                               ended ? "ended" : "ends", end, each->reason));
  }
  return sentences;
}
