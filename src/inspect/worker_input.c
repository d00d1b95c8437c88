/* The packed bytes of a job: a part of standard input, read by position. While it grows, what is
 * read is only what was told to be there, and whoever comes to that end waits. */
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/error.h"
#include "cage/worker_process.h"
#include "inspect/worker-private.h"

static struct {
  GMutex lock; /* guards the rest: threads of one layer may read at once */
  bool grows;
  uint64_t end; /* as far as was told */
} growth;

void
worker_input_grow(WorkerInput *input)
{
  growth.grows = true;
  growth.end = input->at;
  input->end = INT64_MAX;
}

/* Waits until there are bytes after @at, or it is known that there are none. 0: it cannot be known.
 */
static uint64_t
wait_for_end(uint64_t at)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&growth.lock);
  while (growth.grows && growth.end <= at) {
    uint64_t more = 0;
    if (read(WORKER_GROWTH_FD, &more, sizeof more) != sizeof more)
      return 0;
    growth.end += more & (WORKER_GROWTH_END - 1);
    growth.grows = (more & WORKER_GROWTH_END) == 0;
  }
  return growth.end;
}

void
worker_input_settle(WorkerInput *input)
{
  if (input->end == INT64_MAX)
    input->end = MAX(input->at, wait_for_end(INT64_MAX));
}

gssize
worker_input_read(void *data, void *buffer, size_t size, GError **error)
{
  WorkerInput *input = data;
  uint64_t end = input->end != INT64_MAX ? input->end : wait_for_end(input->at);
  size = end <= input->at ? 0 : MIN(size, end - input->at);
  ssize_t got = size == 0 ? 0 : pread(STDIN_FILENO, buffer, size, (off_t)input->at);
  if (got < 0) {
    error_set(error, ASSAY_ERROR_IO, "the layer cannot be read");
    return -1;
  }
  input->at += (uint64_t)got;
  return got;
}
