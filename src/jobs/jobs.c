/* Starting, asking, cancelling, stopping; see the header. */
#include "jobs/jobs.h"

#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "jobs/event.h"
#include "jobs/jobs-private.h"

static void
free_known(GHashTable *known)
{
  GHashTableIter iter;
  void *job;
  g_hash_table_iter_init(&iter, known);
  while (g_hash_table_iter_next(&iter, NULL, &job))
    job_free(job);
  g_hash_table_unref(known);
}

static void
queue_free(void *data)
{
  JobQueue *queue = data;
  g_queue_clear(&queue->ready);
  g_queue_clear(&queue->later);
  free_known(queue->known);
  g_free(queue->last_error);
  g_free(queue);
}

Jobs *
jobs_new(SqlPool *sql, unsigned workers)
{
  Jobs *jobs = g_new0(Jobs, 1);
  jobs->sql = sql;
  jobs->owner = g_uuid_string_random();
  jobs->workers = workers;
  jobs->queues = g_ptr_array_new_with_free_func(queue_free);
  jobs->ended = g_ptr_array_new();
  jobs->end = cancellable_new();
  jobs->clock = g_get_real_time() - g_get_monotonic_time();
  jobs->pool = g_thread_pool_new(queue_run, jobs, -1, FALSE, NULL);
  g_mutex_init(&jobs->lock);
  g_cond_init(&jobs->stir);
  g_cond_init(&jobs->changed);
  g_cond_init(&jobs->cancelled);
  return jobs;
}

void
jobs_add(Jobs *jobs, const JobKind *const *kinds, void *room)
{
  for (; *kinds != NULL; kinds++) {
    JobQueue *queue = g_new0(JobQueue, 1);
    queue->kind = *kinds;
    queue->room = room;
    g_queue_init(&queue->ready);
    g_queue_init(&queue->later);
    /* The keys are the jobs'. */
    queue->known = g_hash_table_new(g_str_hash, g_str_equal);
    g_ptr_array_add(jobs->queues, queue);
  }
}

void
jobs_alone(Jobs *jobs)
{
  jobs->alone = true;
}

/* A SqlWork. */
static bool
keep_schedules(SqlConnection *db, void *data, GError **error)
{
  const Jobs *jobs = data;
  int64_t now = g_get_real_time();
  for (guint i = 0; i < jobs->queues->len; i++) {
    const JobQueue *queue = g_ptr_array_index(jobs->queues, i);
    if (!queue->kind->kept)
      continue;
    if (jobs->alone && !kept_take_back(db, jobs, queue->kind, now, error))
      return false;
    if (queue->kind->every != NULL && !kept_schedule(db, queue, now, error))
      return false;
  }
  return true;
}

static bool
start_schedules(Jobs *jobs, GError **error)
{
  int64_t now = g_get_real_time();
  for (guint i = 0; i < jobs->queues->len; i++) {
    const JobQueue *queue = g_ptr_array_index(jobs->queues, i);
    if (!queue->kind->kept && queue_every(queue) != 0)
      jobs_ask_at(jobs, queue->kind, "", now + queue->kind->first * JOBS_SECOND);
  }
  return !keeper_is_needed(jobs) || sql_transact(jobs->sql, keep_schedules, jobs, error);
}

bool
jobs_start(Jobs *jobs, GError **error)
{
  if (!start_schedules(jobs, error))
    return false;
  g_mutex_lock(&jobs->lock);
  jobs->started = true;
  queue_begin_ready(jobs);
  g_mutex_unlock(&jobs->lock);
  jobs->keeper = g_thread_new("jobs", keeper_run, jobs);
  return true;
}

/* --- asking --- */

/* That of the key is to run at @due, too. */
static void
ask_again(JobQueue *queue, Job *job, int64_t due)
{
  if (job->state == JOB_RUNS) {
    job->again_due = job->again ? MIN(job->again_due, due) : due;
    job->again = true;
  } else if (job->state == JOB_WAITS && due < job->due && g_queue_remove(&queue->later, job)) {
    queue_enqueue(queue, job, due);
  }
}

void
jobs_ask_at(Jobs *jobs, const JobKind *kind, const char *key, int64_t due)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&jobs->lock);
  JobQueue *queue = queue_of(jobs, kind);
  if (queue == NULL || jobs->draining)
    return;
  Job *job = g_hash_table_lookup(queue->known, key);
  if (job != NULL) {
    ask_again(queue, job, due);
  } else {
    job = job_new(queue, jobs, key);
    g_hash_table_insert(queue->known, job->key, job);
    queue_enqueue(queue, job, due);
  }
  if (job->state == JOB_WAITS && due > g_get_real_time())
    g_cond_signal(&jobs->stir);
  queue_begin_ready(jobs);
}

