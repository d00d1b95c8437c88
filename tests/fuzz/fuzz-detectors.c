/* Each detector of the list, as the worker calls it: the path of a file, a line feed, its bytes. */
#include "fuzz-bytes.h"
#include "inspect/detector.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  const uint8_t *end = size == 0 ? NULL : memchr(data, '\n', MIN(size, 300));
  if (end == NULL || memchr(data, '\0', (size_t)(end - data)) != NULL)
    return 0;
  g_autofree char *path = g_strndup((const char *)data, (gsize)(end - data));
  const Detector *detector = detector_of(path);
  if (detector == NULL)
    return 0;
  g_autoptr(LayerInventory) inventory = layer_inventory_new();
  detector->read(slice_new(end + 1, size - (size_t)(end - data) - 1), path, inventory);
  fuzz_check_inventory(inventory);
  fuzz_check_round_trip(inventory);
  return 0;
}
