/* Inventories as JSON, which a worker wrote that may have been taken over, and layers of them laid
 * over each other. An array is the layers of an image. */
#include "base/json.h"
#include "fuzz-bytes.h"
#include "inspect/overlay.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  g_autoptr(json_t) json = json_parse(slice_new(data, size), NULL);
  GPtrArray *layers = g_ptr_array_new_with_free_func((GDestroyNotify)layer_inventory_free);
  for (size_t i = 0; i < json_array_size(json) && i < 10; i++) {
    g_autoptr(GError) error = NULL;
    LayerInventory *layer = layer_inventory_from_json(json_array_get(json, i), &error);
    g_assert_true((layer == NULL) == (error != NULL));
    if (layer == NULL)
      continue;
    fuzz_check_inventory(layer);
    fuzz_check_round_trip(layer);
    g_ptr_array_add(layers, layer);
  }
  g_autoptr(ImageInventory) image = image_inventory_new(layers, NULL, NULL, NULL);
  for (guint i = 0; i < image->packages->len; i++)
    g_assert_cmpuint(g_array_index(image->packages, ImagePackage, i).layer, <, layers->len);
  return 0;
}
