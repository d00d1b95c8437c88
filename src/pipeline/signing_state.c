/* How rules stand with images; see the header. */
#include "pipeline/signing_state.h"

#include <string.h>

#include "jobs/kept_state.h"
#include "pipeline/signing_wanted.h"
#include "signing/counting.h"

#define RECORDS_MOST 1000u

const char *const signing_state_names[] = {"signed",  "unwanted", "waiting",
                                           "refused", "failed",   NULL};

static const JsonMember members[] = {
    {JSON_MEMBER(RuleState, rule), .kind = &json_text, .required = true},
    {JSON_MEMBER(RuleState, attestor), .kind = &json_text, .required = true},
    {JSON_MEMBER(RuleState, state), .kind = &json_word, .words = signing_state_names},
    {JSON_MEMBER(RuleState, key), .kind = &json_text},
    {JSON_MEMBER(RuleState, version), .kind = &json_text},
    {JSON_MEMBER(RuleState, fingerprint), .kind = &json_text},
    {JSON_MEMBER(RuleState, made), .kind = &json_moment},
    {JSON_MEMBER(RuleState, next), .kind = &json_moment},
    {JSON_MEMBER(RuleState, attempts), .kind = &json_number, .omitted = true},
    {JSON_MEMBER(RuleState, why), .kind = &json_text},
};
const JsonTable rule_state_table = JSON_TABLE(RuleState, members);

static const JsonMember failed_members[] = {
    {JSON_MEMBER(FailedSigning, rule), .kind = &json_text, .required = true},
    {JSON_MEMBER(FailedSigning, repository), .kind = &json_text, .required = true},
    {JSON_MEMBER(FailedSigning, image), .kind = &json_digest},
    {JSON_MEMBER(FailedSigning, given_up), .kind = &json_flag},
    {JSON_MEMBER(FailedSigning, asked), .kind = &json_moment},
    {JSON_MEMBER(FailedSigning, next), .kind = &json_moment},
    {JSON_MEMBER(FailedSigning, attempts), .kind = &json_number},
    {JSON_MEMBER(FailedSigning, error), .kind = &json_text},
};
const JsonTable failed_signing_table = JSON_TABLE(FailedSigning, failed_members);

void
rule_state_free(RuleState *state)
{
  if (state == NULL)
    return;
  json_table_clear(&rule_state_table, state);
  g_free(state);
}

void
failed_signing_free(FailedSigning *failed)
{
  if (failed == NULL)
    return;
  json_table_clear(&failed_signing_table, failed);
  g_free(failed);
}

/* --- of one image --- */

static void
take_signature(RuleState *state, const MadeSignature *made)
{
  state->state = SIGNING_SIGNED;
  state->key = g_strdup(made->key);
  state->version = g_strdup(made->version);
  state->fingerprint = g_strdup(made->fingerprint);
  state->made = made->made;
}

static void
take_job(RuleState *state, const JobWaiting *job)
{
  state->state = job->due == 0 ? SIGNING_FAILED : SIGNING_WAITING;
  state->next = job->error == NULL ? 0 : job->due;
  state->attempts = job->attempts;
  state->why = g_strdup(job->error);
}

/* Without a job: what it would be now. */
static void
take_look(RuleState *state, const SigningRule *rule, SignLook look, bool ever, const GError *why)
{
  bool by_itself = signing_rule_asks_verdict(rule) || (rule->trigger == TRIGGER_PUSH && ever);
  if (look == SIGN_DUE && by_itself)
    state->state = SIGNING_WAITING;
  else if (look == SIGN_DUE || look == SIGN_OTHER)
    state->state = SIGNING_UNWANTED;
  else
    state->state = SIGNING_REFUSED;
  if (look != SIGN_DUE)
    state->why = g_strdup(why->message);
  else if (!by_itself)
    state->why = g_strdup(rule->trigger == TRIGGER_MANUAL
                              ? "the rule signs when somebody asks"
                              : "the rule signs what is pushed, and this was there before");
}

static RuleState *
state_of(const SigningRooms *rooms, const ImageSigner *signer, const SigningSet *set,
         const SigningRule *rule, const char *repository, const char *digest, const GPtrArray *made,
         GError **error)
{
  g_autofree char *key = signing_job_key(rule, repository, digest);
  g_autoptr(JobWaiting) job = NULL;
  g_autoptr(GError) why = NULL;
  const RuleSignatures of_rule = signing_count(set, rule, made);
  if (!of_rule.counts && kept_job_find(rooms->sql, SIGN_JOB_KIND, key, &job, error) == FAILED)
    return NULL;
  RuleState *state = g_new0(RuleState, 1);
  state->rule = g_strdup(rule->name);
  state->attestor = g_strdup(rule->attestor);
  if (of_rule.counts) {
    take_signature(state, of_rule.last);
  } else if (job != NULL) {
    take_job(state, job);
  } else {
    SignLook look = image_signer_look(signer, set, rule, repository, digest, &why);
    take_look(state, rule, look, of_rule.ever, why);
  }
  return state;
}

