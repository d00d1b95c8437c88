/* The "desc" of a package in pacman's database. */
#include "fuzz-bytes.h"
#include "inspect/packages/packages.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  g_autoptr(LayerInventory) inventory = layer_inventory_new();
  pacman_desc_parse(slice_new(data, size), "var/lib/pacman/local/libx-1:2.0-3/desc", inventory);
  fuzz_check_inventory(inventory);
  fuzz_check_round_trip(inventory);
  return 0;
}
