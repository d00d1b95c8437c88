/* `vulnerabilities`: findings of known vulnerabilities in packages. */
#include <string.h>

#include "base/error.h"
#include "verdict/checks.h"

/* More would not fit into what docker shows of an error. */
#define NAMED_FINDINGS 5
/* A date may be of a day that has begun elsewhere. */
#define CLOCKS_APART ((int64_t)86400 * G_USEC_PER_SEC)
/* Seconds: microseconds must not overflow. */
#define GRACE_MAX ((uint64_t)3653 * 86400)

typedef struct {
  bool block[SEVERITY_CRITICAL + 1];
  bool only_fixed;
  Severity unknown_as; /* what an unknown severity counts as where a fix is published */
  uint64_t grace;      /* seconds */
} VulnerabilityRule;

/* --- its keys --- */

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

static const Setting rule_settings[] = {
    {SETTING(VulnerabilityRule, block), .kind = &severities_kind, .most = 16},
    {SETTING(VulnerabilityRule, only_fixed), .kind = &setting_boolean, .fallback = "false"},
    {SETTING(VulnerabilityRule, unknown_as), .kind = &severity_kind,
     .fallback = SEVERITY_OF_UNKNOWN_FIX_IN_WORDS},
    {SETTING(VulnerabilityRule, grace), .kind = &setting_duration, .fallback = "0",
     .most = GRACE_MAX},
};
static const Section rule_section = {rule_settings, G_N_ELEMENTS(rule_settings),
                                     sizeof(VulnerabilityRule)};
static const Setting settings[] = {
    {.key = "vulnerabilities", .width = sizeof(VulnerabilityRule), .section = &rule_section},
};

static bool
blocks(const void *data)
{
  const VulnerabilityRule *rule = data;
  for (int i = 0; i <= SEVERITY_CRITICAL; i++)
    if (rule->block[i])
      return true;
  return false;
}

Severity
vulnerabilities_unknown_as(const void *rule)
{
  return ((const VulnerabilityRule *)rule)->unknown_as;
}

/* --- judging --- */

typedef struct {
  const Finding *finding;
  Severity counted_as; /* the policy's word where the source has none */
} Blocking;

static bool
would_block(const VulnerabilityRule *rule, const Finding *finding, Severity *counted_as)
{
  bool fixed = finding->fixed_version != NULL;
  *counted_as = finding_counted_as(finding, rule->unknown_as);
  switch (finding->state) {
  case STATE_UNIMPORTANT:
  case STATE_NOT_AFFECTED:
  case STATE_UNDER_REVIEW:
    return false;
  case STATE_FIXED:
  case STATE_AFFECTED:
  case STATE_WILL_NOT_FIX:
  case STATE_END_OF_LIFE:
    break;
  }
  /* Who blocks "unknown" means those with a fix, too, whatever they count as. */
  return (rule->block[*counted_as] || rule->block[finding->severity]) &&
         (fixed || !rule->only_fixed);
}

/* Grace runs from the push, or from the publication of the vulnerability when that is later. What a
 * feed says will be published only later is known already: its date is wrong, and would put grace
 * off for as long as it likes. */
static int64_t
grace_end(const VulnerabilityRule *rule, const Finding *finding, const PolicyInput *input)
{
  int64_t start = input->pushed;
  g_autoptr(GDateTime) published =
      finding->published == NULL ? NULL : g_date_time_new_from_iso8601(finding->published, NULL);
  if (published != NULL) {
    int64_t moment = g_date_time_to_unix(published) * G_USEC_PER_SEC;
    start = moment <= input->now + CLOCKS_APART ? MAX(start, moment) : start;
  }
  return start + (int64_t)rule->grace * G_USEC_PER_SEC;
}

