/* Kept jobs: rows of the metadata database. A row is due when its time has come; who takes it up
 * sets that time to the end of the lease, so that it is due again should nobody tell how it
 * ended. What was given up is never due. */
#include "base/error.h"
#include "base/json.h"
#include "jobs/jobs-private.h"

/* Leases that ran out, one after the other: it is what ends the processes. */
#define LOST_MOST 20
/* What was given up is shown for so long. */
#define GIVEN_UP_KEPT ((int64_t)7 * 24 * 3600 * JOBS_SECOND)

bool
job_ask(SqlConnection *db, const JobKind *kind, const char *key, const json_t *arguments,
        GError **error)
{
  g_autofree char *text = arguments == NULL ? NULL : json_to_text(arguments);
  return sql_run(db, NULL, error,
                 "INSERT INTO jobs (kind, key, arguments, asked, due) VALUES ($1, $2, $3, $4, $4) "
                 "ON CONFLICT (kind, key) DO UPDATE SET arguments = excluded.arguments, "
                 "asked = excluded.asked, asks = jobs.asks + 1, attempts = 0, cancelled = 0, "
                 "due = CASE WHEN jobs.owner IS NULL AND (jobs.due IS NULL OR "
                 "jobs.due > excluded.due) THEN excluded.due ELSE jobs.due END",
                 SQL_TEXT(kind->kind), SQL_TEXT(key), SQL_TEXT(text),
                 SQL_INTEGER(g_get_real_time()), SQL_END);
}

bool
job_is_asked(SqlConnection *db, const JobKind *kind, const char *key, bool *asked, GError **error)
{
  g_autoptr(SqlRows) rows = NULL;
  Found found = sql_first(db, &rows, error,
                          "SELECT 1 FROM jobs WHERE kind = $1 AND key = $2 AND due IS NOT NULL",
                          SQL_TEXT(kind->kind), SQL_TEXT(key), SQL_END);
  *asked = found == FOUND;
  return found != FAILED;
}

bool
kept_is_due(SqlConnection *db, const JobKind *kind, int64_t now, bool *due, GError **error)
{
  g_autoptr(SqlRows) rows = NULL;
  Found found =
      sql_first(db, &rows, error, "SELECT 1 FROM jobs WHERE kind = $1 AND due <= $2 LIMIT 1",
                SQL_TEXT(kind->kind), SQL_INTEGER(now), SQL_END);
  *due = found == FOUND;
  return found != FAILED;
}

static Job *
read_claimed(SqlRows *rows, Jobs *jobs, JobQueue *queue, int64_t now)
{
  Job *job = job_new(queue, jobs, sql_rows_text(rows, 0));
  const char *arguments = sql_rows_text(rows, 1);
  if (arguments != NULL)
    job->arguments = json_parse(slice_from_string(arguments), NULL);
  job->attempt = (unsigned)sql_rows_integer(rows, 2) + 1;
  job->asks = sql_rows_integer(rows, 3);
  job->leased_until = now + (int64_t)queue->kind->lease * JOBS_SECOND;
  job->begun = now;
  job->unwanted = sql_rows_integer(rows, 5) != 0;
  job->asked = sql_rows_integer(rows, 6);
  job->fault = g_strdup(sql_rows_text(rows, 7));
  if (sql_rows_integer(rows, 4) <= LOST_MOST)
    return job;
  job->outcome = JOB_FAILED;
  error_set(&job->error, ASSAY_ERROR_FAILED,
            "the server ended while it ran, %d times one after the other", LOST_MOST);
  return job;
}

/* Rows that another process is claiming at this moment are passed over. */
bool
kept_claim(SqlConnection *db, Jobs *jobs, JobQueue *queue, unsigned limit, int64_t now,
           GPtrArray *claimed, GError **error)
{
  Found found;
  g_autoptr(SqlRows) rows = sql_query(
      db, error,
      "UPDATE jobs SET losses = CASE WHEN owner IS NULL THEN 0 ELSE losses + 1 END, owner = $1, "
      "due = $2 WHERE kind = $3 AND due <= $4 AND key IN "
      "(SELECT key FROM jobs WHERE kind = $3 AND due <= $4 ORDER BY due LIMIT $5 " SQL_LOCK_FREE
      ") RETURNING key, arguments, attempts, asks, losses, cancelled, asked, error",
      SQL_TEXT(jobs->owner), SQL_INTEGER(now + (int64_t)queue->kind->lease * JOBS_SECOND),
      SQL_TEXT(queue->kind->kind), SQL_INTEGER(now), SQL_INTEGER(limit), SQL_END);
  while ((found = sql_next(rows, error)) == FOUND)
    g_ptr_array_add(claimed, read_claimed(rows, jobs, queue, now));
  return found == ABSENT;
}

