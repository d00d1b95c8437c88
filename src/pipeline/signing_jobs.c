/* Which images are signed, and when; see the header. The signature itself is sign_image.c's. */
#include "pipeline/signing_jobs.h"

#include <string.h>

#include "access/rights/key_grants.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/metrics.h"
#include "pipeline/attest_due.h"
#include "pipeline/pipeline-private.h"
#include "pipeline/sign_image.h"
#include "pipeline/signing_failure.h"
#include "pipeline/signing_left.h"
#include "pipeline/signing_run.h"
#include "pipeline/signing_wanted.h"

METRIC(failures, COUNTER("assay_signing_failures_total", "Signatures that could not be made."));

#define SIGN_ATTEMPTS 50u

struct SigningJobs {
  SigningRooms rooms;
  Jobs *jobs;
  ImageSigner *signer;
  SigningRunner *runner;
  uint64_t looked; /* the look of the policy, the advisories and the rules at the last whole look */
};

/* --- asking for it --- */

static const JobKind sign_kind;

/* SqlWork: char * */
static bool
ask_all(SqlConnection *db, void *data, GError **error)
{
  const GPtrArray *keys = data;
  for (guint i = 0; i < keys->len; i++)
    if (!job_ask(db, &sign_kind, g_ptr_array_index(keys, i), NULL, error))
      return false;
  return true;
}

static JobOutcome
take(const Event *event, void *room, GError **error)
{
  SigningJobs *jobs = room;
  g_autoptr(SigningSet) set = signing_get(jobs->rooms.signing);
  g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func(g_free);
  if (!signing_wanted(&jobs->rooms, jobs->jobs, SIGN_JOB_KIND, set, event, keys, error))
    return JOB_AGAIN;
  if (strcmp(event->type, "signing-rule.removed") == 0 &&
      !signing_run_forget(jobs->rooms.sql, event->subject, error))
    return JOB_AGAIN;
  if (keys->len > 0 && !sql_transact_later(jobs->rooms.sql, ask_all, keys, error))
    return JOB_AGAIN;
  jobs_wake(jobs->jobs);
  return JOB_DONE;
}

static const EventTaker taker = {.name = "signing", .types = signing_events, .take = take};

/* --- doing it --- */

typedef struct {
  const char *rule, *repository, *digest;
  const GError *failure;
} Told;

/* A SqlWork. */
static bool
tell_failed(SqlConnection *db, void *data, GError **error)
{
  const Told *told = data;
  g_autoptr(json_t) more = json_object();
  json_set_string(more, "rule", told->rule);
  json_set_string(more, "repository", told->repository);
  json_set_string(more, "error", told->failure->message);
  return event_tell(db, "signature.failed", told->digest, more, error);
}

/* What people must mend is told at the first try, and all that is not tried any more. */
static JobOutcome
fail(SigningJobs *jobs, const Job *job, const Told *told, bool by_key, GError **error)
{
  bool again = signing_failure_may_pass(told->failure, by_key),
       passes = signing_failure_may_pass(told->failure, false);
  metric_add(&failures, 1);
  log_warning("an image could not be signed", "rule", told->rule, "repository", told->repository,
              "digest", told->digest, "error", told->failure->message, NULL);
  if (!again || (!passes && job_attempt(job) == 1) || job_attempt(job) >= SIGN_ATTEMPTS)
    sql_transact(jobs->rooms.sql, tell_failed, (void *)(uintptr_t)told, NULL);
  g_propagate_error(error, g_error_copy(told->failure));
  return again ? JOB_AGAIN : JOB_FAILED;
}

/* What is there no more, or does not pass, is nothing to be told. */
static JobOutcome
run(Job *job, void *room, GError **error)
{
  SigningJobs *jobs = room;
  g_auto(GStrv) words = g_strsplit(job_key(job), " ", 2);
  char *at = words[0] == NULL || words[1] == NULL ? NULL : strrchr(words[1], '@');
  if (at == NULL)
    return JOB_DONE;
  *at = '\0';
  g_autoptr(GError) failure = NULL;
  g_autoptr(SigningSet) set = signing_get(jobs->rooms.signing);
  const SigningRule *rule = signing_set_rule(set, words[0]);
  if (rule == NULL)
    return JOB_DONE;
  SigningOutcome outcome;
  if (image_signer_sign(jobs->signer, set, rule, words[1], at + 1, true, &outcome,
                        job_cancellable(job), &failure))
    return JOB_DONE;
  if (failure == NULL)
    return JOB_DONE;
  const Told told = {words[0], words[1], at + 1, failure};
  return fail(jobs, job, &told, outcome.by_key, error);
}

