/* The jobs of this process: what waits, what is due, what runs. All of it with the lock held,
 * except `run` itself. */
#include "base/log.h"
#include "base/metrics.h"
#include "jobs/jobs-private.h"

METRIC(runs, COUNTER_OF("assay_jobs_total", "Runs of jobs, by how they ended.", "kind", "outcome"));
METRIC(durations, SECONDS_OF("assay_job_duration_seconds", "How long jobs ran.", "kind"));

#define BACK_OFF_MOST ((int64_t)3600 * JOBS_SECOND)

JobQueue *
queue_of(Jobs *jobs, const JobKind *kind)
{
  for (guint i = 0; i < jobs->queues->len; i++) {
    JobQueue *queue = g_ptr_array_index(jobs->queues, i);
    if (queue->kind == kind)
      return queue;
  }
  return NULL;
}

Job *
job_new(JobQueue *queue, Jobs *jobs, const char *key)
{
  Job *job = g_new0(Job, 1);
  job->jobs = jobs;
  job->queue = queue;
  job->key = g_strdup(key);
  job->request_id = g_strdup(log_get_request_id());
  job->cancellable = cancellable_new();
  job->attempt = 1;
  job->asked = g_get_real_time();
  return job;
}

void
job_free(Job *job)
{
  g_free(job->key);
  g_free(job->fault);
  g_free(job->request_id);
  json_decref(job->arguments);
  cancellable_unref(job->cancellable);
  g_clear_error(&job->error);
  g_free(job);
}

uint32_t
queue_every(const JobQueue *queue)
{
  return queue->kind->every == NULL ? 0 : queue->kind->every(queue->room);
}

static int
compare_due(gconstpointer a, gconstpointer b, gpointer data)
{
  int64_t left = ((const Job *)a)->due, right = ((const Job *)b)->due;
  return left < right ? -1 : left > right;
}

void
queue_enqueue(JobQueue *queue, Job *job, int64_t due)
{
  int64_t now = g_get_real_time();
  job->due = MAX(due, now);
  job->state = JOB_WAITS;
  if (due <= now)
    g_queue_push_tail(&queue->ready, job);
  else
    g_queue_insert_sorted(&queue->later, job, compare_due, NULL);
}

int64_t
queue_advance(JobQueue *queue, int64_t now)
{
  for (Job *first = g_queue_peek_head(&queue->later); first != NULL;
       first = g_queue_peek_head(&queue->later)) {
    if (first->due > now)
      return first->due;
    g_queue_push_tail(&queue->ready, g_queue_pop_head(&queue->later));
  }
  return G_MAXINT64;
}

void
queue_set_back(JobQueue *queue, int64_t back)
{
  for (GList *each = queue->later.head; each != NULL; each = each->next)
    ((Job *)each->data)->due -= back;
}

unsigned
queue_room(const Jobs *jobs, const JobQueue *queue)
{
  unsigned most = queue->kind->at_once, run = queue->running;
  if (most == 0) {
    most = jobs->workers;
    run = jobs->sharing;
  }
  return run < most ? most - run : 0;
}

/* The next that may run; it counts as running from here on. */
static Job *
take_ready(Jobs *jobs)
{
  if (!jobs->started || jobs->draining)
    return NULL;
  for (guint i = 0; i < jobs->queues->len; i++) {
    JobQueue *queue = g_ptr_array_index(jobs->queues, i);
    if (queue->ready.length == 0 || queue_room(jobs, queue) == 0)
      continue;
    Job *job = g_queue_pop_head(&queue->ready);
    job->state = JOB_RUNS;
    job->begun = g_get_real_time();
    queue->running++;
    jobs->sharing += queue->kind->at_once == 0;
    jobs->running++;
    return job;
  }
  return NULL;
}

void
queue_begin_ready(Jobs *jobs)
{
  for (Job *job = take_ready(jobs); job != NULL; job = take_ready(jobs))
    g_thread_pool_push(jobs->pool, job, NULL);
}

/* --- the end of a job --- */

bool
job_is_retried(const Job *job)
{
  unsigned most = job->queue->kind->attempts;
  return job->outcome == JOB_AGAIN && (job->error == NULL || most == 0 || job->attempt < most);
}

int64_t
job_retry_at(const Job *job, int64_t now)
{
  if (job->error == NULL)
    return now;
  int64_t delay = (int64_t)job->queue->kind->back_off * JOBS_SECOND;
  for (unsigned i = 1; i < job->attempt && delay < BACK_OFF_MOST; i++)
    delay *= 2;
  return now + MIN(delay, BACK_OFF_MOST);
}

