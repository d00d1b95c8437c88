/* The packed bytes of a job: a part of standard input, read by position. */
#include <unistd.h>

#include "base/error.h"
#include "inspect/worker-private.h"

gssize
worker_input_read(void *data, void *buffer, size_t size, GError **error)
{
  WorkerInput *input = data;
  size = MIN(size, input->end - input->at);
  ssize_t got = size == 0 ? 0 : pread(STDIN_FILENO, buffer, size, (off_t)input->at);
  if (got < 0) {
    error_set(error, ASSAY_ERROR_IO, "the layer cannot be read");
    return -1;
  }
  input->at += (uint64_t)got;
  return got;
}