void
jobs_ask(Jobs *jobs, const JobKind *kind, const char *key)
{
  jobs_ask_at(jobs, kind, key, 0);
}

void
jobs_wake(Jobs *jobs)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&jobs->lock);
  jobs->woken = true;
  g_cond_signal(&jobs->stir);
}

unsigned
jobs_count(Jobs *jobs, const JobKind *kind)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&jobs->lock);
  const JobQueue *queue = queue_of(jobs, kind);
  return queue == NULL ? 0 : g_hash_table_size(queue->known);
}

/* --- cancelling --- */

/* Of this process. What runs is given to *running (transfer full), to be told without the lock. */
static CancelOutcome
cancel_here(Jobs *jobs, JobQueue *queue, const char *key, Cancellable **running)
{
  Job *job = queue == NULL ? NULL : g_hash_table_lookup(queue->known, key);
  if (job == NULL || job->state == JOB_ENDED || (*key == '\0' && job->state == JOB_WAITS))
    return CANCEL_FOUND_NONE;
  job->unwanted = true;
  if (job->state == JOB_RUNS) {
    *running = cancellable_ref(job->cancellable);
    return CANCEL_ASKED;
  }
  if (!g_queue_remove(&queue->ready, job))
    g_queue_remove(&queue->later, job);
  job->state = JOB_ENDED;
  queue_count_cancelled(queue);
  if (queue->kind->kept) {
    g_ptr_array_add(jobs->ended, job);
    g_cond_signal(&jobs->stir);
    return CANCEL_DROPPED;
  }
  g_hash_table_remove(queue->known, job->key);
  job_free(job);
  return CANCEL_DROPPED;
}

static void
stop_running(Jobs *jobs, Cancellable *running)
{
  cancellable_cancel(running);
  g_mutex_lock(&jobs->lock);
  g_cond_broadcast(&jobs->cancelled);
  g_mutex_unlock(&jobs->lock);
}

typedef struct {
  const JobKind *kind;
  const char *key;
  bool here; /* it was in this process */
  CancelOutcome outcome;
} Cancel;

static bool
tell_cancelled(SqlConnection *db, const Cancel *cancel, GError **error)
{
  g_autofree char *id = *cancel->key == '\0'
                            ? g_strdup(cancel->kind->kind)
                            : g_strconcat(cancel->kind->kind, ":", cancel->key, NULL);
  g_autoptr(json_t) data = json_object();
  json_set_string(data, "state", cancel->outcome == CANCEL_DROPPED ? "removed" : "stopping");
  return event_tell(db, "job.cancelled", id, data, error);
}

/* A SqlWork. Of what is in memory it only tells. */
static bool
cancel_row(SqlConnection *db, void *data, GError **error)
{
  Cancel *cancel = data;
  CancelOutcome outcome = cancel->outcome;
  bool done = cancel->here || !cancel->kind->kept ||
              kept_cancel(db, cancel->kind, cancel->key, &outcome, error);
  cancel->outcome = outcome;
  return done && (outcome == CANCEL_FOUND_NONE || tell_cancelled(db, cancel, error));
}

static void
count_dropped(Jobs *jobs, JobQueue *queue)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&jobs->lock);
  queue_count_cancelled(queue);
}

bool
jobs_cancel(Jobs *jobs, const JobKind *kind, const char *key, CancelOutcome *outcome,
            GError **error)
{
  g_autoptr(Cancellable) running = NULL;
  Cancel cancel = {.kind = kind, .key = key};
  g_mutex_lock(&jobs->lock);
  JobQueue *queue = queue_of(jobs, kind);
  cancel.outcome = cancel_here(jobs, queue, key, &running);
  cancel.here = cancel.outcome != CANCEL_FOUND_NONE;
  g_mutex_unlock(&jobs->lock);
  if (running != NULL)
    stop_running(jobs, running);
  bool told = (!cancel.here && !kind->kept) || sql_pool_is_read_only(jobs->sql) ||
              sql_transact(jobs->sql, cancel_row, &cancel, error);
  *outcome = told || cancel.here ? cancel.outcome : CANCEL_FOUND_NONE;
  if (*outcome == CANCEL_DROPPED && !cancel.here && queue != NULL)
    count_dropped(jobs, queue);
  if (*outcome == CANCEL_DROPPED && kind->dropped != NULL && queue != NULL)
    kind->dropped(key, queue->room);
  return told;
}

