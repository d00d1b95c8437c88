/* Records of the advisory database, whose file may be damaged. */
#include "advisory/database/record-private.h"
#include "fuzz-feed.h"

static bool
visit(const AdvisoryRange *range, void *data)
{
  return fuzz_take_range(range, NULL, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  Slice record = slice_new(data, size);
  record_decode_ranges(record, "debian:12", "p", visit, NULL, NULL);
  g_autoptr(AdvisoryDetails) details = record_decode_details(record, "CVE-1", NULL);
  if (details != NULL)
    fuzz_take_details(details, NULL, NULL);
  advisory_feed_status_free(record_decode_feed(record, SLICE_LITERAL("feed"), NULL));
  return 0;
}
