/* Judging: what a policy makes of an image. Pure. */
#include <string.h>

#include "base/json.h"
#include "verdict/completeness.h"
#include "verdict/match.h"
#include "verdict/policy-private.h"

/* More would not fit into what docker shows of an error. */
#define NAMED_FINDINGS 5
/* A date may be of a day that has begun elsewhere. */
#define CLOCKS_APART ((int64_t)86400 * G_USEC_PER_SEC)

static Verdict *
verdict_new(void)
{
  Verdict *verdict = g_new0(Verdict, 1);
  g_atomic_ref_count_init(&verdict->references);
  verdict->reasons = g_ptr_array_new_with_free_func(g_free);
  verdict->warnings = g_ptr_array_new_with_free_func(g_free);
  return verdict;
}

Verdict *
verdict_ref(Verdict *verdict)
{
  g_atomic_ref_count_inc(&verdict->references);
  return verdict;
}

void
verdict_unref(Verdict *verdict)
{
  if (verdict == NULL || !g_atomic_ref_count_dec(&verdict->references))
    return;
  g_free(verdict->policy);
  g_free(verdict->message);
  g_ptr_array_unref(verdict->reasons);
  g_ptr_array_unref(verdict->warnings);
  g_free(verdict);
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
  json_object_set_new(object, "unscanned", json_boolean(verdict->unscanned));
  json_object_set_new(object, "reasons", json_from_texts(verdict->reasons));
  json_object_set_new(object, "warnings", json_from_texts(verdict->warnings));
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
  Verdict *verdict = verdict_new();
  verdict->allowed = json_get_boolean(json, "allowed", false);
  const char *policy = json_get_string(json, "policy");
  verdict->policy = g_strdup(policy != NULL ? policy : "");
  verdict->message = g_strdup(json_get_string(json, "message"));
  verdict->blocking = (unsigned)json_get_integer(json, "blocking", 0);
  verdict->ignored = (unsigned)json_get_integer(json, "ignored", 0);
  verdict->unscanned = json_get_boolean(json, "unscanned", false);
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
  const Allow *expired = NULL;
  for (unsigned i = 0; i < policy->allowlist_count; i++) {
    const Allow *allow = &policy->allowlist[i];
    if (!names_finding(allow, finding))
      continue;
    if (allow->expires == 0 || now < allow->expires) {
      note_change(verdict, allow->expires, now);
      return true;
    }
    expired = allow;
  }
  if (expired != NULL)
    g_ptr_array_add(verdict->warnings,
                    g_strdup_printf("the allowlist entry for %s in %s has expired (%s)",
                                    expired->id, finding->package, expired->reason));
  return false;
}

/* --- findings --- */

typedef struct {
  const Finding *finding;
  Severity counted_as; /* the policy's word where the source has none */
} Blocking;

static bool
would_block(const VulnerabilityRule *rule, const Finding *finding, Severity *counted_as)
{
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
         (finding->fixed_version != NULL || !rule->only_fixed);
}

/* Grace runs from the push, or from the publication of the vulnerability when that is later. What a
 * feed says will be published only later is known already: its date is wrong, and would put grace
 * off for as long as it likes. */
static int64_t
grace_end(const Policy *policy, const Finding *finding, const PolicyInput *input)
{
  int64_t start = input->pushed;
  g_autoptr(GDateTime) published =
      finding->published == NULL ? NULL : g_date_time_new_from_iso8601(finding->published, NULL);
  if (published != NULL) {
    int64_t moment = g_date_time_to_unix(published) * G_USEC_PER_SEC;
    start = moment <= input->now + CLOCKS_APART ? MAX(start, moment) : start;
  }
  return start + (int64_t)policy->vulnerabilities.grace * G_USEC_PER_SEC;
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

/* (transfer full): Blocking, worst first */
static GArray *
judge_findings(const Policy *policy, const PolicyInput *input, Verdict *verdict)
{
  GArray *all = g_array_new(FALSE, FALSE, sizeof(Blocking));
  for (guint i = 0; input->findings != NULL && i < input->findings->len; i++) {
    Blocking blocking = {.finding = g_ptr_array_index(input->findings, i)};
    if (!would_block(&policy->vulnerabilities, blocking.finding, &blocking.counted_as))
      continue;
    if (is_allowed(policy, blocking.finding, input->now, verdict)) {
      verdict->ignored++;
      continue;
    }
    int64_t end =
        policy->vulnerabilities.grace == 0 ? 0 : grace_end(policy, blocking.finding, input);
    if (end > input->now) {
      note_change(verdict, end, input->now);
      g_autofree char *words = blocking_in_words(&blocking);
      g_ptr_array_add(verdict->warnings, g_strdup_printf("%s blocks when its grace ends", words));
      continue;
    }
    g_array_append_val(all, blocking);
  }
  g_array_sort(all, worst_first);
  verdict->blocking = all->len;
  return all;
}

/* --- the whole --- */

/* What is missing of the image's scan, whatever a policy makes of it. (transfer full) NULL:
 * nothing.
 */
static char *
scan_problem(const PolicyInput *input)
{
  const char *detail = input->detail, *says = NULL;
  switch (input->scan_state) {
  case SCAN_NOT_APPLICABLE:
    return NULL;
  case SCAN_PENDING:
    return g_strdup("its scan has not ended yet; try again in a moment");
  case SCAN_DONE:
    return input->gaps == NULL || input->gaps->len == 0 ? NULL : completeness_in_words(input->gaps);
  case SCAN_NONE:
    says = "it was never scanned";
    break;
  case SCAN_WAITING:
    says = "its scan will be tried again";
    break;
  case SCAN_FAILED:
    says = "its scan failed";
    break;
  }
  return g_strconcat(says, detail == NULL ? NULL : ": ", detail, NULL);
}

static bool
insists_on_scan(const Policy *policy, const PolicyInput *input)
{
  return input->scan_state == SCAN_FAILED ? policy->block_failed : policy->block_unscanned;
}

/* The worst, each vulnerability once, and what to do. */
static void
append_findings(GString *text, const GArray *blocking)
{
  bool all_fixed = true;
  unsigned named = 0;
  g_autoptr(GHashTable) told = g_hash_table_new(g_str_hash, g_str_equal);
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
                                    "published, remove the package or allow the finding in the "
                                    "policy, with a reason");
}