const JobKind *
jobs_find_kind(const Jobs *jobs, const char *name)
{
  for (guint i = 0; i < jobs->queues->len; i++) {
    const JobQueue *queue = g_ptr_array_index(jobs->queues, i);
    if (strcmp(queue->kind->kind, name) == 0)
      return queue->kind;
  }
  return NULL;
}

/* --- the end --- */

/* Those that run: all, or those that are not let run to their end. (transfer full) */
static GPtrArray *
collect_running(Jobs *jobs, bool all)
{
  GPtrArray *running = g_ptr_array_new_with_free_func((GDestroyNotify)cancellable_unref);
  for (guint i = 0; i < jobs->queues->len; i++) {
    const JobQueue *queue = g_ptr_array_index(jobs->queues, i);
    GHashTableIter iter;
    void *value;
    g_hash_table_iter_init(&iter, queue->known);
    while ((all || !queue->kind->finishes) && g_hash_table_iter_next(&iter, NULL, &value))
      if (((const Job *)value)->state == JOB_RUNS)
        g_ptr_array_add(running, cancellable_ref(((const Job *)value)->cancellable));
  }
  return running;
}

static void
cancel_running(Jobs *jobs, bool all)
{
  g_mutex_lock(&jobs->lock);
  g_autoptr(GPtrArray) running = collect_running(jobs, all);
  g_mutex_unlock(&jobs->lock);
  for (guint i = 0; i < running->len; i++)
    cancellable_cancel(g_ptr_array_index(running, i));
  g_mutex_lock(&jobs->lock);
  g_cond_broadcast(&jobs->cancelled);
  g_mutex_unlock(&jobs->lock);
}

void
jobs_stop(Jobs *jobs, int64_t end)
{
  g_mutex_lock(&jobs->lock);
  jobs->draining = true;
  g_mutex_unlock(&jobs->lock);
  cancel_running(jobs, false);
  g_mutex_lock(&jobs->lock);
  while (jobs->running > 0 && g_cond_wait_until(&jobs->changed, &jobs->lock, end))
    continue;
  g_mutex_unlock(&jobs->lock);
  cancellable_cancel(jobs->end);
  cancel_running(jobs, true);
}

void
jobs_join(Jobs *jobs)
{
  if (jobs == NULL || jobs->pool == NULL)
    return;
  jobs_stop(jobs, 0);
  g_thread_pool_free(jobs->pool, FALSE, TRUE);
  jobs->pool = NULL;
  g_mutex_lock(&jobs->lock);
  jobs->closing = true;
  g_cond_signal(&jobs->stir);
  g_mutex_unlock(&jobs->lock);
  if (jobs->keeper != NULL)
    g_thread_join(jobs->keeper);
}

void
jobs_free(Jobs *jobs)
{
  if (jobs == NULL)
    return;
  jobs_join(jobs);
  g_ptr_array_unref(jobs->queues);
  g_ptr_array_unref(jobs->ended);
  cancellable_unref(jobs->end);
  g_mutex_clear(&jobs->lock);
  g_cond_clear(&jobs->stir);
  g_cond_clear(&jobs->changed);
  g_cond_clear(&jobs->cancelled);
  g_free(jobs->owner);
  g_free(jobs);
}

Cancellable *
jobs_end(Jobs *jobs)
{
  return jobs->end;
}

bool
jobs_are_stopping(Jobs *jobs)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&jobs->lock);
  return jobs->draining;
}

/* --- for `run` --- */

const char *
job_key(const Job *job)
{
  return job->key;
}

const json_t *
job_argument(const Job *job, const char *name)
{
  return json_object_get(job->arguments, name);
}

bool
job_cancelled(const Job *job)
{
  return cancellable_is_cancelled(job->cancellable);
}

unsigned
job_attempt(const Job *job)
{
  return job->attempt;
}

Cancellable *
job_cancellable(const Job *job)
{
  return job->cancellable;
}

void
job_progress(Job *job, uint64_t done, uint64_t total)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&job->jobs->lock);
  job->progress = done;
  job->progress_total = total;
}

bool
job_sleep(Job *job, int64_t time)
{
  Jobs *jobs = job->jobs;
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&jobs->lock);
  while (!job_cancelled(job) && g_get_monotonic_time() < time)
    g_cond_wait_until(&jobs->cancelled, &jobs->lock, time);
  return !job_cancelled(job);
}
