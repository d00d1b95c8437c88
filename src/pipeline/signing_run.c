/* Signing all images by a rule; see the header. */
#include "pipeline/signing_run-private.h"

#include "base/error.h"
#include "base/log.h"
#include "pipeline/signing_failure.h"
#include "pipeline/signing_walk.h"
#include "pipeline/signing_wanted.h"

/* After so many tries at one place, what fails there is passed over. */
#define TRIES    5u
#define ATTEMPTS 50u

struct SigningRunner {
  SigningRooms rooms;
  ImageSigner *signer;
  Jobs *jobs;
  bool (*again)(void *data, GPtrArray *keys, GError **error);
  void *data;
};

typedef struct {
  SigningRunner *runner;
  SigningSet *set;
  const SigningRule *rule;
  SigningRun *run;
  Job *job;
} Running;

static bool
covers(void *data, const char *repository)
{
  const Running *running = data;
  return signing_run_covers(running->run, running->rule, repository);
}

/* --- counting --- */

static bool
fits(const Running *running, const char *repository, const StoredImage *image)
{
  const char *const *tags = (const char *const *)image->tags;
  return signing_rule_fits(running->rule, repository, tags);
}

static bool
count(void *data, const char *repository, const StoredImage *image, GError **error)
{
  Running *running = data;
  running->run->manifests += fits(running, repository, image);
  return true;
}

static bool
count_all(Running *running, GError **error)
{
  static const SigningWalk walk = {covers, count};
  SigningRunner *runner = running->runner;
  if (running->run->manifests >= 0)
    return true;
  running->run->manifests = 0;
  bool counted = signing_walk(runner->rooms.registry, &walk, running, NULL, NULL,
                              job_cancellable(running->job), error) &&
                 signing_run_note(runner->rooms.sql, running->run, error);
  if (!counted)
    running->run->manifests = -1;
  return counted;
}

/* --- signing --- */

static void
say(SigningRun *run, const char *why)
{
  g_free(run->error);
  run->error = g_strdup(why);
}

static bool
try_by_itself(const Running *running, const char *repository, const StoredImage *image,
              GError **error)
{
  g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func(g_free);
  g_ptr_array_add(keys, signing_job_key(running->rule, repository, image->digest.text));
  return running->runner->again(running->runner->data, keys, error);
}

/* False: the run is to wait, or was cancelled. */
static bool
fail(Running *running, const char *repository, const StoredImage *image, bool by_key,
     GError *failure, GError **error)
{
  SigningRun *run = running->run;
  if (job_cancelled(running->job)) {
    g_error_free(failure);
    return false;
  }
  say(run, failure->message);
  bool passes = signing_failure_may_pass(failure, by_key);
  if (passes && job_attempt(running->job) < TRIES) {
    g_propagate_error(error, failure);
    return false;
  }
  log_warning("an image could not be signed", "rule", run->rule, "repository", repository, "digest",
              image->digest.text, "error", failure->message, NULL);
  g_error_free(failure);
  run->failed++;
  return !passes || try_by_itself(running, repository, image, error);
}

static bool
sign(Running *running, const char *repository, const StoredImage *image, GError **error)
{
  SigningRun *run = running->run;
  SigningRunner *runner = running->runner;
  g_autoptr(GError) why = NULL;
  GError *failure = NULL;
  SigningOutcome outcome;
  SignLook look = image_signer_look(runner->signer, running->set, running->rule, repository,
                                    image->digest.text, &why);
  if (look == SIGN_OTHER)
    return true;
  if (look != SIGN_DUE) {
    run->refused++;
    say(run, why->message);
    return true;
  }
  /* By itself: what is gone by now is nothing to be told. */
  bool done =
      image_signer_sign(runner->signer, running->set, running->rule, repository, image->digest.text,
                        true, &outcome, job_cancellable(running->job), &failure);
  if (done && outcome.made > 0)
    run->made++;
  else if (done)
    run->present++;
  return failure == NULL || fail(running, repository, image, outcome.by_key, failure, error);
}

static bool
sign_one(void *data, const char *repository, const StoredImage *image, GError **error)
{
  Running *running = data;
  SigningRun *run = running->run;
  if (!fits(running, repository, image))
    return true;
  if (!sign(running, repository, image, error))
    return false;
  run->looked++;
  g_free(run->at_repository);
  g_free(run->at_digest);
  run->at_repository = g_strdup(repository);
  run->at_digest = g_strdup(image->digest.text);
  job_progress(running->job, (uint64_t)run->looked, (uint64_t)MAX(run->manifests, run->looked));
  return signing_run_note(running->runner->rooms.sql, run, error);
}

