/* What an upper layer hides, and what stays by another name. */
#include "inspect/hidden_paths.h"
#include "inventory/weights.h"

static void
add_file(Weights *weights, const char *path, WeightType type, uint64_t size, bool linked)
{
  const Weight weight = {
      .hash = weight_hash_of(path), .size = size, .type = (uint8_t)type, .linked = linked};
  g_array_append_val(weights->entries, weight);
}

static LayerInventory *
layer_of(const Weights *weights)
{
  LayerInventory *layer = layer_inventory_new();
  layer->weights = weights_to_text(weights);
  return layer;
}

/* A hard link is among the entries, or there were too many and its file says that it has one. */
static void
test_links(void)
{
  g_autoptr(Weights) lower = weights_new(), upper = weights_new();
  add_file(lower, "opt/alone", WEIGHS_FILE, 9, false);
  add_file(lower, "opt/kept", WEIGHS_FILE, 9, false);
  add_file(lower, "opt/left", WEIGHS_FILE, 9, true);
  add_file(lower, "opt/link", WEIGHS_HARDLINK, 2, false);
  static const char *const paths[] = {"opt/alone", "opt/kept", "opt/left"};
  g_autoptr(HiddenPaths) hidden = hidden_paths_new();
  for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
    add_file(upper, paths[i], WEIGHS_FILE, 1, false);
    hidden_paths_ask(hidden, paths[i]);
  }
  g_autoptr(LayerInventory) first = layer_of(lower), second = layer_of(upper);
  g_autoptr(GPtrArray) layers = g_ptr_array_new();
  g_ptr_array_add(layers, first);
  g_ptr_array_add(layers, second);
  hidden_paths_look(hidden, layers);
  g_assert_true(hidden_paths_has(hidden, "opt/alone", 0));
  g_assert_false(hidden_paths_has(hidden, "opt/kept", 0));
  g_assert_false(hidden_paths_has(hidden, "opt/left", 0));
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/hidden-paths/links", test_links);
  return g_test_run();
}
