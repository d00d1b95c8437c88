/* `malware`, `secrets`, `baseline` and `configuration`: findings of what was observed in an image,
 * by the same rule. */
#include <string.h>

#include "base/error.h"
#include "verdict/checks.h"
#include "verdict/completeness.h"

/* More would not fit into what docker shows of an error. */
#define NAMED_FINDINGS 5u
/* A verdict is kept in memory: of a heap of them the rest is counted. */
#define REASONS_MAX 1000u

typedef struct {
  bool block[SEVERITY_CRITICAL + 1];
  bool unscanned; /* of malware: what ClamAV was to judge and did not blocks, too */
} ObservedRule;

typedef struct {
  ObservedRule malware, secrets, baseline, configuration;
} Rules;

/* --- their keys --- */

/* A severity; or `block`, all of them; or `allow`, none. */
static bool
read_blocked(const Setting *setting, const char *text, void *value, GError **error)
{
  bool *block = value;
  Severity severity;
  if (strcmp(text, "allow") == 0)
    return true;
  if (strcmp(text, "block") == 0) {
    for (int i = 0; i <= SEVERITY_CRITICAL; i++)
      block[i] = true;
    return true;
  }
  if (!severity_parse(text, &severity))
    return error_set(error, ASSAY_ERROR_INVALID,
                     "must be allow, block (all of them), or severities: critical, high, medium, "
                     "low, negligible or unknown");
  block[severity] = true;
  return true;
}
static const SettingKind blocked_kind = {.read = read_blocked, .many = true};

static const Setting rule_settings[] = {
    {SETTING(ObservedRule, block), .kind = &blocked_kind, .most = 16},
};
static const Section rule_section = {rule_settings, G_N_ELEMENTS(rule_settings),
                                     sizeof(ObservedRule), .word = "block"};

static bool
blocks_any(const ObservedRule *rule)
{
  for (int i = 0; i <= SEVERITY_CRITICAL; i++)
    if (rule->block[i])
      return true;
  return false;
}

/* Who blocks malware does not want out what was not looked at for it. */
static void
complete_malware(void *values, const SettingsPlace *place)
{
  ObservedRule *rule = values;
  if (!settings_given(place, "unscanned"))
    rule->unscanned = blocks_any(rule);
}

static const Setting malware_settings_rows[] = {
    {SETTING(ObservedRule, block), .kind = &blocked_kind, .most = 16},
    {SETTING(ObservedRule, unscanned), .kind = &setting_choice, .words = block_words},
};
static const Section malware_section = {malware_settings_rows, G_N_ELEMENTS(malware_settings_rows),
                                        sizeof(ObservedRule), .word = "block",
                                        .check = complete_malware};

static const Setting settings[] = {
    {SETTING(Rules, malware), .section = &malware_section},
    {SETTING(Rules, secrets), .section = &rule_section},
    {SETTING(Rules, baseline), .section = &rule_section},
    {SETTING(Rules, configuration), .section = &rule_section},
};

/* What each key judges, and what there is to do. */
typedef struct {
  size_t offset;
  FindingKind kind;
  const char *noun, *what_to_do;
} Judged;
static const Judged all_judged[] = {
    {offsetof(Rules, malware), FINDING_MALWARE, "malicious file",
     "do not run the image, and find out how it came in"},
    {offsetof(Rules, secrets), FINDING_SECRET, "secret",
     "revoke what is real, build the image without it and push again"},
    {offsetof(Rules, baseline), FINDING_BASELINE, "weak setting",
     "change the settings and push again"},
    {offsetof(Rules, configuration), FINDING_CONFIGURATION, "weakness of its configuration",
     "change how the image is built and push again"},
};

static const ObservedRule *
rule_of(const void *rules, const Judged *judged)
{
  return (const ObservedRule *)((const char *)rules + judged->offset);
}

static bool
blocks(const void *rules)
{
  for (size_t i = 0; i < G_N_ELEMENTS(all_judged); i++)
    if (blocks_any(rule_of(rules, &all_judged[i])))
      return true;
  return false;
}

/* --- judging --- */

static char *
blocking_in_words(const Finding *finding)
{
  const char *severity = severity_name(finding->severity);
  if (finding_is_of_package(finding))
    return g_strdup_printf("%s (%s, %s %s)", finding->id, severity, finding->package,
                           finding->installed_version);
  g_autofree char *line = finding->line == 0 ? g_strdup("") : g_strdup_printf(":%u", finding->line);
  return g_strdup_printf("%s (%s, %s%s)", finding->id, severity, finding->location, line);
}

static char *
refusal_in_words(const Judged *judged, const GPtrArray *reasons, unsigned count)
{
  GString *text = g_string_new(NULL);
  g_string_append_printf(text, "%u %s%s block%s: ", count, judged->noun, count == 1 ? "" : "s",
                         count == 1 ? "s" : "");
  for (guint i = 0; i < MIN(reasons->len, NAMED_FINDINGS); i++)
    g_string_append_printf(text, "%s%s", i == 0 ? "" : ", ",
                           (const char *)g_ptr_array_index(reasons, i));
  if (count > NAMED_FINDINGS)
    g_string_append_printf(text, ", and %u more", count - NAMED_FINDINGS);
  g_string_append_printf(text, "; %s", judged->what_to_do);
  return g_string_free(text, FALSE);
}

/* The findings come worst first. */
static void
judge_kind(const ObservedRule *rule, const Judged *judged, Judgement *judgement)
{
  const GPtrArray *findings = judgement->input->findings;
  GPtrArray *reasons = g_ptr_array_new_with_free_func(g_free);
  unsigned count = 0;
  for (guint i = 0; findings != NULL && i < findings->len; i++) {
    const Finding *finding = g_ptr_array_index(findings, i);
    if (finding->kind != judged->kind || !rule->block[finding->severity])
      continue;
    if (judgement_exempts(judgement, finding_rule(finding), finding))
      judgement->verdict->ignored++;
    else if (count++ < REASONS_MAX)
      g_ptr_array_add(reasons, blocking_in_words(finding));
  }
  if (count == 0) {
    g_ptr_array_unref(reasons);
    return;
  }
  judgement->verdict->blocking += count - reasons->len;
  judgement_block_findings(judgement, reasons, refusal_in_words(judged, reasons, count));
}

static bool
is_told(const GPtrArray *sentences, const char *gap)
{
  for (guint i = 0; i < sentences->len; i++)
    if (strstr(g_ptr_array_index(sentences, i), gap) != NULL)
      return true;
  return false;
}

/* Unless `unscanned` blocks that already. */
static void
judge_gaps(const ObservedRule *rule, Judgement *judgement)
{
  const GPtrArray *gaps = judgement->input->gaps;
  for (guint i = 0; rule->unscanned && gaps != NULL && i < gaps->len; i++) {
    const char *gap = g_ptr_array_index(gaps, i);
    if (completeness_is_of_malware(gap) && !is_told(judgement->verdict->reasons, gap))
      judgement_block(judgement, "unscanned", g_strdup(gap));
  }
}

static void
judge(const void *rules, Judgement *judgement)
{
  judge_gaps(&((const Rules *)rules)->malware, judgement);
  for (size_t i = 0; i < G_N_ELEMENTS(all_judged); i++)
    judge_kind(rule_of(rules, &all_judged[i]), &all_judged[i], judgement);
}

const PolicyCheck observed_check = {.settings = settings,
                                    .count = G_N_ELEMENTS(settings),
                                    .size = sizeof(Rules),
                                    .blocks = blocks,
                                    .of_findings = true,
                                    .judge = judge};