static char *
blocking_in_words(const Blocking *blocking)
{
  const Finding *finding = blocking->finding;
  const char *severity = severity_name(finding->severity);
  bool raised = blocking->counted_as != finding->severity;
  return g_strdup_printf(
      "%s (%s%s%s, %s %s, %s%s)", finding->id, severity, raised ? " counted as " : "",
      raised ? severity_name(blocking->counted_as) : "", finding->package,
      finding->installed_version, finding->fixed_version != NULL ? "fixed in " : "no fix published",
      finding->fixed_version != NULL ? finding->fixed_version : "");
}

static int
worst_first(gconstpointer a, gconstpointer b)
{
  const Blocking *left = a, *right = b;
  int order = (int)right->counted_as - (int)left->counted_as;
  return order != 0
             ? order
             : finding_compare((gconstpointer)&left->finding, (gconstpointer)&right->finding);
}

/* The worst, each vulnerability once, and what to do. (transfer full) */
static char *
refusal_in_words(const GArray *blocking)
{
  bool all_fixed = true;
  unsigned named = 0;
  g_autoptr(GHashTable) told = g_hash_table_new(g_str_hash, g_str_equal);
  GString *text = g_string_new(NULL);
  g_string_append_printf(text, "%u finding%s block%s: ", blocking->len,
                         blocking->len == 1 ? "" : "s", blocking->len == 1 ? "s" : "");
  for (guint i = 0; i < blocking->len; i++) {
    const Blocking *each = &g_array_index(blocking, Blocking, i);
    all_fixed = all_fixed && each->finding->fixed_version != NULL;
    if (named >= NAMED_FINDINGS || !g_hash_table_add(told, each->finding->id))
      continue;
    g_autofree char *words = blocking_in_words(each);
    g_string_append_printf(text, "%s%s", named++ == 0 ? "" : ", ", words);
  }
  if (blocking->len > named)
    g_string_append_printf(text, ", and %u more", blocking->len - named);
  g_string_append(text, all_fixed ? "; upgrade these packages and push again"
                                  : "; upgrade these packages and push again; where no fix is "
                                    "published, remove the package or exempt the finding in the "
                                    "policy, with a reason");
  return g_string_free(text, FALSE);
}

/* Whether @blocking does now: no exemption is for it, and its grace, if it has one, is over. */
static bool
blocks_now(const VulnerabilityRule *rule, const Blocking *blocking, Judgement *judgement)
{
  const PolicyInput *input = judgement->input;
  if (judgement_exempts(judgement, settings[0].key, blocking->finding)) {
    judgement->verdict->ignored++;
    return false;
  }
  int64_t end = rule->grace == 0 ? 0 : grace_end(rule, blocking->finding, input);
  if (end <= input->now)
    return true;
  judgement_turns(judgement, end);
  g_autofree char *words = blocking_in_words(blocking);
  judgement_warn(judgement, g_strdup_printf("%s blocks when its grace ends", words));
  return false;
}

static void
judge(const void *data, Judgement *judgement)
{
  const VulnerabilityRule *rule = data;
  const GPtrArray *findings = judgement->input->findings;
  g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(Blocking));
  for (guint i = 0; findings != NULL && i < findings->len; i++) {
    Blocking each = {.finding = g_ptr_array_index(findings, i)};
    bool is_one =
        each.finding->kind == FINDING_VULNERABILITY || each.finding->kind == FINDING_MALWARE;
    if (is_one && would_block(rule, each.finding, &each.counted_as) &&
        blocks_now(rule, &each, judgement))
      g_array_append_val(all, each);
  }
  if (all->len == 0)
    return;
  g_array_sort(all, worst_first);
  GPtrArray *reasons = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < all->len; i++)
    g_ptr_array_add(reasons, blocking_in_words(&g_array_index(all, Blocking, i)));
  judgement_block_findings(judgement, reasons, refusal_in_words(all));
}

const PolicyCheck vulnerabilities_check = {.settings = settings,
                                           .count = G_N_ELEMENTS(settings),
                                           .size = sizeof(VulnerabilityRule),
                                           .blocks = blocks,
                                           .of_findings = true,
                                           .judge = judge};
