/* How the jobs stand, for people. */
#include "base/log.h"
#include "jobs/jobs-private.h"

static void
running_free(void *data)
{
  JobRunning *running = data;
  g_free(running->key);
  g_free(running);
}

static void
status_free(void *data)
{
  JobStatus *status = data;
  g_free(status->last_error);
  g_ptr_array_unref(status->running);
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

static JobStatus *
status_of(const JobQueue *queue)
{
  JobStatus *status = g_new0(JobStatus, 1);
  status->kind = queue->kind;
  status->done = queue->done;
  status->tried_again = queue->tried_again;
  status->failed = queue->failed;
  status->seconds = queue->seconds;
  status->last_ended = queue->last_ended;
  status->last_error = g_strdup(queue->last_error);
  status->last_error_at = queue->last_error_at;
  status->running = g_ptr_array_new_with_free_func(running_free);
  add_running(status, queue);
  count_waiting(status, queue);
  return status;
}

GPtrArray *
jobs_status(Jobs *jobs, GError **error)
{
  g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(status_free);
  g_mutex_lock(&jobs->lock);
  for (guint i = 0; i < jobs->queues->len; i++)
    g_ptr_array_add(all, status_of(g_ptr_array_index(jobs->queues, i)));
  g_mutex_unlock(&jobs->lock);
  g_autoptr(SqlConnection) db = sql_acquire(jobs->sql, SQL_READ, error);
  if (db == NULL)
    return NULL;
  int64_t now = g_get_real_time();
  for (guint i = 0; i < all->len; i++) {
    JobStatus *status = g_ptr_array_index(all, i);
    if (status->kind->kept && !kept_count(db, now, status, error))
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

static void
write_gauges(const GPtrArray *all, GString *out)
{
  g_autoptr(GString) running = g_string_new("# HELP assay_jobs_running Jobs at work.\n"
                                            "# TYPE assay_jobs_running gauge\n");
  g_autoptr(GString) oldest =
      g_string_new("# HELP assay_jobs_oldest_seconds How long the first of those that are due has "
                   "waited.\n# TYPE assay_jobs_oldest_seconds gauge\n");
  g_autoptr(GString) given_up =
      g_string_new("# HELP assay_jobs_given_up Kept jobs that are not tried any more.\n"
                   "# TYPE assay_jobs_given_up gauge\n");
  g_string_append(out, "# HELP assay_jobs_waiting Jobs that wait to be run.\n"
                       "# TYPE assay_jobs_waiting gauge\n");
  for (guint i = 0; i < all->len; i++) {
    const JobStatus *status = g_ptr_array_index(all, i);
    const char *kind = status->kind->kind;
    g_string_append_printf(out, "assay_jobs_waiting{kind=\"%s\"} %" G_GUINT64_FORMAT "\n", kind,
                           status->waiting);
    g_string_append_printf(running, "assay_jobs_running{kind=\"%s\"} %u\n", kind,
                           status->running->len);
    g_string_append_printf(oldest, "assay_jobs_oldest_seconds{kind=\"%s\"} %.3f\n", kind,
                           age_of(status));
    if (status->kind->kept)
      g_string_append_printf(given_up, "assay_jobs_given_up{kind=\"%s\"} %" G_GUINT64_FORMAT "\n",
                             kind, status->given_up);
  }
  g_string_append_printf(out, "%s%s%s", running->str, oldest->str, given_up->str);
}

static void
write_counters(const GPtrArray *all, GString *out)
{
  g_autoptr(GString) seconds =
      g_string_new("# HELP assay_job_seconds_total How long they ran, together.\n"
                   "# TYPE assay_job_seconds_total counter\n");
  g_string_append(out, "# HELP assay_jobs_total Runs of jobs, by how they ended.\n"
                       "# TYPE assay_jobs_total counter\n");
  for (guint i = 0; i < all->len; i++) {
    const JobStatus *status = g_ptr_array_index(all, i);
    const char *kind = status->kind->kind;
    g_string_append_printf(out,
                           "assay_jobs_total{kind=\"%s\",outcome=\"done\"} %" G_GUINT64_FORMAT "\n"
                           "assay_jobs_total{kind=\"%s\",outcome=\"again\"} %" G_GUINT64_FORMAT "\n"
                           "assay_jobs_total{kind=\"%s\",outcome=\"failed\"} %" G_GUINT64_FORMAT
                           "\n",
                           kind, status->done, kind, status->tried_again, kind, status->failed);
    g_string_append_printf(seconds, "assay_job_seconds_total{kind=\"%s\"} %.3f\n", kind,
                           status->seconds);
  }
  g_string_append(out, seconds->str);
}

void
jobs_write_metrics(Jobs *jobs, GString *out)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) all = jobs_status(jobs, &error);
  if (all == NULL) {
    log_warning("the jobs cannot be counted", "error", error->message, NULL);
    return;
  }
  write_gauges(all, out);
  write_counters(all, out);
}