bool
kept_take_back(SqlConnection *db, const Jobs *jobs, const JobKind *kind, int64_t now,
               GError **error)
{
  return sql_run(db, NULL, error,
                 "UPDATE jobs SET due = $1 WHERE kind = $2 AND due > $1 AND owner IS NOT NULL AND "
                 "owner <> $3",
                 SQL_INTEGER(now), SQL_TEXT(kind->kind), SQL_TEXT(jobs->owner), SQL_END);
}

/* Not while it was asked for again. */
static bool
delete_row(SqlConnection *db, const Job *job, bool *deleted, GError **error)
{
  int64_t changed = 0;
  if (!sql_run(db, &changed, error,
               "DELETE FROM jobs WHERE kind = $1 AND key = $2 AND owner = $3 AND asks = $4",
               SQL_TEXT(job->queue->kind->kind), SQL_TEXT(job->key), SQL_TEXT(job->jobs->owner),
               SQL_INTEGER(job->asks), SQL_END))
    return false;
  *deleted = changed > 0;
  return true;
}

/* Nobody's any more; due at @due (NULL: never), or now, had it been asked for again. */
static bool
release_row(SqlConnection *db, const Job *job, SqlValue due, unsigned attempts, int64_t now,
            GError **error)
{
  return sql_run(db, NULL, error,
                 "UPDATE jobs SET owner = NULL, losses = 0, cancelled = 0, error = $5, ended = $6, "
                 "due = CASE WHEN asks = $4 THEN CAST($7 AS BIGINT) ELSE CAST($6 AS BIGINT) END, "
                 "attempts = CASE WHEN asks = $4 THEN CAST($8 AS INTEGER) ELSE 0 END "
                 "WHERE kind = $1 AND key = $2 AND owner = $3",
                 SQL_TEXT(job->queue->kind->kind), SQL_TEXT(job->key), SQL_TEXT(job->jobs->owner),
                 SQL_INTEGER(job->asks), SQL_TEXT(job->error == NULL ? NULL : job->error->message),
                 SQL_INTEGER(now), due, SQL_INTEGER(attempts), SQL_END);
}

bool
kept_end(SqlConnection *db, const Job *job, int64_t now, GError **error)
{
  uint32_t every = *job->key == '\0' ? queue_every(job->queue) : 0;
  bool retried = job_is_retried(job), deleted = false;
  if (job->given_back)
    return release_row(db, job, SQL_INTEGER(now), job->attempt - 1, now, error);
  if (!job->unwanted && retried)
    return release_row(db, job, SQL_INTEGER(job_retry_at(job, now)),
                       job->error == NULL ? 0 : job->attempt, now, error);
  if (every != 0)
    return release_row(db, job, SQL_INTEGER(now + (int64_t)every * JOBS_SECOND), 0, now, error);
  if (!job->unwanted && job->outcome != JOB_DONE)
    return release_row(db, job, SQL_NULL, job->attempt, now, error);
  return delete_row(db, job, &deleted, error) &&
         (deleted || release_row(db, job, SQL_INTEGER(now), 0, now, error));
}

bool
kept_renew(SqlConnection *db, const Job *job, int64_t until, JobHold *hold, GError **error)
{
  g_autoptr(SqlRows) rows = NULL;
  Found found = sql_first(db, &rows, error,
                          "UPDATE jobs SET due = $1 WHERE kind = $2 AND key = $3 AND owner = $4 "
                          "RETURNING cancelled",
                          SQL_INTEGER(until), SQL_TEXT(job->queue->kind->kind), SQL_TEXT(job->key),
                          SQL_TEXT(job->jobs->owner), SQL_END);
  *hold = found != FOUND ? HOLD_LOST : sql_rows_integer(rows, 0) != 0 ? HOLD_CANCELLED : HOLD_OURS;
  return found != FAILED;
}