/* A problem where @action blocks, a warning where it warns. */
static void
add_problem(Action action, char *sentence, GPtrArray *problems, Verdict *verdict)
{
  if (action == ACTION_ALLOW)
    g_free(sentence);
  else
    g_ptr_array_add(action == ACTION_BLOCK ? problems : verdict->warnings, sentence);
}

/* What is wrong with the image besides its findings, in the order in which it is told. What only
 * warns is among the verdict's warnings. Without a policy (NULL) nothing blocks. (transfer full):
 * char * */
static GPtrArray *
find_problems(const Policy *policy, const PolicyInput *input, Verdict *verdict)
{
  GPtrArray *problems = g_ptr_array_new_with_free_func(g_free);
  g_autofree char *scan = scan_problem(input);
  verdict->unscanned = scan != NULL;
  if (scan != NULL && policy != NULL && insists_on_scan(policy, input))
    g_ptr_array_add(
        problems,
        g_strconcat(scan, input->scan_state == SCAN_DONE ? ", so it counts as unscanned" : NULL,
                    NULL));
  else if (scan != NULL)
    g_ptr_array_add(verdict->warnings, g_strconcat("unscanned: ", scan, NULL));
  if (policy == NULL || policy->end_of_life != ACTION_ALLOW)
    note_change(verdict, input->life_ends, input->now);
  if (input->end_of_life != NULL)
    add_problem(policy == NULL ? ACTION_WARN : policy->end_of_life, g_strdup(input->end_of_life),
                problems, verdict);
  if (policy != NULL && input->third_party != NULL && input->third_party->len > 0)
    add_problem(policy->third_party, match_third_party_in_words(input->third_party), problems,
                verdict);
  return problems;
}

static char *
message_of(const Policy *policy, const PolicyInput *input, const GPtrArray *problems,
           const GArray *blocking)
{
  GString *text = g_string_new(NULL);
  const char *separator = *input->repository == '\0'              ? ""
                          : strchr(input->reference, ':') != NULL ? "@"
                                                                  : ":";
  g_string_printf(text, "policy \"%s\" %s %s%s%s: ", policy->name,
                  policy->dry_run ? "would refuse" : "refuses", input->repository, separator,
                  input->reference);
  for (guint i = 0; i < problems->len; i++)
    g_string_append_printf(text, "%s%s", i == 0 ? "" : "; ",
                           (const char *)g_ptr_array_index(problems, i));
  if (problems->len > 0 && blocking->len > 0)
    g_string_append(text, "; ");
  if (blocking->len > 0)
    append_findings(text, blocking);
  return g_string_free(text, FALSE);
}

/* What blocks becomes the reasons, worst first, and the message. */
static void
judge_by(const Policy *policy, const PolicyInput *input, const GPtrArray *problems,
         Verdict *verdict)
{
  g_autoptr(GArray) blocking = judge_findings(policy, input, verdict);
  for (guint i = 0; i < problems->len; i++)
    g_ptr_array_add(verdict->reasons, g_strdup(g_ptr_array_index(problems, i)));
  for (guint i = 0; i < blocking->len; i++)
    g_ptr_array_add(verdict->reasons, blocking_in_words(&g_array_index(blocking, Blocking, i)));
  if (verdict->reasons->len == 0)
    return;
  verdict->message = message_of(policy, input, problems, blocking);
  verdict->allowed = policy->dry_run;
}

Verdict *
policy_judge(const PolicySet *set, const PolicyInput *input)
{
  Verdict *verdict = verdict_new();
  verdict->allowed = true;
  const Policy *policy = policy_set_find(set, input->repository);
  verdict->policy = g_strdup(policy == NULL ? "default" : policy->name);
  if (input->scan_state == SCAN_NOT_APPLICABLE)
    return verdict;
  if (policy != NULL)
    policy_add_unchecked(policy, verdict->warnings);
  g_autoptr(GPtrArray) problems = find_problems(policy, input, verdict);
  if (policy != NULL)
    judge_by(policy, input, problems, verdict);
  return verdict;
}
