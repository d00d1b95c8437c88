/* What two layers say of programs, as a stranger writes it: records with a NUL between, of a layer
 * ("0" or "1"), a kind ("p": a program, "s": a list of sums) and text. They are compared as those
 * of an image. */
#include "fuzz-bytes.h"
#include "inspect/integrity/integrity.h"
#include "inspect/overlay.h"
#include "inventory/rule.h"

#define STATUS "var/lib/dpkg/status"

/* The package that lists are of. */
static LayerInventory *
layer_with_package(void)
{
  LayerInventory *layer = layer_inventory_new();
  Package *package = g_new0(Package, 1);
  package->type = g_strdup("deb");
  package->name = g_strdup("tool");
  package->version = g_strdup("1");
  package->location = g_strdup(STATUS);
  layer_inventory_add_change(layer, CHANGE_FILE, STATUS, NULL);
  package->read = layer_inventory_add_read(layer, 0, STATUS, false, NULL);
  layer_inventory_add_package(layer, package);
  return layer;
}

static void
check_list(const char *text)
{
  g_autoptr(GString) path = g_string_new(NULL);
  Slice rest = slice_from_string(text);
  Sum sum;
  while (sum_list_next(&rest, path, &sum))
    g_assert_cmpuint(sum.digits.size, ==, SUM_DIGITS);
}

static void
take(GPtrArray *layers, Slice record)
{
  Slice head = slice_sub(record, 0, 2);
  if (head.size < 2)
    return;
  LayerInventory *layer = g_ptr_array_index(layers, head.data[0] & 1);
  g_autofree char *text = slice_to_utf8(slice_sub(record, 2, SIZE_MAX));
  if (head.data[1] == 'p') {
    g_ptr_array_add(layer->programs, g_strdup(text));
    return;
  }
  check_list(text);
  layer_inventory_add_sums(layer, "var/lib/dpkg/info/tool.md5sums", "tool",
                           sum_kind_names[head.data[0] % SUM_KINDS], text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  Slice rest = slice_new(data, size), record;
  GPtrArray *layers = g_ptr_array_new_with_free_func((GDestroyNotify)layer_inventory_free);
  g_ptr_array_add(layers, layer_with_package());
  g_ptr_array_add(layers, layer_inventory_new());
  while (slice_next_field(&rest, '\0', &record))
    take(layers, record);
  fuzz_check_round_trip(g_ptr_array_index(layers, 0));
  g_autoptr(ImageInventory) image = image_inventory_new(layers, NULL, NULL, NULL);
  for (guint i = 0; image != NULL && i < image->observations->len; i++) {
    const Observation *one =
        ((ImageObservation *)g_ptr_array_index(image->observations, i))->observation;
    g_assert(rule_find(one->kind, one->rule) != NULL);
  }
  return 0;
}
