/* The policy language: reading it, and choosing which policy of a set holds; judge.c applies it. */
#include <fcntl.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/settings.h"
#include "base/yaml.h"
#include "verdict/policy-private.h"

/* Seconds: microseconds must not overflow. */
#define GRACE_MAX ((uint64_t)3653 * 86400)
/* Of namespaces with names of repositories, in search of those that fit none: a second or so. */
#define COMPARISONS_MAX 500000u

/* --- words of the language --- */

static bool
read_severity(const Setting *setting, const char *text, void *value, GError **error)
{
  return severity_parse(text, value) ||
         error_set(error, ASSAY_ERROR_INVALID,
                   "must be critical, high, medium, low, negligible or unknown");
}
static const SettingKind severity_kind = {.read = read_severity};

static bool
read_blocked_severity(const Setting *setting, const char *text, void *value, GError **error)
{
  Severity severity;
  if (!read_severity(setting, text, &severity, error))
    return false;
  ((bool *)value)[severity] = true;
  return true;
}
static const SettingKind severities_kind = {.read = read_blocked_severity, .many = true};

/* A day, to its end in UTC; or a moment with its time zone. */
static bool
read_expiry(const Setting *setting, const char *text, void *value, GError **error)
{
  bool is_day = strlen(text) == strlen("2027-01-31");
  g_autofree char *full = is_day ? g_strconcat(text, "T00:00:00Z", NULL) : g_strdup(text);
  /* Without a time zone no moment is meant, and none is guessed. */
  g_autoptr(GDateTime) moment = g_date_time_new_from_iso8601(full, NULL);
  if (moment == NULL)
    return error_set(error, ASSAY_ERROR_INVALID,
                     "must be a date, 2027-01-31 or 2027-01-31T12:00:00Z");
  *(int64_t *)value = (g_date_time_to_unix(moment) + (is_day ? 86400 : 0)) * G_USEC_PER_SEC +
                      g_date_time_get_microsecond(moment);
  return true;
}
static const SettingKind expiry_kind = {.read = read_expiry};

