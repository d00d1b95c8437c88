/* Writing why an image has what a rule on secrets, malicious files, weak settings or its making
 * finds; explanation.h. */
#include "base/json.h"
#include "inventory/rule.h"
#include "report/explanation.h"
#include "report/report-private.h"

static char *
answer_in_words(const RuleExplanation *explained)
{
  guint count = explained->report->findings->len;
  return count == 0
             ? g_strdup("nothing in the image is what this rule finds")
             : g_strdup_printf("the image has it in %u place%s", count, count == 1 ? "" : "s");
}

static const char *
policy_in_words(const Verdict *verdict)
{
  return verdict->message != NULL ? verdict->message : "lets it pass";
}

static void
append_finding(GString *out, const RuleExplanation *explained, const Finding *finding,
               unsigned width)
{
  g_autofree char *place = report_subject(finding), *clean = report_clean_text(place);
  g_autofree char *command = report_command_in_words(finding->command);
  g_string_append_printf(out, "\n%s\n", clean);
  report_append_pair(out, "  kind", finding_kind_name(finding->kind), width);
  report_append_pair(out, "  counts as", severity_name(finding->severity), width);
  report_append_pair(out, "  title", finding->title, width);
  report_append_pair(out, "  evidence", finding->evidence, width);
  report_append_pair(out, "  layer", finding->layer, width);
  report_append_pair(out, "  command", command, width);
  report_append_pair(out, "  removed", finding->removed ? "by a later layer" : NULL, width);
  report_append_pair(out, "  what to do", finding->remedy, width);
  report_append_exceptions(out, explained->exceptions, finding, width);
}

char *
rule_explanation_to_text(const RuleExplanation *explained, unsigned width)
{
  const Report *report = explained->report;
  const Rule *rule = rule_find_any(explained->rule);
  g_autofree char *answer = answer_in_words(explained);
  GString *out = g_string_new(NULL);
  report_append_target(out, report, width);
  report_append_pair(out, explained->rule, answer, width);
  if (rule != NULL) {
    report_append_pair(out, "rule", rule->title, width);
    report_append_pair(out, "references", rule->references, width);
  }
  if (report->verdict != NULL)
    report_append_pair(out, "policy", policy_in_words(report->verdict), width);
  report_append_lines(out, "incomplete: ", report->gaps, width);
  for (guint i = 0; i < report->findings->len; i++)
    append_finding(out, explained, g_ptr_array_index(report->findings, i), width);
  return g_string_free(out, FALSE);
}

json_t *
rule_explanation_to_json(const RuleExplanation *explained)
{
  const Report *report = explained->report;
  const Rule *rule = rule_find_any(explained->rule);
  json_t *object = json_object(), *findings = json_array();
  g_autofree char *answer = answer_in_words(explained);
  json_object_set_new(object, "schema_version", json_integer(1));
  json_set_string(object, "target", report->target);
  json_set_string(object, "digest", report->digest);
  json_set_string(object, "id", explained->rule);
  json_set_string(object, "answer", report->findings->len > 0 ? "found" : "not-found");
  json_set_string(object, "reason", answer);
  if (rule != NULL) {
    json_set_string(object, "title", rule->title);
    json_set_string(object, "references", rule->references);
  }
  for (guint i = 0; i < report->findings->len; i++) {
    const Finding *finding = g_ptr_array_index(report->findings, i);
    json_t *one = finding_to_json(finding);
    json_object_set_new(one, "exceptions",
                        report_exceptions_to_json(explained->exceptions, finding));
    json_array_append_new(findings, one);
  }
  json_object_set_new(object, "findings", findings);
  if (report->verdict != NULL)
    json_set_string(object, "policy", policy_in_words(report->verdict));
  json_object_set_new(object, "incomplete", json_from_texts(report->gaps));
  return object;
}