bool
kept_schedule(SqlConnection *db, const JobQueue *queue, int64_t now, GError **error)
{
  uint32_t every = queue_every(queue);
  int64_t first = now + (int64_t)queue->kind->first * JOBS_SECOND;
  const char *kind = queue->kind->kind;
  if (every == 0)
    return sql_run(db, NULL, error,
                   "DELETE FROM jobs WHERE kind = $1 AND key = '' AND owner IS NULL",
                   SQL_TEXT(kind), SQL_END);
  /* Without `first` it keeps to its time, unless the interval has become shorter. */
  int64_t most = queue->kind->first != 0 ? first : now + (int64_t)every * JOBS_SECOND;
  return sql_run(db, NULL, error,
                 "INSERT INTO jobs (kind, key, asked, due) VALUES ($1, '', $2, $3) "
                 "ON CONFLICT (kind, key) DO NOTHING",
                 SQL_TEXT(kind), SQL_INTEGER(now), SQL_INTEGER(first), SQL_END) &&
         sql_run(db, NULL, error,
                 "UPDATE jobs SET due = CASE WHEN due > $3 THEN CAST($3 AS BIGINT) "
                 "WHEN due > $2 THEN due ELSE CAST($2 AS BIGINT) END "
                 "WHERE kind = $1 AND key = '' AND owner IS NULL",
                 SQL_TEXT(kind), SQL_INTEGER(first), SQL_INTEGER(most), SQL_END);
}

bool
kept_cancel(SqlConnection *db, const JobKind *kind, const char *key, CancelOutcome *outcome,
            GError **error)
{
  int64_t waiting = 0, running = 0;
  if (!sql_run(db, &waiting, error,
               "DELETE FROM jobs WHERE kind = $1 AND key = $2 AND key <> '' AND owner IS NULL",
               SQL_TEXT(kind->kind), SQL_TEXT(key), SQL_END) ||
      !sql_run(db, &running, error,
               "UPDATE jobs SET cancelled = 1 WHERE kind = $1 AND key = $2 AND owner IS NOT NULL",
               SQL_TEXT(kind->kind), SQL_TEXT(key), SQL_END))
    return false;
  *outcome = running > 0 ? CANCEL_ASKED : waiting > 0 ? CANCEL_DROPPED : CANCEL_FOUND_NONE;
  return true;
}

bool
kept_prune(SqlConnection *db, const JobKind *kind, int64_t now, GError **error)
{
  return sql_run(db, NULL, error, "DELETE FROM jobs WHERE kind = $1 AND due IS NULL AND ended < $2",
                 SQL_TEXT(kind->kind), SQL_INTEGER(now - GIVEN_UP_KEPT), SQL_END);
}

bool
kept_count(SqlConnection *db, int64_t now, JobStatus *status, GError **error)
{
  g_autoptr(SqlRows) rows = NULL;
  if (sql_first(db, &rows, error,
                "SELECT count(due), count(*) - count(due), min(CASE WHEN due <= $2 THEN due END), "
                "min(due) FROM jobs WHERE kind = $1 AND owner IS NULL",
                SQL_TEXT(status->kind->kind), SQL_INTEGER(now), SQL_END) != FOUND)
    return false;
  status->waiting += (uint64_t)sql_rows_integer(rows, 0);
  status->given_up = (uint64_t)sql_rows_integer(rows, 1);
  status->oldest = sql_rows_integer(rows, 2);
  status->next = sql_rows_integer(rows, 3);
  return true;
}

/* The rest of a statement: those that nobody runs. */
#define LISTED                                                                                     \
  "SELECT key, asked, due, attempts, error FROM jobs WHERE kind = $1 AND owner IS NULL AND "

static bool
add_listed(SqlConnection *db, const char *statement, unsigned most, JobStatus *status,
           GError **error)
{
  Found found;
  if (status->listed->len >= most)
    return true;
  g_autoptr(SqlRows) rows = sql_query(db, error, statement, SQL_TEXT(status->kind->kind),
                                      SQL_INTEGER(most - status->listed->len), SQL_END);
  while ((found = sql_next(rows, error)) == FOUND) {
    JobWaiting *one = g_new0(JobWaiting, 1);
    one->key = g_strdup(sql_rows_text(rows, 0));
    one->asked = sql_rows_integer(rows, 1);
    one->due = sql_rows_integer(rows, 2); /* NULL is 0 */
    one->attempts = (unsigned)sql_rows_integer(rows, 3);
    one->error = g_strdup(sql_rows_text(rows, 4));
    g_ptr_array_add(status->listed, one);
  }
  return found == ABSENT;
}

bool
kept_list(SqlConnection *db, unsigned most, JobStatus *status, GError **error)
{
  return add_listed(db, LISTED "due IS NOT NULL ORDER BY due LIMIT $2", most, status, error) &&
         add_listed(db, LISTED "due IS NULL ORDER BY asked LIMIT $2", most, status, error);
}