/* What no repository can be called would protect nothing, in silence. */
static bool
read_namespace(const Setting *setting, const char *text, void *value, GError **error)
{
  size_t size = strlen(text);
  if (strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789._-/*") == size && *text != '/' &&
      text[size - 1] != '/')
    return setting_texts_read(setting, text, value, error);
  return error_set(error, ASSAY_ERROR_INVALID,
                   "must be the name of a repository without its host, in which * and ** stand for "
                   "others: small letters, digits, and . _ - / between them");
}
static const SettingKind namespaces_kind = {.begin = setting_texts_begin,
                                            .read = read_namespace,
                                            .clear = setting_texts_clear,
                                            .many = true};

/* --- its tables --- */

static const Setting allow_settings[] = {
    {SETTING(Allow, id), .kind = &setting_text, .required = true},
    {SETTING(Allow, package), .kind = &setting_text},
    {SETTING(Allow, reason), .kind = &setting_text, .required = true},
    {SETTING(Allow, expires), .kind = &expiry_kind},
};
static const Section allow_section = {allow_settings, G_N_ELEMENTS(allow_settings), sizeof(Allow)};

static const Setting vulnerabilities_settings[] = {
    {SETTING(VulnerabilityRule, block), .kind = &severities_kind, .most = 16},
    {SETTING(VulnerabilityRule, only_fixed), .kind = &setting_boolean, .fallback = "false"},
    {SETTING(VulnerabilityRule, unknown_as), .kind = &severity_kind, .fallback = "high"},
    {SETTING(VulnerabilityRule, grace), .kind = &setting_duration, .fallback = "0",
     .most = GRACE_MAX},
};
static const Section vulnerabilities_section = {
    vulnerabilities_settings, G_N_ELEMENTS(vulnerabilities_settings), sizeof(VulnerabilityRule)};

static const char *const modes[] = {"enforce", "dry-run", NULL};
static const char *const choices[] = {"allow", "block", NULL};
static const char *const actions[] = {"allow", "warn", "block", NULL};

/* Slots for checks to come: malware, secrets, baseline. Taken silently, "block" would promise what
 * nobody does: it is accepted, so that a file can serve several versions, and each verdict says so.
 */
static const Setting policy_settings[] = {
    {SETTING(Policy, name), .kind = &setting_text, .required = true},
    {SETTING(Policy, namespaces), .kind = &namespaces_kind, .least = 1, .most = 1000,
     .required = true},
    {SETTING_AS("mode", Policy, dry_run), .kind = &setting_choice, .words = modes,
     .fallback = "enforce"},
    {SETTING_AS("unscanned", Policy, block_unscanned), .kind = &setting_choice, .words = choices},
    {SETTING_AS("failed_scan", Policy, block_failed), .kind = &setting_choice, .words = choices},
    {SETTING(Policy, end_of_life), .kind = &setting_choice, .words = actions, .fallback = "warn"},
    {SETTING(Policy, third_party), .kind = &setting_choice, .words = actions, .fallback = "allow"},
    {SETTING(Policy, vulnerabilities), .section = &vulnerabilities_section},
    {SETTING_LIST(Policy, allowlist), .section = &allow_section, .most = 10000},
    {SETTING(Policy, malware), .kind = &setting_choice, .words = choices, .fallback = "allow"},
    {SETTING(Policy, secrets), .kind = &setting_choice, .words = choices, .fallback = "allow"},
    {SETTING(Policy, baseline), .kind = &setting_choice, .words = choices, .fallback = "allow"},
};

static void
complete_policy(void *values, const SettingsPlace *place)
{
  Policy *policy = values;
  bool blocks = false;
  for (int i = 0; i <= SEVERITY_CRITICAL; i++)
    blocks |= policy->vulnerabilities.block[i];
  /* Who blocks findings does not want out what was never looked at for any. */
  if (!settings_given(place, "unscanned"))
    policy->block_unscanned = blocks;
  if (!settings_given(place, "failed_scan"))
    policy->block_failed = policy->block_unscanned;
}

static const Section policy_section = {.settings = policy_settings,
                                       .count = G_N_ELEMENTS(policy_settings),
                                       .size = sizeof(Policy),
                                       .noun = "policy",
                                       .named_by = "name",
                                       .check = complete_policy};

static const Setting set_settings[] = {
    {SETTING_LIST(PolicySet, policies), .section = &policy_section, .most = 1000, .required = true},
};
static const Section set_section = {set_settings, G_N_ELEMENTS(set_settings), sizeof(PolicySet)};

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
                                  "      unknown_as: critical\n";

/* --- sets --- */

PolicySet *
policy_set_parse(Slice text, const char *name, GError **error)
{
  g_autofree PolicySet *set = g_new0(PolicySet, 1);
  if (!settings_read(&set_section, text, name, set, error))
    return NULL;
  g_atomic_ref_count_init(&set->references);
  set->file = g_strdup(name);
  set->sha256 = g_compute_checksum_for_data(G_CHECKSUM_SHA256, text.data, text.size);
  return g_steal_pointer(&set);
}

PolicySet *
policy_set_load(const char *path, GError **error)
{
  if (path == NULL)
    return policy_set_parse(SLICE_LITERAL("policies: []"), "built-in", error);
  if (strcmp(path, "strict") == 0)
    return policy_set_parse(slice_from_string(strict_text), "strict", error);
  g_autoptr(GBytes) bytes = file_read(AT_FDCWD, path, YAML_TEXT_MAX, error);
  return bytes == NULL ? NULL : policy_set_parse(slice_from_bytes(bytes), path, error);
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
  settings_clear(&set_section, set);
  g_free(set);
}

void
policy_add_unchecked(const Policy *policy, GPtrArray *sentences)
{
  const struct {
    const char *key;
    bool asked;
  } checks[] = {
      {"malware", policy->malware}, {"secrets", policy->secrets}, {"baseline", policy->baseline}};
  for (size_t i = 0; i < G_N_ELEMENTS(checks); i++)
    if (checks[i].asked)
      g_ptr_array_add(
          sentences,
          g_strdup_printf("policy \"%s\" asks for `%s: block`, which this version does not check "
                          "yet",
                          policy->name, checks[i].key));
}

/* "*" stands for any characters but a slash, "**" for any. Bounded by the product of the lengths:
 * @reached holds which beginnings of the text the pattern so far can stand for. */
static bool
glob_matches(const char *pattern, const char *text)
{
  size_t size = strlen(text) + 1;
  g_autofree bool *reached = g_new0(bool, size);
  reached[0] = true;
  while (*pattern != '\0') {
    bool star = *pattern == '*', any = star && pattern[1] == '*';
    if (star) {
      for (size_t i = 1; i < size; i++)
        reached[i] = reached[i] || (reached[i - 1] && (any || text[i - 1] != '/'));
    } else {
      for (size_t i = size - 1; i > 0; i--)
        reached[i] = reached[i - 1] && text[i - 1] == *pattern;
      reached[0] = false;
    }
    pattern += any ? 2 : 1;
  }
  return reached[size - 1];
}

const Policy *
policy_set_find(const PolicySet *set, const char *repository)
{
  for (unsigned i = 0; i < set->policies_count; i++) {
    const Policy *policy = &set->policies[i];
    for (char **pattern = policy->namespaces; *pattern != NULL; pattern++)
      if (glob_matches(*pattern, repository))
        return policy;
  }
  return NULL;
}

bool
policy_set_applies(const PolicySet *set, const char *repository)
{
  return policy_set_find(set, repository) != NULL;
}

PolicyOrigin
policy_set_origin(const PolicySet *set)
{
  return (PolicyOrigin){set->file, set->policies_count, set->sha256};
}

static bool
blocks_nothing(const Policy *policy)
{
  bool blocks = policy->dry_run || policy->block_unscanned || policy->block_failed ||
                policy->end_of_life == ACTION_BLOCK || policy->third_party == ACTION_BLOCK;
  for (int i = 0; i <= SEVERITY_CRITICAL; i++)
    blocks |= policy->vulnerabilities.block[i];
  return !blocks;
}

GPtrArray *
policy_set_warnings(const PolicySet *set)
{
  GPtrArray *warnings = g_ptr_array_new_with_free_func(g_free);
  const Policy *takes_all = NULL;
  for (unsigned i = 0; i < set->policies_count; i++) {
    const Policy *policy = &set->policies[i];
    policy_add_unchecked(policy, warnings);
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
    const Policy *policy = &set->policies[i];
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
