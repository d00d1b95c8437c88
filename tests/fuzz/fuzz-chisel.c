/* chisel's manifest, packed or not. */
#include "fuzz-bytes.h"
#include "inspect/packages/packages.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  g_autoptr(LayerInventory) inventory = layer_inventory_new();
  chisel_manifest_parse(slice_new(data, size), "var/lib/chisel/manifest.wall", inventory);
  fuzz_check_inventory(inventory);
  fuzz_check_round_trip(inventory);
  return 0;
}
