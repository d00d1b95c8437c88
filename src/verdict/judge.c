/* Judging: what a policy makes of an image. Pure. */
#include <string.h>

#include "base/json.h"
#include "verdict/policy-private.h"

/* More would not fit into what docker shows of an error. */
#define NAMED_FINDINGS 5

void
verdict_free(Verdict *verdict)
{
  if (verdict == NULL)
    return;
  g_free(verdict->policy);
  g_free(verdict->message);
  g_ptr_array_unref(verdict->reasons);
  g_ptr_array_unref(verdict->warnings);
  g_free(verdict);
}

static json_t *
lines_to_json(const GPtrArray *lines)
{
  json_t *array = json_array();
  for (guint i = 0; i < lines->len; i++)
    json_array_append_new(array, json_string(g_ptr_array_index(lines, i)));
  return array;
}

json_t *
verdict_to_json(const Verdict *verdict)
{
  json_t *object = json_object();
  json_object_set_new(object, "allowed", json_boolean(verdict->allowed));
  json_set_string(object, "policy", verdict->policy);
  json_set_string(object, "message", verdict->message);
  json_object_set_new(object, "blocking", json_integer(verdict->blocking));
  json_object_set_new(object, "ignored", json_integer(verdict->ignored));
  json_object_set_new(object, "reasons", lines_to_json(verdict->reasons));
  json_object_set_new(object, "warnings", lines_to_json(verdict->warnings));
  return object;
}

static void
lines_from_json(const json_t *json, const char *key, GPtrArray *lines)
{
  size_t index;
  json_t *item;
  json_array_foreach(json_get_array(json, key), index, item) {
    if (json_is_string(item))
      g_ptr_array_add(lines, g_strdup(json_string_value(item)));
  }
}

Verdict *
verdict_from_json(const json_t *json)
{
  Verdict *verdict = g_new0(Verdict, 1);
  verdict->allowed = json_get_boolean(json, "allowed", false);
  verdict->policy = g_strdup(json_get_string(json, "policy"));
  verdict->message = g_strdup(json_get_string(json, "message"));
  verdict->blocking = (unsigned)json_get_integer(json, "blocking", 0);
  verdict->ignored = (unsigned)json_get_integer(json, "ignored", 0);
  verdict->reasons = g_ptr_array_new_with_free_func(g_free);
  verdict->warnings = g_ptr_array_new_with_free_func(g_free);
  lines_from_json(json, "reasons", verdict->reasons);
  lines_from_json(json, "warnings", verdict->warnings);
  return verdict;
}

/* The verdict may turn at @when, if that is still to come. */
static void
note_change(Verdict *verdict, int64_t when, int64_t now)
{
  if (when > now && (verdict->expires == 0 || when < verdict->expires))
    verdict->expires = when;
}

static bool
names_finding(const Allow *allow, const Finding *finding)
{
  if (allow->package != NULL && g_strcmp0(allow->package, finding->package) != 0 &&
      g_strcmp0(allow->package, finding->source_package) != 0)
    return false;
  return strcmp(allow->id, finding->id) == 0 || g_strcmp0(allow->id, finding->vendor_id) == 0 ||
         (finding->aliases != NULL &&
          g_strv_contains((const char *const *)finding->aliases, allow->id));
}

static bool
is_allowed(const Policy *policy, const Finding *finding, int64_t now, Verdict *verdict)
{
  for (guint i = 0; i < policy->allowlist->len; i++) {
    const Allow *allow = g_ptr_array_index(policy->allowlist, i);
    if (!names_finding(allow, finding))
      continue;
    if (allow->expires == 0 || now < allow->expires) {
      note_change(verdict, allow->expires, now);
      return true;
    }
    g_ptr_array_add(
        verdict->warnings,
        g_strdup_printf("the allowlist entry for %s has expired (%s)", allow->id, allow->reason));
  }
  return false;
}

static bool
would_block(const Policy *policy, const Finding *finding)
{
  Severity severity = finding->severity;
  if (severity == SEVERITY_UNKNOWN && finding->fixed_version != NULL)
    severity = policy->unknown_as;
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
  return policy->block[severity] && (!policy->only_fixed || finding->fixed_version != NULL);
}