/* --- the job --- */

/* It was cancelled, or could not go on. */
static JobOutcome
stop(Running *running, GError **error)
{
  SigningRun *run = running->run;
  SqlPool *sql = running->runner->rooms.sql;
  if (job_cancelled(running->job)) {
    /* At a stop of the server it goes on at the next start. */
    if (!jobs_are_stopping(running->runner->jobs))
      signing_run_end(sql, run, RUN_CANCELLED, NULL);
    g_clear_error(error);
    return JOB_DONE;
  }
  if (error != NULL && *error != NULL)
    say(run, (*error)->message);
  if (job_attempt(running->job) < ATTEMPTS) {
    signing_run_note(sql, run, NULL);
    return JOB_AGAIN;
  }
  signing_run_end(sql, run, RUN_FAILED, NULL);
  return JOB_FAILED;
}

static JobOutcome
run_rule(Job *job, void *room, GError **error)
{
  static const SigningWalk walk = {covers, sign_one};
  SigningRunner *runner = room;
  g_autoptr(SigningRun) run = NULL;
  g_autoptr(SigningSet) set = signing_get(runner->rooms.signing);
  const SigningRule *rule = signing_set_rule(set, job_key(job));
  switch (signing_run_get(runner->rooms.sql, job_key(job), &run, error)) {
  case FAILED:
    return JOB_AGAIN;
  case ABSENT:
    return JOB_DONE;
  default:
    break;
  }
  if (rule == NULL || run->state != RUN_RUNNING)
    return JOB_DONE;
  Running running = {runner, set, rule, run, job};
  if (!count_all(&running, error) ||
      !signing_walk(runner->rooms.registry, &walk, &running, run->at_repository, run->at_digest,
                    job_cancellable(job), error))
    return stop(&running, error);
  return signing_run_end(runner->rooms.sql, run, RUN_DONE, error) ? JOB_DONE : JOB_AGAIN;
}

static const JobKind run_kind = {.kind = "sign-run",
                                 .at_once = 1,
                                 .attempts = ATTEMPTS,
                                 .lease = 60,
                                 .back_off = 2,
                                 .kept = true,
                                 .run = run_rule};

SigningRunner *
signing_runner_new(const SigningRooms *rooms, ImageSigner *signer, Jobs *jobs,
                   bool (*again)(void *data, GPtrArray *keys, GError **error), void *data)
{
  static const JobKind *const kinds[] = {&run_kind, NULL};
  SigningRunner *runner = g_new0(SigningRunner, 1);
  *runner = (SigningRunner){*rooms, signer, jobs, again, data};
  if (!sql_pool_is_read_only(rooms->sql))
    jobs_add(jobs, kinds, runner);
  return runner;
}

void
signing_runner_free(SigningRunner *runner)
{
  g_free(runner);
}

const SigningRooms *
signing_runner_rooms(const SigningRunner *runner)
{
  return &runner->rooms;
}

ImageSigner *
signing_runner_signer(const SigningRunner *runner)
{
  return runner->signer;
}

static bool
check_rule(SigningRunner *runner, const char *rule, GError **error)
{
  g_autoptr(SigningSet) set = signing_get(runner->rooms.signing);
  return signing_set_rule(set, rule) != NULL ||
         error_set(error, ASSAY_ERROR_NOT_FOUND, "there is no signing rule %s", rule);
}

bool
signing_runner_ask(SigningRunner *runner, const char *rule, const char *repository,
                   const char *asked_by, GError **error)
{
  if (!check_rule(runner, rule, error) ||
      !signing_run_ask(runner->rooms.sql, &run_kind, rule, repository, asked_by, error))
    return false;
  jobs_wake(runner->jobs);
  return true;
}

Found
signing_runner_cancel(SigningRunner *runner, const char *rule, GError **error)
{
  g_autoptr(SigningRun) run = NULL;
  CancelOutcome outcome = CANCEL_FOUND_NONE;
  Found found = signing_run_get(runner->rooms.sql, rule, &run, error);
  if (found != FOUND || run->state != RUN_RUNNING)
    return found == FAILED ? FAILED : ABSENT;
  return signing_run_end(runner->rooms.sql, run, RUN_CANCELLED, error) &&
                 jobs_cancel(runner->jobs, &run_kind, rule, &outcome, error)
             ? FOUND
             : FAILED;
}
