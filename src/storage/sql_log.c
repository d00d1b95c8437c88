/* The sync of SQLite's write-ahead log; see the header. */
#include "storage/sql_log-private.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/metrics.h"
#include "storage/fault-private.h"

METRIC(syncs, COUNTER("assay_database_syncs_total",
                      "Syncs of the database's log; each is for all commits that wait."));

#define MEND_STEP ((size_t)1024 * 1024)

struct SqlLog {
  int fd;
  char *path;
  GMutex lock; /* guards what follows */
  GCond changed;
  uint64_t committed, synced; /* numbers of commits */
  bool committing;            /* SQLite is at a COMMIT, which has no number yet */
  bool syncing;               /* one of those who wait, for all */
  int failure;                /* errno of a sync that failed, until it is mended; or 0 */
};

SqlLog *
sql_log_open(const char *path, GError **error)
{
  g_autofree char *log_path = g_strconcat(path, "-wal", NULL);
  auto_fd int fd = open(log_path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  g_autofree char *folder = g_path_get_dirname(path);
  if (fd < 0) {
    error_set_errno(error, errno, "open %s", log_path);
    return NULL;
  }
  if (!directory_sync(AT_FDCWD, folder, error))
    return NULL;
  SqlLog *log = g_new0(SqlLog, 1);
  log->fd = fd_steal(&fd);
  log->path = g_steal_pointer(&log_path);
  g_mutex_init(&log->lock);
  g_cond_init(&log->changed);
  return log;
}

void
sql_log_free(SqlLog *log)
{
  if (log == NULL)
    return;
  fd_clear(&log->fd);
  g_mutex_clear(&log->lock);
  g_cond_clear(&log->changed);
  g_free(log->path);
  g_free(log);
}

void
sql_log_begin_commit(SqlLog *log)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&log->lock);
  log->committing = true;
}

uint64_t
sql_log_end_commit(SqlLog *log, bool wrote)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&log->lock);
  log->committing = false;
  log->committed += wrote;
  g_cond_broadcast(&log->changed);
  return log->committed;
}

uint64_t
sql_log_last(SqlLog *log)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&log->lock);
  while (log->committing)
    g_cond_wait(&log->changed, &log->lock);
  return log->committed;
}

/* With the lock held, which it gives up meanwhile. */
static void
sync_for_all(SqlLog *log)
{
  uint64_t number = log->committed;
  log->syncing = true;
  g_mutex_unlock(&log->lock);
  metric_add(&syncs, 1);
  int failure = io_sync_log(log->fd) < 0 ? errno : 0;
  g_mutex_lock(&log->lock);
  log->syncing = false;
  log->failure = failure;
  if (failure == 0)
    log->synced = number;
  g_cond_broadcast(&log->changed);
}

bool
sql_log_wait(SqlLog *log, uint64_t number, GError **error)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&log->lock);
  while (log->synced < number && log->failure == 0) {
    if (log->syncing)
      g_cond_wait(&log->changed, &log->lock);
    else
      sync_for_all(log);
  }
  return log->synced >= number || error_set_errno(error, log->failure, "sync %s", log->path);
}

/* The same bytes in the same place, so that readers need not be held off. */
static bool
write_anew(const SqlLog *log, GError **error)
{
  g_autofree uint8_t *bytes = g_malloc(MEND_STEP);
  for (off_t at = 0;;) {
    ssize_t got = pread(log->fd, bytes, MEND_STEP, at);
    if (got == 0)
      break;
    ssize_t written = got < 0 ? got : io_pwrite(log->fd, bytes, (size_t)got, at);
    if (written < 0 && errno != EINTR)
      return error_set_errno(error, errno, "write %s anew after a sync that failed", log->path);
    at += MAX(written, 0);
  }
  return io_sync_log(log->fd) == 0 ||
         error_set_errno(error, errno, "sync %s, which has failed before", log->path);
}

bool
sql_log_mend(SqlLog *log, GError **error)
{
  g_mutex_lock(&log->lock);
  bool broken = log->failure != 0;
  g_mutex_unlock(&log->lock);
  if (!broken)
    return true;
  /* Nobody syncs while it is broken, and nobody else commits. */
  if (!write_anew(log, error))
    return false;
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&log->lock);
  log->failure = 0;
  log->synced = log->committed;
  return true;
}