/* Grace runs from the push, or from the publication of the vulnerability when that is later. */
static int64_t
grace_end(const Policy *policy, const Finding *finding, int64_t pushed)
{
  int64_t start = pushed;
  g_autoptr(GDateTime) published =
      finding->published == NULL ? NULL : g_date_time_new_from_iso8601(finding->published, NULL);
  if (published != NULL)
    start = MAX(start, g_date_time_to_unix(published) * G_USEC_PER_SEC);
  return start + (int64_t)policy->grace * G_USEC_PER_SEC;
}

static char *
finding_in_words(const Finding *finding)
{
  return g_strdup_printf("%s (%s, %s %s, %s%s)", finding->id, severity_name(finding->severity),
                         finding->package, finding->installed_version,
                         finding->fixed_version != NULL ? "fixed in " : "no fix published",
                         finding->fixed_version != NULL ? finding->fixed_version : "");
}

static void
judge_findings(const Policy *policy, const PolicyInput *input, Verdict *verdict)
{
  for (guint i = 0; i < input->findings->len; i++) {
    const Finding *finding = g_ptr_array_index(input->findings, i);
    if (!would_block(policy, finding))
      continue;
    if (is_allowed(policy, finding, input->now, verdict)) {
      verdict->ignored++;
      continue;
    }
    int64_t end = policy->grace == 0 ? 0 : grace_end(policy, finding, input->pushed);
    if (end > input->now) {
      note_change(verdict, end, input->now);
      g_autofree char *words = finding_in_words(finding);
      g_ptr_array_add(verdict->warnings, g_strdup_printf("%s blocks when its grace ends", words));
      continue;
    }
    verdict->blocking++;
    g_ptr_array_add(verdict->reasons, finding_in_words(finding));
  }
}

static const char *
scan_problem(const Policy *policy, ScanState state)
{
  switch (state) {
  case SCAN_NONE:
    return policy->block_unscanned ? "it was never scanned" : NULL;
  case SCAN_PENDING:
    return policy->block_unscanned ? "its scan has not ended yet; try again in a moment" : NULL;
  case SCAN_FAILED:
    return policy->block_failed ? "its scan failed" : NULL;
  case SCAN_DONE:
  case SCAN_NOT_APPLICABLE:
    break;
  }
  return NULL;
}

static char *
message_of(const Policy *policy, const PolicyInput *input, const Verdict *verdict,
           const char *problem)
{
  GString *text = g_string_new(NULL);
  g_string_printf(text, "policy \"%s\" refuses %s%s%s: ", policy->name, input->repository,
                  *input->repository == '\0'              ? ""
                  : strchr(input->reference, ':') != NULL ? "@"
                                                          : ":",
                  input->reference);
  if (problem != NULL) {
    g_string_append(text, problem);
  } else {
    g_string_append_printf(text, "%u finding%s block: ", verdict->blocking,
                           verdict->blocking == 1 ? "" : "s");
    for (guint i = 0; i < MIN(verdict->reasons->len, NAMED_FINDINGS); i++)
      g_string_append_printf(text, "%s%s", i == 0 ? "" : ", ",
                             (const char *)g_ptr_array_index(verdict->reasons, i));
    if (verdict->reasons->len > NAMED_FINDINGS)
      g_string_append_printf(text, " and %u more", verdict->reasons->len - NAMED_FINDINGS);
    g_string_append(text, "; upgrade these packages and push again");
  }
  return g_string_free(text, FALSE);
}

Verdict *
policy_judge(const PolicySet *set, const PolicyInput *input)
{
  Verdict *verdict = g_new0(Verdict, 1);
  verdict->allowed = true;
  verdict->reasons = g_ptr_array_new_with_free_func(g_free);
  verdict->warnings = g_ptr_array_new_with_free_func(g_free);
  const Policy *policy = policy_set_find(set, input->repository);
  verdict->policy = g_strdup(policy == NULL ? "default" : policy->name);
  if (policy == NULL || input->scan_state == SCAN_NOT_APPLICABLE)
    return verdict;

  const char *problem = scan_problem(policy, input->scan_state);
  if (problem != NULL)
    g_ptr_array_add(verdict->reasons, g_strdup(problem));
  else if (input->findings != NULL)
    judge_findings(policy, input, verdict);
  if (verdict->reasons->len == 0)
    return verdict;
  verdict->message = message_of(policy, input, verdict, problem);
  verdict->allowed = policy->dry_run;
  return verdict;
}
