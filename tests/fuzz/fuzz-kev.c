/* The KEV catalog from bytes. */
#include "advisory/feeds/feeds.h"
#include "fuzz-feed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  uint64_t skipped = 0;
  kev_parse(slice_new(data, size), NULL, &fuzz_sink, &skipped, NULL);
  return 0;
}
