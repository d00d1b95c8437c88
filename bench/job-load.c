/* Kept jobs a second on SQLite, as the server keeps them: asked for a hundred in a transaction, as
 * a rematch asks, claimed, run (nothing) and ended. Prints the number; the folder is the argument.
 */
#include <stdio.h>

#include "jobs/jobs.h"
#include "jobs/schema.h"

#define JOBS          20000
#define ASKED_AT_ONCE 100

static gint done;

static JobOutcome
count(Job *job, void *room, GError **error)
{
  g_atomic_int_inc(&done);
  return JOB_DONE;
}

static const JobKind counted = {
    .kind = "counted", .at_once = 4, .attempts = 3, .lease = 60, .kept = true, .run = count};

static void
fail(const GError *error)
{
  fprintf(stderr, "job-load: %s\n", error->message);
  exit(1);
}

static bool
ask(SqlConnection *db, void *data, GError **error)
{
  int first = *(int *)data;
  for (int i = first; i < first + ASKED_AT_ONCE; i++) {
    char key[16];
    g_snprintf(key, sizeof key, "%d", i);
    if (!job_ask(db, &counted, key, NULL, error))
      return false;
  }
  return true;
}

static int64_t
rows_left(SqlPool *sql)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(SqlRows) rows = NULL;
  g_autoptr(SqlConnection) db = sql_acquire(sql, &error);
  if (db == NULL || sql_first(db, &rows, &error, "SELECT count(*) FROM jobs", SQL_END) != FOUND)
    fail(error);
  return sql_rows_integer(rows, 0);
}

int
main(int argc, char **argv)
{
  static const JobKind *const kinds[] = {&counted, NULL};
  static const Schema *const schemas[] = {&jobs_schema, NULL};
  g_autoptr(GError) error = NULL;
  g_autofree char *url = g_strdup_printf("sqlite:%s/metadata.db", argc > 1 ? argv[1] : ".");
  g_autoptr(SqlPool) sql = sql_pool_open(url, schemas, true, &error);
  if (sql == NULL)
    fail(error);
  g_autoptr(Jobs) jobs = jobs_new(sql, 2);
  jobs_add(jobs, kinds, NULL);
  if (!jobs_start(jobs, &error))
    fail(error);
  int64_t begun = g_get_monotonic_time();
  for (int first = 0; first < JOBS; first += ASKED_AT_ONCE) {
    if (!sql_transact(sql, ask, &first, &error))
      fail(error);
    jobs_wake(jobs);
  }
  while (rows_left(sql) > 0)
    g_usleep(1000);
  double seconds = (double)(g_get_monotonic_time() - begun) / G_USEC_PER_SEC;
  if (g_atomic_int_get(&done) < JOBS) {
    fprintf(stderr, "job-load: only %d of %d ran\n", g_atomic_int_get(&done), JOBS);
    return 1;
  }
  printf("%.0f\n", JOBS / seconds);
  return 0;
}
