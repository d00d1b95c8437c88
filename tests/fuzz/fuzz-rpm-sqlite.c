/* RPM databases, from the seeds of this one in the format of sqlite. */
#include "fuzz-bytes.h"
#include "inspect/packages/packages.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  g_autoptr(LayerInventory) inventory = layer_inventory_new();
  rpm_database_parse(slice_new(data, size), "var/lib/rpm/rpmdb.sqlite", inventory);
  fuzz_check_inventory(inventory);
  fuzz_check_round_trip(inventory);
  return 0;
}
