/* Alpine's secdb from bytes. */
#include "advisory/feeds/feeds.h"
#include "fuzz-feed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  uint64_t skipped = 0;
  alpine_secdb_parse(slice_new(data, size), "wolfi", &fuzz_sink, &skipped, NULL);
  return 0;
}
