/* Weights of layers, which a worker wrote that may have been taken over, laid over each other: each
 * line is the text of a layer. */
#include "base/slice.h"
#include "inspect/minimality/shed.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  g_autoptr(ImageInventory) image = image_inventory_empty();
  g_ptr_array_set_free_func(image->layers, (GDestroyNotify)layer_inventory_free);
  Slice rest = slice_new(data, size), line;
  while (slice_next_line(&rest, &line) && image->layers->len < 10) {
    LayerInventory *layer = layer_inventory_new();
    layer->weights = slice_to_string(line);
    layer->entries = 1;
    layer_inventory_add_named(layer, 0, "bin/sh");
    g_ptr_array_add(image->layers, layer);
  }
  g_autoptr(Shed) shed = shed_of_image(image, NULL);
  g_assert_cmpuint(shed->layers->len, ==, image->layers->len);
  for (guint i = 0; i < shed->layers->len; i++) {
    const LayerInventory *layer = g_ptr_array_index(image->layers, i);
    g_autoptr(Weights) weights = weights_from_text(layer->weights);
    g_assert_true(g_array_index(shed->layers, ShedLayer, i).known == (weights != NULL));
    if (weights == NULL)
      continue;
    g_autofree char *text = weights_to_text(weights);
    g_autoptr(Weights) again = weights_from_text(text);
    g_assert_nonnull(again);
    g_assert_cmpuint(again->entries->len, ==, weights->entries->len);
  }
  return 0;
}
