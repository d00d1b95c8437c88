/* The policy language as tables of settings: what every policy has, the keys of each check, and
 * exemptions; see the header. */
#include "verdict/language-private.h"

#include <stddef.h>

#include "verdict/checks.h"
#include "verdict/policy_attestors-private.h"
#include "verdict/words-private.h"

#define CHECKS_MAX 32
#define KEYS_MAX   64

typedef struct {
  Setting policy_keys[KEYS_MAX], file_keys[KEYS_MAX];
  size_t rules[CHECKS_MAX]; /* offsets in a policy */
  Section policy, file;
} Language;

/* --- tables --- */

/* A list that lost its last entry must not begin to stand for any: it is left out, or it is wrong.
 */
static const Setting exemption_settings[] = {
    {SETTING(Exemption, ids), .kind = &setting_texts, .least = 1, .most = 1000},
    {SETTING(Exemption, rules), .kind = &policy_rules, .least = 1, .most = 100},
    {SETTING(Exemption, packages), .kind = &setting_texts, .least = 1, .most = 1000},
    {SETTING(Exemption, repositories), .kind = &policy_repositories, .least = 1, .most = 1000},
    {SETTING(Exemption, paths), .kind = &setting_texts, .least = 1, .most = 1000},
    {SETTING(Exemption, values), .kind = &setting_texts, .least = 1, .most = 1000},
    {SETTING(Exemption, reason), .kind = &setting_text, .required = true},
    {SETTING(Exemption, expires), .kind = &policy_moment},
};

static const Setting allow_settings[] = {
    {SETTING_AS("id", Exemption, ids), .kind = &policy_single, .required = true},
    {SETTING_AS("package", Exemption, packages), .kind = &policy_single},
    {SETTING_AS("path", Exemption, paths), .kind = &policy_single},
    {SETTING_AS("value", Exemption, values), .kind = &policy_single},
    {SETTING(Exemption, reason), .kind = &setting_text, .required = true},
    {SETTING(Exemption, expires), .kind = &policy_moment},
};
static const Section allow_section = {allow_settings, G_N_ELEMENTS(allow_settings),
                                      sizeof(Exemption)};

static const char *const modes[] = {"enforce", "dry-run", NULL};

static const Setting policy_head[] = {
    {SETTING(Policy, name), .kind = &setting_text, .required = true},
    {SETTING(Policy, namespaces), .kind = &policy_repositories, .least = 1, .most = 1000,
     .required = true},
    {SETTING_AS("mode", Policy, dry_run), .kind = &setting_choice, .words = modes,
     .fallback = "enforce"},
};
static const Setting policy_tail[] = {
    {SETTING_LIST(Policy, allowlist), .section = &allow_section, .most = POLICY_EXEMPTIONS_MAX},
    {SETTING(Policy, vex), .kind = &setting_texts, .most = POLICY_VEX_MAX},
    {SETTING(Policy, vex_attestors), .kind = &setting_texts, .least = 1, .most = 100},
};

/* --- what concerns several keys --- */

static const Language *language(void);

static void *
rule_of(void *policy, size_t check)
{
  return (char *)policy + language()->rules[check];
}

static void
complete_policy(void *values, const SettingsPlace *place)
{
  bool finds = false;
  for (size_t i = 0; policy_checks[i] != NULL; i++)
    finds |= policy_checks[i]->of_findings && policy_checks[i]->blocks != NULL &&
             policy_checks[i]->blocks(rule_of(values, i));
  for (size_t i = 0; policy_checks[i] != NULL; i++)
    if (policy_checks[i]->complete != NULL)
      policy_checks[i]->complete(rule_of(values, i), finds, place);
}

/* An exemption of findings, or one of whole images: what it names must fit what its rules say. One
 * that is for whatever there is must say so. */
