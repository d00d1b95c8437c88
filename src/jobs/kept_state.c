/* How kept jobs stand; see the header. */
#include "jobs/kept_state.h"

void
job_waiting_free(JobWaiting *job)
{
  if (job == NULL)
    return;
  g_free(job->key);
  g_free(job->error);
  g_free(job);
}

#define COLUMNS "SELECT key, asked, due, attempts, error FROM jobs WHERE kind = $1 AND "

static JobWaiting *
take(SqlRows *rows)
{
  JobWaiting *job = g_new0(JobWaiting, 1);
  job->key = g_strdup(sql_rows_text(rows, 0));
  job->asked = sql_rows_integer(rows, 1);
  job->due = sql_rows_integer(rows, 2); /* NULL is 0 */
  job->attempts = (unsigned)sql_rows_integer(rows, 3);
  job->error = g_strdup(sql_rows_text(rows, 4));
  return job;
}

Found
kept_job_find(SqlPool *sql, const char *kind, const char *key, JobWaiting **job, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return FAILED;
  g_autoptr(SqlRows) rows = NULL;
  Found found =
      sql_first(db, &rows, error, COLUMNS "key = $2", SQL_TEXT(kind), SQL_TEXT(key), SQL_END);
  *job = found == FOUND ? take(rows) : NULL;
  return found;
}

GPtrArray *
kept_jobs_failing(SqlPool *sql, const char *kind, unsigned limit, GError **error)
{
  Found found;
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(GPtrArray) jobs = g_ptr_array_new_with_free_func((GDestroyNotify)job_waiting_free);
  g_autoptr(SqlRows) rows =
      sql_query(db, error, COLUMNS "error IS NOT NULL ORDER BY asked LIMIT $2", SQL_TEXT(kind),
                SQL_INTEGER(limit), SQL_END);
  while ((found = sql_next(rows, error)) == FOUND)
    g_ptr_array_add(jobs, take(rows));
  return found == FAILED ? NULL : g_steal_pointer(&jobs);
}
