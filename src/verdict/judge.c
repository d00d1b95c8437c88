/* Judging: what a set of policies makes of an image; see the header. The checks say what is wrong,
 * each in its file; here they are asked, and what they say becomes one verdict. */
#include "verdict/judge.h"

#include <string.h>

#include "verdict/checks.h"
#include "verdict/language-private.h"
#include "verdict/signed_vex-private.h"

/* In a refusal, which docker cuts. */
#define NAMED_ENDED 3u
/* Digits of a digest that tell an image for people. */
#define DIGEST_NAMED 12

static void
append_ended(GString *text, const GPtrArray *exemptions)
{
  unsigned named = 0;
  for (guint i = 0; i < exemptions->len && named < NAMED_ENDED; i++) {
    const VerdictExemption *each = g_ptr_array_index(exemptions, i);
    if (!each->ended)
      continue;
    g_autofree char *what = verdict_exemption_subject(each);
    g_autofree char *end = exemption_end_in_words(each->expires);
    g_string_append_printf(text, "; the exemption of %s ended on %s (%s)", what, end, each->reason);
    named++;
  }
}

/* A name that can be asked for: "team/app:v1", "team/app@sha256:7e8770da82f0"; of what is in no
 * registry, "team/app (oci:image:v1)". (transfer full) */
static char *
name_of(const char *repository, const char *reference)
{
  const char *colon = strchr(reference, ':');
  if (*repository == '\0')
    return g_strdup(reference);
  if (colon == NULL)
    return g_strdup_printf("%s:%s", repository, reference);
  if (g_str_has_prefix(reference, "sha256:") || g_str_has_prefix(reference, "sha512:"))
    return g_strdup_printf("%s@%.*s", repository, (int)(colon - reference) + 1 + DIGEST_NAMED,
                           reference);
  return g_strdup_printf("%s (%s)", repository, reference);
}

static char *
message_of(const Policy *policy, const Judgement *judgement, const GPtrArray *sentences,
           bool refuses)
{
  const PolicyInput *input = judgement->input;
  GString *text = g_string_new(NULL);
  g_autofree char *name = name_of(input->repository, input->reference);
  g_string_printf(text, "policy \"%s\" %s %s: ", policy->name, refuses ? "refuses" : "would refuse",
                  name);
  for (guint i = 0; i < sentences->len; i++)
    g_string_append_printf(text, "%s%s", i == 0 ? "" : "; ",
                           (const char *)g_ptr_array_index(sentences, i));
  append_ended(text, judgement->verdict->exemptions);
  return g_string_free(text, FALSE);
}

static void
warn_of_endings(Judgement *judgement)
{
  const GPtrArray *exemptions = judgement->verdict->exemptions;
  for (guint i = 0; i < exemptions->len; i++) {
    VerdictExemption *each = g_ptr_array_index(exemptions, i);
    each->source = NULL; /* the set may go before the verdict */
    if (!each->ends_soon)
      continue;
    g_autofree char *what = verdict_exemption_subject(each);
    g_autofree char *end = exemption_end_in_words(each->expires);
    judgement_warn(judgement,
                   g_strdup_printf("the exemption of %s ends on %s (%s)", what, end, each->reason));
  }
}

/* What is tried only: the refusal, where nothing else is one. */
static void
tell_trials(const Policy *policy, Judgement *judgement)
{
  Verdict *verdict = judgement->verdict;
  const GPtrArray *trials = judgement->trials;
  for (guint i = 0; i < trials->len; i++) {
    const char *sentence = g_ptr_array_index(trials, i);
    if (judgement->sentences->len > 0)
      judgement_warn(judgement, g_strdup_printf("in a dry run: %s", sentence));
    else
      g_ptr_array_add(verdict->reasons, g_strdup(sentence));
  }
  if (trials->len > 0 && judgement->sentences->len == 0)
    verdict->message = message_of(policy, judgement, trials, false);
}

static bool
is_asked(const PolicyCheck *check, const PolicyInput *input, const PolicyCheck *only)
{
  return only == NULL ? check->of_any || input->scan_state != SCAN_NOT_APPLICABLE : check == only;
}

/* @only: this check; NULL: all. */
static Verdict *
judge_by(const PolicySet *set, const PolicyInput *input, const PolicyCheck *only)
{
  Verdict *verdict = verdict_new();
  const Policy *policy = policy_set_find(set, input->repository);
  verdict->policy = g_strdup(policy->name);
  g_autoptr(GPtrArray) sentences = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GPtrArray) trials = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GPtrArray) exemptions = policy_set_exemptions(set, input->repository);
  Judgement judgement = {.input = input,
                         .policy = policy->name,
                         .exemptions = exemptions,
                         .warn_before = set->warn_before_end,
                         .verdict = verdict,
                         .sentences = sentences,
                         .trials = trials};
  judgement.statements[0] = policy_set_statements(set, input->repository, &judgement.statements[1]);
  g_autoptr(VexSet) signed_ones = signed_vex_read(policy, &judgement);
  judgement.statements[2] = signed_ones;
  for (size_t i = 0; policy_checks[i] != NULL; i++)
    if (is_asked(policy_checks[i], input, only))
      policy_checks[i]->judge(policy_rule(policy, i), &judgement);
  warn_of_endings(&judgement);
  tell_trials(policy, &judgement);
  if (sentences->len > 0) {
    verdict->message = message_of(policy, &judgement, sentences, !policy->dry_run);
    verdict->allowed = policy->dry_run;
  }
  return verdict;
}

Verdict *
policy_judge(const PolicySet *set, const PolicyInput *input)
{
  return judge_by(set, input, NULL);
}

Verdict *
policy_judge_signatures(const PolicySet *set, const PolicyInput *input)
{
  return judge_by(set, input, &signatures_check);
}