static const JobKind sign_kind = {.kind = SIGN_JOB_KIND,
                                  .at_once = 2,
                                  .attempts = SIGN_ATTEMPTS,
                                  .lease = 60,
                                  .back_off = 2,
                                  .kept = true,
                                  .run = run};

/* --- what no event tells --- */

static uint32_t
every_few_seconds(const void *room)
{
  return 10;
}

/* Another as soon as another image may pass, or is to be signed. */
static uint64_t
look_of(const SigningJobs *jobs)
{
  return (__atomic_load_n(&jobs->rooms.pipeline->judgement, __ATOMIC_ACQUIRE) << 24) +
         signing_generation(jobs->rooms.signing) + 1;
}

static bool
ask_soon(void *data, GPtrArray *keys, GError **error)
{
  const SigningJobs *jobs = data;
  bool asked = sql_transact_later(jobs->rooms.sql, ask_all, keys, error);
  jobs_wake(jobs->jobs);
  return asked;
}

static JobOutcome
run_left(Job *job, void *room, GError **error)
{
  SigningJobs *jobs = room;
  uint64_t look = look_of(jobs);
  if (look == jobs->looked)
    return JOB_DONE;
  if (!signing_left_find(&jobs->rooms, jobs->signer, ask_soon, jobs, job_cancellable(job), error))
    return JOB_AGAIN;
  jobs->looked = look;
  return JOB_DONE;
}

static const JobKind left_kind = {.kind = "sign-left",
                                  .at_once = 1,
                                  .back_off = 10,
                                  .first = 5,
                                  .every = every_few_seconds,
                                  .run = run_left};

/* --- what is old --- */

static JobOutcome
run_due(Job *job, void *room, GError **error)
{
  SigningJobs *jobs = room;
  return attest_due_find(&jobs->rooms, g_get_real_time(), ask_soon, jobs, job_cancellable(job),
                         error)
             ? JOB_DONE
             : JOB_AGAIN;
}

static const JobKind due_kind = {.kind = "attest-again",
                                 .at_once = 1,
                                 .back_off = 10,
                                 .first = 5,
                                 .every = every_few_seconds,
                                 .run = run_due};

bool
signing_jobs_sign(SigningJobs *jobs, const char *name, const char *repository,
                  const char *reference, SigningOutcome *outcome, Cancellable *cancellable,
                  GError **error)
{
  g_autoptr(SigningSet) set = signing_get(jobs->rooms.signing);
  const SigningRule *rule = signing_set_rule(set, name);
  if (rule == NULL)
    return error_set(error, ASSAY_ERROR_NOT_FOUND, "there is no signing rule %s", name);
  return image_signer_sign(jobs->signer, set, rule, repository, reference, false, outcome,
                           cancellable, error);
}

SigningJobs *
signing_jobs_new(const SigningRooms *rooms, Jobs *jobs, Outbox *outbox)
{
  static const JobKind *const kinds[] = {&sign_kind, &left_kind, &due_kind, NULL};
  static const EventTaker *const takers[] = {&taker, NULL};
  SigningJobs *made = g_new0(SigningJobs, 1);
  made->rooms = *rooms;
  made->jobs = jobs;
  made->signer = image_signer_new(rooms);
  made->runner = signing_runner_new(rooms, made->signer, jobs, ask_soon, made);
  signing_on_remove(rooms->signing, key_grants_end_of);
  if (!sql_pool_is_read_only(rooms->sql)) {
    jobs_add(jobs, kinds, made);
    outbox_add(outbox, takers, made);
  }
  return made;
}

void
signing_jobs_free(SigningJobs *jobs)
{
  if (jobs == NULL)
    return;
  signing_runner_free(jobs->runner);
  image_signer_free(jobs->signer);
  g_free(jobs);
}

const SigningRooms *
signing_jobs_rooms(const SigningJobs *jobs)
{
  return &jobs->rooms;
}

const ImageSigner *
signing_jobs_signer(const SigningJobs *jobs)
{
  return jobs->signer;
}

SigningRunner *
signing_jobs_runner(SigningJobs *jobs)
{
  return jobs->runner;
}

void
signing_jobs_set_host(SigningJobs *jobs, const char *host)
{
  image_signer_set_host(jobs->signer, host);
}
