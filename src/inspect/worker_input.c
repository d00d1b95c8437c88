/* The packed bytes of a job: a part of standard input, read by position. While it grows, what is
 * read is only what was told to be there, and whoever comes to that end waits. */
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

/* Waits until there are bytes after @at, or it is known that there are none: false: it cannot be
 * known. */
static bool
wait_for_end(uint64_t at, uint64_t *end)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&growth.lock);
  while (growth.grows && growth.end <= at) {
    uint64_t told = 0;
    if (read(WORKER_GROWTH_FD, &told, sizeof told) != (ssize_t)sizeof told)
      return false;
    growth.end = MAX(growth.end, told & ~WORKER_GROWTH_END);
    growth.grows = (told & WORKER_GROWTH_END) == 0;
  }
  *end = growth.end;
  return true;
}

bool
worker_input_settle(WorkerInput *input, GError **error)
{
  uint64_t end = input->end;
  if (end == INT64_MAX && !wait_for_end(INT64_MAX, &end))
    return error_set(error, ASSAY_ERROR_IO, "nobody tells where the layer ends");
  input->end = MAX(input->at, end);
  return true;
}

gssize
worker_input_read(void *data, void *buffer, size_t size, GError **error)
{
  WorkerInput *input = data;
  uint64_t end = input->end;
  if (end == INT64_MAX && !wait_for_end(input->at, &end)) {
    error_set(error, ASSAY_ERROR_IO, "nobody tells what of the layer is there");
    return -1;
  }
  size = end <= input->at ? 0 : MIN(size, end - input->at);
  ssize_t got = size == 0 ? 0 : pread(STDIN_FILENO, buffer, size, (off_t)input->at);
  if (got < 0) {
    error_set(error, ASSAY_ERROR_IO, "the layer cannot be read");
    return -1;
  }
  input->at += (uint64_t)got;
  return got;
}