static void
check_exemption(void *values, const SettingsPlace *place)
{
  const Exemption *exemption = values;
  unsigned of_findings = 0, of_images = 0;
  for (char **rule = exemption->rules; *rule != NULL; rule++)
    *(policy_check_of(*rule)->of_findings ? &of_findings : &of_images) += 1;
  bool any_id = g_strv_contains((const char *const *)exemption->ids, "*");
  if (of_images > 0 && of_findings > 0)
    settings_complain(place, "rules",
                      "some are of findings, some of whole images; write an "
                      "exemption for each");
  else if (any_id && g_strv_length(exemption->ids) > 1)
    settings_complain(place, "ids", "\"*\" stands for any; name no others beside it");
  else if (of_images > 0 && ((*exemption->ids != NULL && !any_id) || *exemption->packages != NULL ||
                             *exemption->paths != NULL))
    settings_complain(place, "rules",
                      "\"%s\" is of a whole image, which ids, packages and paths do not tell apart",
                      exemption->rules[0]);
  else if (exemption_is_boundless(exemption, of_images > 0))
    settings_complain(place, NULL,
                      "it is for %s; name %s, or write `ids: [\"*\"]` if that is meant",
                      of_images > 0 ? "every image" : "every finding",
                      of_images > 0 ? "repositories" : "ids, packages or paths");
}

const Section policy_exemption_section = {.settings = exemption_settings,
                                          .count = G_N_ELEMENTS(exemption_settings),
                                          .size = sizeof(Exemption),
                                          .check = check_exemption};

static const Setting file_settings[] = {
    {SETTING_LIST(PolicySet, exemptions), .section = &policy_exemption_section,
     .most = POLICY_EXEMPTIONS_MAX},
    {SETTING(PolicySet, vex), .kind = &setting_texts, .most = POLICY_VEX_MAX},
    {SETTING_LIST(PolicySet, attestors), .section = &policy_attestor_section,
     .most = POLICY_ATTESTORS_MAX},
    {SETTING(PolicySet, warn_before_end), .kind = &setting_duration, .fallback = "14d",
     .most = (uint64_t)366 * 86400},
};

/* --- putting it together --- */

static void
add_keys(Section *section, const Setting *from, size_t count, size_t offset)
{
  Setting *keys = (Setting *)(uintptr_t)section->settings;
  g_assert(section->count + count <= KEYS_MAX);
  for (size_t i = 0; i < count; i++) {
    Setting *added = &keys[section->count++];
    *added = from[i];
    added->offset += offset;
    added->count_offset += added->count_offset != 0 ? offset : 0;
  }
}

static size_t
aligned(size_t size)
{
  const size_t step = _Alignof(max_align_t);
  return (size + step - 1) / step * step;
}

static void
make_policy_section(Language *made)
{
  made->policy = (Section){.settings = made->policy_keys,
                           .size = aligned(sizeof(Policy)),
                           .noun = "policy",
                           .named_by = "name",
                           .check = complete_policy};
  add_keys(&made->policy, policy_head, G_N_ELEMENTS(policy_head), 0);
  for (size_t i = 0; policy_checks[i] != NULL; i++) {
    g_assert(i < CHECKS_MAX);
    made->rules[i] = made->policy.size;
    add_keys(&made->policy, policy_checks[i]->settings, policy_checks[i]->count, made->rules[i]);
    made->policy.size = aligned(made->policy.size + policy_checks[i]->size);
  }
  add_keys(&made->policy, policy_tail, G_N_ELEMENTS(policy_tail), 0);
}

static void
make_file_section(Language *made)
{
  const Setting policies[] = {
      {SETTING_LIST(PolicySet, policies), .section = &made->policy, .most = 1000, .required = true},
  };
  made->file = (Section){.settings = made->file_keys, .size = sizeof(PolicySet)};
  add_keys(&made->file, policies, G_N_ELEMENTS(policies), 0);
  add_keys(&made->file, file_settings, G_N_ELEMENTS(file_settings), 0);
}

static const Language *
language(void)
{
  static Language it;
  static gsize made;
  if (g_once_init_enter(&made)) {
    make_policy_section(&it);
    make_file_section(&it);
    g_once_init_leave(&made, 1);
  }
  return &it;
}

const Section *
policy_file_section(void)
{
  return &language()->file;
}

const Section *
policy_section(void)
{
  return &language()->policy;
}

const Policy *
policy_at(const PolicySet *set, unsigned index)
{
  return (const Policy *)(const void *)((const char *)set->policies +
                                        index * language()->policy.size);
}

const void *
policy_rule(const Policy *policy, size_t check)
{
  return (const char *)policy + language()->rules[check];
}