GPtrArray *
signing_states(const SigningRooms *rooms, const ImageSigner *signer, const char *repository,
               const char *digest, GError **error)
{
  const ImageName name = {repository, digest};
  g_autoptr(SigningSet) set = signing_get(rooms->signing);
  g_autoptr(GPtrArray) states = g_ptr_array_new_with_free_func((GDestroyNotify)rule_state_free);
  g_autoptr(GPtrArray) tags = registry_tags_of(rooms->registry, &name, 1, error);
  g_autoptr(GPtrArray) made =
      tags == NULL ? NULL : journal_after(rooms->sql, repository, digest, 0, RECORDS_MOST, error);
  if (made == NULL)
    return NULL;
  for (guint i = 0; i < set->rules->len; i++) {
    const SigningRule *rule = g_ptr_array_index(set->rules, i);
    if (!signing_rule_fits(rule, repository, g_ptr_array_index(tags, 0)))
      continue;
    RuleState *state = state_of(rooms, signer, set, rule, repository, digest, made, error);
    if (state == NULL)
      return NULL;
    g_ptr_array_add(states, state);
  }
  return g_steal_pointer(&states);
}

/* --- of many --- */

/* FOUND: *state is of the rule. */
static Found
short_state(const SigningRooms *rooms, const SigningSet *set, const SigningRule *rule,
            const char *repository, const char *digest, const GPtrArray *made, SigningState *state,
            GError **error)
{
  g_autofree char *key = signing_job_key(rule, repository, digest);
  g_autoptr(JobWaiting) job = NULL;
  *state = SIGNING_SIGNED;
  if (signing_count(set, rule, made).counts)
    return FOUND;
  Found found = kept_job_find(rooms->sql, SIGN_JOB_KIND, key, &job, error);
  *state = found != FOUND ? SIGNING_UNWANTED : job->due == 0 ? SIGNING_FAILED : SIGNING_WAITING;
  return found == FAILED ? FAILED : FOUND;
}

const char *
signing_state_in_short(const SigningRooms *rooms, const SigningSet *set, const char *repository,
                       const char *digest, const char *const *tags, GError **error)
{
  g_autoptr(GPtrArray) made = NULL;
  int worst = -1; /* no rule is for it */
  for (guint i = 0; i < set->rules->len; i++) {
    const SigningRule *rule = g_ptr_array_index(set->rules, i);
    SigningState state;
    if (rule->trigger == TRIGGER_MANUAL || signing_is_of_signature(tags) ||
        !signing_rule_fits(rule, repository, tags))
      continue;
    if (made == NULL)
      made = journal_after(rooms->sql, repository, digest, 0, RECORDS_MOST, error);
    if (made == NULL ||
        short_state(rooms, set, rule, repository, digest, made, &state, error) == FAILED)
      return NULL;
    /* What says nothing of a repair is not for such a rule. */
    if (rule->trigger != TRIGGER_REPAIRED || state != SIGNING_UNWANTED)
      worst = MAX(worst, (int)state);
  }
  /* Without a tag it may be a signature itself, or was part of an index: of those only what is
   * known is told. */
  if (worst < 0 || (worst == SIGNING_UNWANTED && (tags == NULL || tags[0] == NULL)))
    return NULL;
  return worst == SIGNING_UNWANTED ? "unsigned" : signing_state_names[worst];
}

static FailedSigning *
failed_of(const JobWaiting *job)
{
  g_auto(GStrv) words = g_strsplit(job->key, " ", 2);
  char *at = words[0] == NULL || words[1] == NULL ? NULL : strrchr(words[1], '@');
  if (at == NULL)
    return NULL;
  *at = '\0';
  FailedSigning *failed = g_new0(FailedSigning, 1);
  failed->rule = g_strdup(words[0]);
  failed->repository = g_strdup(words[1]);
  digest_parse(at + 1, &failed->image, NULL);
  failed->given_up = job->due == 0;
  failed->asked = job->asked;
  failed->next = job->due;
  failed->attempts = job->attempts;
  failed->error = g_strdup(job->error);
  return failed;
}

GPtrArray *
signing_failures(const SigningRooms *rooms, unsigned limit, GError **error)
{
  g_autoptr(GPtrArray) jobs = kept_jobs_failing(rooms->sql, SIGN_JOB_KIND, limit, error);
  if (jobs == NULL)
    return NULL;
  GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify)failed_signing_free);
  for (guint i = 0; i < jobs->len; i++) {
    FailedSigning *failed = failed_of(g_ptr_array_index(jobs, i));
    if (failed != NULL)
      g_ptr_array_add(list, failed);
  }
  return list;
}