static void
count_outcome(JobQueue *queue, const Job *job)
{
  bool in_vain = job->outcome != JOB_DONE && job->error != NULL;
  bool again = in_vain && job_is_retried(job);
  const char *outcome = again ? "again" : in_vain ? "failed" : "done";
  queue->done += !in_vain;
  queue->tried_again += again;
  queue->failed += in_vain && !again;
  series_add(metric_series(&runs, queue->kind->kind, outcome, NULL), 1);
}

void
queue_count_cancelled(JobQueue *queue)
{
  queue->cancelled++;
  series_add(metric_series(&runs, queue->kind->kind, "cancelled", NULL), 1);
}

static void
count_end(const Job *job, int64_t now)
{
  JobQueue *queue = job->queue;
  double seconds = (double)(now - job->begun) / (double)JOBS_SECOND;
  queue->seconds += seconds;
  queue->last_ended = now;
  queue->ended_lately++;
  if (job->unwanted && !job->lost)
    queue_count_cancelled(queue);
  if (job->given_back || job->unwanted)
    return;
  count_outcome(queue, job);
  series_observe(metric_series(&durations, queue->kind->kind, NULL), seconds);
  if (job->error == NULL)
    return;
  g_free(queue->last_error);
  queue->last_error = g_strdup(job->error->message);
  queue->last_error_at = now;
}

/* As it was before it ran. */
static void
renew(Job *job, unsigned attempt)
{
  if (cancellable_is_cancelled(job->cancellable)) {
    cancellable_unref(job->cancellable);
    job->cancellable = cancellable_new();
  }
  g_free(job->fault);
  job->fault = job->error == NULL ? NULL : g_strdup(job->error->message);
  g_clear_error(&job->error);
  job->attempt = attempt;
  job->again = job->unwanted = job->given_back = false;
  job->progress = job->progress_total = 0;
}

static void
end_in_memory(const Jobs *jobs, Job *job, int64_t now)
{
  JobQueue *queue = job->queue;
  uint32_t every = *job->key == '\0' ? queue_every(queue) : 0;
  bool retried = job_is_retried(job) && !job->unwanted;
  bool in_vain = retried && job->error != NULL;
  int64_t due = job->again ? job->again_due
                : retried  ? job_retry_at(job, now)
                           : now + (int64_t)every * JOBS_SECOND;
  if (jobs->draining || (!job->again && !retried && every == 0)) {
    g_hash_table_remove(queue->known, job->key);
    job_free(job);
    return;
  }
  unsigned attempt = in_vain && !job->again ? job->attempt + 1 : 1;
  renew(job, attempt);
  queue_enqueue(queue, job, due);
}

static void
end_job(Jobs *jobs, Job *job)
{
  JobQueue *queue = job->queue;
  int64_t now = g_get_real_time();
  job->state = JOB_ENDED;
  job->given_back = jobs->draining && !job->unwanted && job->outcome != JOB_DONE &&
                    cancellable_is_cancelled(job->cancellable);
  queue->running--;
  jobs->sharing -= queue->kind->at_once == 0;
  jobs->running--;
  count_end(job, now);
  if (queue->kind->kept)
    g_ptr_array_add(jobs->ended, job);
  else
    end_in_memory(jobs, job, now);
  g_cond_signal(&jobs->stir);
  if (jobs->draining)
    g_cond_broadcast(&jobs->changed);
}

static void
run(Job *job)
{
  const JobKind *kind = job->queue->kind;
  if (cancellable_is_cancelled(job->cancellable)) {
    job->outcome = JOB_AGAIN;
    if (job->unwanted && !job->lost && kind->dropped != NULL)
      kind->dropped(job->key, job->queue->room);
    return;
  }
  log_set_request_id(job->request_id);
  job->outcome = kind->run(job, job->queue->room, &job->error);
  log_set_request_id(NULL);
  if (job->error != NULL && !cancellable_is_cancelled(job->cancellable))
    log_warning(job_is_retried(job) ? "a job will be tried again" : "a job failed", "kind",
                kind->kind, "key", *job->key == '\0' ? NULL : job->key, "error",
                job->error->message, NULL);
}

void
queue_run(void *data, void *user_data)
{
  Jobs *jobs = user_data;
  for (Job *job = data; job != NULL;) {
    run(job);
    g_mutex_lock(&jobs->lock);
    end_job(jobs, job);
    job = take_ready(jobs);
    g_mutex_unlock(&jobs->lock);
  }
}
