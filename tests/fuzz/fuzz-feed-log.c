/* What was kept of a feed's reading, whose file may be damaged in spite of its checksums. */
#include "advisory/feed_log-private.h"
#include "fuzz-feed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  g_autoptr(GPtrArray) notes = g_ptr_array_new_with_free_func(g_free);
  feed_log_replay(slice_new(data, size), &fuzz_sink, notes, NULL);
  return 0;
}
