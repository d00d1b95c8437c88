/* Archives in archives, by their bytes alone: what is observed is within the bounds of inventories.
 */
#include "archive/inflate.h"
#include "fuzz-bytes.h"
#include "inspect/malware/malware_settings.h"
#include "inspect/malware/nested.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static MalwareSettings settings;
  if (settings.archive_bytes == 0) {
    settings_defaults(&malware_settings_section, &settings);
    settings.archive_bytes = 4 * MIB;
    settings.archive_members = 1000;
    malware_settings_use(&settings);
  }
  Slice rest = slice_new(data, size);
  const NestedFile file = {"opt/x", size, 0644, 0};
  g_autoptr(LayerInventory) inventory = layer_inventory_new();
  nested_look(&file, inflater_read_slice, &rest, inventory);
  fuzz_check_inventory(inventory);
  fuzz_check_round_trip(inventory);
  return 0;
}
