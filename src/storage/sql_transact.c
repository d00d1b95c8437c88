/* Transactions that are run again where the database asks for it; see sql.h. */
#include "base/error.h"
#include "storage/fault-private.h"
#include "storage/sql-private.h"

#define ATTEMPTS_MAX  5
#define FIRST_WAIT_US 2000

static _Thread_local struct {
  SqlWork guard;
  void *data;
  bool looks;
} guarded;

void
sql_guard_transactions(SqlWork guard, void *data, bool looks)
{
  guarded.guard = guard;
  guarded.data = data;
  guarded.looks = looks;
}

static bool
guard_allows(SqlConnection *db, GError **error)
{
  return guarded.guard == NULL || guarded.guard(db, guarded.data, error);
}

static bool
refused_by_test(bool first, GError **error)
{
  return commit_fault(first) &&
         !error_set(error, ASSAY_ERROR_BUSY, "metadata database: refused by a test");
}

/* *waited: the lock did not come although it was waited for; to wait once more is the caller's. */
static bool
transact_once(SqlPool *pool, SqlWork work, void *data, bool first, bool *waited, uint64_t *number,
              GError **error)
{
  SqlConnection *db = sql_begin(pool, guarded.looks, error);
  *waited = db == NULL;
  if (db == NULL)
    return false;
  bool done = guard_allows(db, error) && work(db, data, error) && !refused_by_test(first, error);
  return sql_end(db, done, number, error);
}

/* *number: of its commit, to wait for. */
static bool
transact(SqlPool *pool, SqlWork work, void *data, uint64_t *number, GError **error)
{
  for (unsigned attempt = 1;; attempt++) {
    g_autoptr(GError) failure = NULL;
    bool waited = false;
    if (transact_once(pool, work, data, attempt == 1, &waited, number, &failure))
      return true;
    if (waited || attempt == ATTEMPTS_MAX ||
        !g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_BUSY)) {
      g_propagate_error(error, g_steal_pointer(&failure));
      return false;
    }
    /* Two that were in each other's way do not meet again. */
    gulong wait = FIRST_WAIT_US << attempt;
    g_usleep(wait / 2 + (gulong)g_random_int_range(0, (gint32)wait));
  }
}

bool
sql_transact(SqlPool *pool, SqlWork work, void *data, GError **error)
{
  uint64_t number = 0;
  return transact(pool, work, data, &number, error) &&
         (pool->log == NULL || sql_log_wait(pool->log, number, error));
}

bool
sql_transact_later(SqlPool *pool, SqlWork work, void *data, GError **error)
{
  uint64_t number = 0;
  return transact(pool, work, data, &number, error);
}

bool
sql_settle(SqlPool *pool, GError **error)
{
  if (pool->log == NULL || sql_log_wait(pool->log, sql_log_last(pool->log), NULL))
    return true;
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pool->writing);
  return sql_log_mend(pool->log, error);
}

typedef struct {
  int64_t *changed;
  const char *text;
  va_list *args;
} OneStatement;

static bool
run_one(SqlConnection *db, void *data, GError **error)
{
  OneStatement *one = data;
  va_list args;
  va_copy(args, *one->args);
  bool ran = sql_run_valist(db, one->changed, error, one->text, args);
  va_end(args);
  return ran;
}

bool
sql_write(SqlPool *pool, int64_t *changed, GError **error, const char *text, ...)
{
  va_list args;
  va_start(args, text);
  OneStatement one = {changed, text, &args};
  bool written = sql_transact(pool, run_one, &one, error);
  va_end(args);
  return written;
}

bool
sql_write_later(SqlPool *pool, int64_t *changed, GError **error, const char *text, ...)
{
  va_list args;
  va_start(args, text);
  OneStatement one = {changed, text, &args};
  bool written = sql_transact_later(pool, run_one, &one, error);
  va_end(args);
  return written;
}
