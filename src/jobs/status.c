/* How the jobs stand, for people. */
#include "base/log.h"
#include "base/metrics.h"
#include "jobs/jobs-private.h"
#include "jobs/kept_state.h"

static void
running_free(void *data)
{
  JobRunning *running = data;
  g_free(running->key);
  g_free(running->error);
  g_free(running);
}

static void
status_free(void *data)
{
  JobStatus *status = data;
  g_free(status->last_error);
  g_ptr_array_unref(status->running);
  g_ptr_array_unref(status->listed);
  g_free(status);
}

static void
add_running(JobStatus *status, const JobQueue *queue)
{
  GHashTableIter iter;
  void *value;
  g_hash_table_iter_init(&iter, queue->known);
  while (g_hash_table_iter_next(&iter, NULL, &value)) {
    const Job *job = value;
    if (job->state != JOB_RUNS)
      continue;
    JobRunning *running = g_new0(JobRunning, 1);
    running->key = g_strdup(job->key);
    running->begun = job->begun;
    running->done = job->progress;
    running->total = job->progress_total;
    running->attempt = job->attempt;
    running->error = g_strdup(job->fault);
    g_ptr_array_add(status->running, running);
  }
}

static void
count_waiting(JobStatus *status, const JobQueue *queue)
{
  const GList *first_ready = queue->ready.head, *first_later = queue->later.head;
  const Job *first = first_ready == NULL ? NULL : first_ready->data;
  const Job *later = first_later == NULL ? NULL : first_later->data;
  /* Of kept ones, those that are claimed; the others are rows. */
  status->waiting = queue->ready.length + queue->later.length;
  status->oldest = first == NULL ? 0 : first->due;
  status->next = first != NULL ? first->due : later != NULL ? later->due : 0;
}

static void
list_waiting(JobStatus *status, const GQueue *waiting, unsigned most)
{
  for (const GList *each = waiting->head; each != NULL && status->listed->len < most;
       each = each->next) {
    const Job *job = each->data;
    JobWaiting *one = g_new0(JobWaiting, 1);
    one->key = g_strdup(job->key);
    one->asked = job->asked;
    one->due = job->due;
    one->attempts = job->attempt - 1;
    one->error = g_strdup(job->fault);
    g_ptr_array_add(status->listed, one);
  }
}

static JobStatus *
status_of(const JobQueue *queue, unsigned most)
{
  JobStatus *status = g_new0(JobStatus, 1);
  status->kind = queue->kind;
  status->done = queue->done;
  status->tried_again = queue->tried_again;
  status->failed = queue->failed;
  status->cancelled = queue->cancelled;
  status->seconds = queue->seconds;
  status->last_ended = queue->last_ended;
  status->last_error = g_strdup(queue->last_error);
  status->last_error_at = queue->last_error_at;
  status->running = g_ptr_array_new_with_free_func(running_free);
  status->listed = g_ptr_array_new_with_free_func((GDestroyNotify)job_waiting_free);
  add_running(status, queue);
  count_waiting(status, queue);
  list_waiting(status, &queue->ready, most);
  list_waiting(status, &queue->later, most);
  return status;
}

GPtrArray *
jobs_status(Jobs *jobs, unsigned most, GError **error)
{
  g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(status_free);
  g_mutex_lock(&jobs->lock);
  for (guint i = 0; i < jobs->queues->len; i++)
    g_ptr_array_add(all, status_of(g_ptr_array_index(jobs->queues, i), most));
  g_mutex_unlock(&jobs->lock);
  g_autoptr(SqlConnection) db = sql_acquire(jobs->sql, error);
  if (db == NULL)
    return NULL;
  int64_t now = g_get_real_time();
  for (guint i = 0; i < all->len; i++) {
    JobStatus *status = g_ptr_array_index(all, i);
    if (!status->kind->kept)
      continue;
    if (!kept_count(db, now, status, error) || !kept_list(db, most, status, error))
      return NULL;
  }
  return g_steal_pointer(&all);
}

/* --- metrics --- */

static double
age_of(const JobStatus *status)
{
  int64_t now = g_get_real_time();
  return status->oldest == 0 || status->oldest > now ? 0
                                                     : (double)(now - status->oldest) / JOBS_SECOND;
}

typedef double (*Measure)(const JobStatus *status);

static double
count_of_waiting(const JobStatus *status)
{
  return (double)status->waiting;
}

static double
count_of_running(const JobStatus *status)
{
  return status->running->len;
}

static double
count_of_given_up(const JobStatus *status)
{
  return (double)status->given_up;
}

static void
write_gauge(const GPtrArray *all, GString *out, const char *name, const char *help, Measure measure)
{
  metrics_head(out, name, help);
  for (guint i = 0; i < all->len; i++) {
    const JobStatus *status = g_ptr_array_index(all, i);
    metrics_sample(out, name, measure(status), "kind", status->kind->kind, NULL);
  }
}

void
jobs_write_metrics(Jobs *jobs, GString *out)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) all = jobs_status(jobs, 0, &error);
  if (all == NULL) {
    log_warning("the jobs cannot be counted", "error", error->message, NULL);
    return;
  }
  write_gauge(all, out, "assay_jobs_waiting", "Jobs that wait to be run.", count_of_waiting);
  write_gauge(all, out, "assay_jobs_running", "Jobs at work in this process.", count_of_running);
  write_gauge(all, out, "assay_jobs_oldest_seconds",
              "How long the first of those that are due has waited.", age_of);
  write_gauge(all, out, "assay_jobs_given_up", "Kept jobs that are not tried any more.",
              count_of_given_up);
}
