/* The fault-injection seam of storage; see the header. */
#include "storage/fault.h"

#include <glib.h>

#include "storage/fault-private.h"

#ifdef ASSAY_FAULT_INJECTION
static int calls_left = -1;
static int fault_errno;
static bool fault_once;

void
io_fault_after(int calls, int errno_value)
{
  calls_left = calls;
  fault_errno = errno_value;
  fault_once = false;
}

void
io_fault_once(int calls, int errno_value)
{
  io_fault_after(calls, errno_value);
  fault_once = true;
}

bool
io_fault(void)
{
  if (calls_left < 0)
    return false;
  if (calls_left > 0) {
    calls_left--;
    return false;
  }
  if (fault_once)
    calls_left = -1;
  errno = fault_errno;
  return true;
}

static LogSyncWatch log_watch;

void
fault_watch_log(LogSyncWatch watch)
{
  __atomic_store_n(&log_watch, watch, __ATOMIC_SEQ_CST);
}

bool
log_sync_fault(int fd, bool done)
{
  const char *slow = done ? NULL : g_getenv(SLOW_SYNC_VARIABLE);
  if (slow != NULL)
    g_usleep((gulong)g_ascii_strtoull(slow, NULL, 10));
  LogSyncWatch watch = __atomic_load_n(&log_watch, __ATOMIC_SEQ_CST);
  bool fails = watch != NULL && !watch(fd, done);
  if (fails)
    errno = EIO;
  return fails;
}

static int refused_commits;

void
fault_refuse_commits(int count)
{
  __atomic_store_n(&refused_commits, count, __ATOMIC_SEQ_CST);
}

bool
commit_fault(bool first)
{
  if (first && g_getenv(RUN_TWICE_VARIABLE) != NULL)
    return true;
  int left = __atomic_load_n(&refused_commits, __ATOMIC_SEQ_CST);
  if (left > 0)
    fault_refuse_commits(left - 1);
  return left > 0;
}
#endif
