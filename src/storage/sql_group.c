/* Transactions that share a commit.
 *
 * SQLite has one writer at a time. One who has done his work while others wait for their turn does
 * not commit: he leaves the transaction of the database open, and the next does his work in a
 * savepoint of it. Who finds nobody waiting commits for all, and each goes on only when that has
 * ended. So pages that all of them touch, and the log's commit, are written once.
 *
 * What each may rely on is what he had alone:
 * - Work that fails is rolled back to its savepoint, and the others know nothing of it.
 * - Where the commit fails, nothing of any of them happened, and all are told. That goes for those
 *   who were refused, too: they may have been refused for what is not there now.
 * - Where a statement makes SQLite roll back the whole transaction (a full disk, an error of it),
 * it fails, and the others are run again, by the rules of SqlWork. */
#include "base/error.h"
#include "storage/sql-private.h"

/* Nobody is a member twice, so that there are never more than threads. */
#define MEMBERS_MAX 64

typedef struct SqlGroup {
  unsigned members; /* so many transactions so far, under the pool's `writing` */
  int64_t changes;  /* of the connection until then */
  GMutex lock;      /* guards what follows */
  GCond changed;
  bool ended;
  uint64_t number; /* of the commit */
  GError *failure; /* why nothing of it happened; or NULL */
} SqlGroup;

static void
group_clear(void *data)
{
  SqlGroup *group = data;
  g_clear_error(&group->failure);
  g_mutex_clear(&group->lock);
  g_cond_clear(&group->changed);
}

static void
group_unref(SqlGroup *group)
{
  g_atomic_rc_box_release_full(group, group_clear);
}

/* Lets those go on who wait for it. @failure: why it was not committed; or NULL. (transfer full) */
static void
end_group(SqlPool *pool, GError *failure, uint64_t number)
{
  SqlGroup *group = pool->group;
  pool->group = NULL;
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&group->lock);
  group->ended = true;
  group->number = number;
  group->failure = failure;
  g_cond_broadcast(&group->changed);
}

static void
commit_group(SqlPool *pool)
{
  SqlConnection *writer = pool->writer;
  GError *failure = NULL;
  uint64_t number = 0;
  bool wrote = sqlite3_total_changes64(writer->handle) != pool->group->changes;
  if (pool->log != NULL)
    sql_log_begin_commit(pool->log);
  int code = sql_run_bare(writer, &writer->commit, "COMMIT");
  if (pool->log != NULL)
    number = sql_log_end_commit(pool->log, wrote && code == SQLITE_OK);
  if (code != SQLITE_OK) {
    sql_set_error(&failure, writer->handle, code, "COMMIT");
    sqlite3_exec(writer->handle, "ROLLBACK", NULL, NULL, NULL);
  }
  end_group(pool, failure, number);
}

/* The others begin anew, as if the database had refused it for what somebody else did. */
static void
roll_back_group(SqlPool *pool)
{
  GError *failure = NULL;
  sqlite3_exec(pool->writer->handle, "ROLLBACK", NULL, NULL, NULL);
  error_set(&failure, ASSAY_ERROR_BUSY, "metadata database: a transaction beside it has failed");
  end_group(pool, failure, 0);
}

static bool
begin_group(SqlPool *pool, GError **error)
{
  SqlConnection *writer = pool->writer;
  if (pool->log != NULL && !sql_log_mend(pool->log, error))
    return false;
  /* IMMEDIATE: the lock is taken here, where BUSY can be told, and not by some statement later. */
  int code = sql_run_bare(writer, &writer->begin, "BEGIN IMMEDIATE");
  if (code != SQLITE_OK)
    return sql_set_error(error, writer->handle, code, "BEGIN");
  SqlGroup *group = g_atomic_rc_box_new0(SqlGroup);
  group->members = 1;
  group->changes = sqlite3_total_changes64(writer->handle);
  g_mutex_init(&group->lock);
  g_cond_init(&group->changed);
  pool->group = group;
  return true;
}

/* The first has no savepoint: nobody is before him whose work is to be kept. */
static bool
join_group(SqlPool *pool, GError **error)
{
  SqlConnection *writer = pool->writer;
  SqlGroup *group = g_atomic_rc_box_acquire(pool->group);
  int code = sql_run_bare(writer, &writer->join, "SAVEPOINT member");
  if (code == SQLITE_OK) {
    group->members++;
    return true;
  }
  sql_set_error(error, writer->handle, code, "SAVEPOINT");
  commit_group(pool);
  group_unref(group);
  return false;
}

SqlConnection *
sql_begin(SqlPool *pool, bool alone, GError **error)
{
  if (pool->read_only != NULL) {
    error_set(error, ASSAY_ERROR_READ_ONLY,
              "%s: the data folder is read-only; mount it for writing and start the server again",
              pool->path);
    return NULL;
  }
  __atomic_add_fetch(&pool->waiting, 1, __ATOMIC_RELAXED);
  g_mutex_lock(&pool->writing);
  __atomic_sub_fetch(&pool->waiting, 1, __ATOMIC_RELAXED);
  __atomic_add_fetch(&pool->begun, 1, __ATOMIC_RELAXED);
  if (alone && pool->group != NULL)
    commit_group(pool);
  if (pool->group == NULL ? begin_group(pool, error) : join_group(pool, error))
    return pool->writer;
  g_mutex_unlock(&pool->writing);
  return NULL;
}

bool
sql_others_queue(const SqlPool *pool)
{
  return __atomic_load_n(&pool->waiting, __ATOMIC_RELAXED) > 0;
}

bool
sql_others_wait(const SqlConnection *db)
{
  return sql_others_queue(db->pool) || db->pool->group->members > 1;
}

uint64_t
sql_transactions_begun(const SqlPool *pool)
{
  return __atomic_load_n(&pool->begun, __ATOMIC_RELAXED);
}

/* Keeps or takes back the work of the last one who joined. False: all is lost. */
static bool
leave_group(SqlConnection *writer, bool done)
{
  if (writer->pool->group->members == 1)
    return done && !sqlite3_get_autocommit(writer->handle);
  if (!done && sqlite3_exec(writer->handle, "ROLLBACK TO member", NULL, NULL, NULL) != SQLITE_OK)
    return false;
  return sql_run_bare(writer, &writer->leave, "RELEASE member") == SQLITE_OK;
}

/* Those who wait have the writer's lock next, and end what is left open. */
static bool
may_stay_open(const SqlPool *pool)
{
  return sql_others_queue(pool) && pool->group->members < MEMBERS_MAX;
}

static bool
wait_for_group(SqlGroup *group, uint64_t *number, GError **error)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&group->lock);
  while (!group->ended)
    g_cond_wait(&group->changed, &group->lock);
  *number = group->number;
  if (group->failure == NULL)
    return true;
  g_clear_error(error);
  g_propagate_error(error, g_error_copy(group->failure));
  return false;
}

bool
sql_end(SqlConnection *writer, bool done, uint64_t *number, GError **error)
{
  SqlPool *pool = writer->pool;
  SqlGroup *group = pool->group;
  bool kept = leave_group(writer, done);
  if (!kept)
    roll_back_group(pool);
  else if (!may_stay_open(pool))
    commit_group(pool);
  g_mutex_unlock(&pool->writing);
  bool committed = kept && wait_for_group(group, number, error);
  group_unref(group);
  if (done && !kept)
    error_set(error, ASSAY_ERROR_IO, "metadata database: the transaction was rolled back");
  return done && committed;
}
