/* Packages of applications in the inventory of a layer. */
#include <locale.h>

#include "base/json.h"
#include "inventory/layer.h"

static LayerInventory *
through_json(const LayerInventory *inventory)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) json = layer_inventory_to_json(inventory);
  LayerInventory *back = layer_inventory_from_json(json, &error);
  g_assert_no_error(error);
  return back;
}

static void
test_all_members_are_kept(void)
{
  g_autoptr(LayerInventory) inventory = layer_inventory_new();
  Package *package = layer_inventory_add_application(inventory, "npm", "@babel/core", "7.24.0",
                                                     "app/package-lock.json");
  package->licenses = g_strdup("MIT OR Apache-2.0");
  package->owner = g_strdup("node-babel7");
  package->declared = true;
  g_autoptr(LayerInventory) back = through_json(inventory);
  g_assert_cmpuint(back->packages->len, ==, 1);
  const Package *same = g_ptr_array_index(back->packages, 0);
  g_assert_cmpstr(same->type, ==, "npm");
  g_assert_cmpstr(same->name, ==, "@babel/core");
  g_assert_cmpstr(same->version, ==, "7.24.0");
  g_assert_cmpstr(same->source_name, ==, "@babel/core");
  g_assert_cmpstr(same->location, ==, "app/package-lock.json");
  g_assert_cmpstr(same->licenses, ==, "MIT OR Apache-2.0");
  g_assert_cmpstr(same->owner, ==, "node-babel7");
  g_assert_true(same->declared);
}

/* They are no packages, and the layer is read whole for all that. */
static void
test_odd_ones_are_noted(void)
{
  static const struct {
    const char *name, *version;
  } odd[] = {{"", "1"},    {"a", ""},    {NULL, "1"}, {"a", NULL},
             {"a b", "1"}, {"a", "1 2"}, {"a\n", "1"}};
  g_autoptr(LayerInventory) inventory = layer_inventory_new();
  for (size_t i = 0; i < G_N_ELEMENTS(odd); i++)
    g_assert_null(layer_inventory_add_application(inventory, "npm", odd[i].name, odd[i].version,
                                                  "app/package.json"));
  g_assert_cmpuint(inventory->packages->len, ==, 0);
  g_assert_cmpuint(inventory->unread->len, ==, 0);
  g_assert_cmpuint(inventory->notes->len, ==, G_N_ELEMENTS(odd));
}

static void
test_their_number_is_bounded(void)
{
  g_autoptr(LayerInventory) inventory = layer_inventory_new();
  for (unsigned i = 0; i < LAYER_PACKAGES_MAX; i++)
    g_assert_nonnull(layer_inventory_add_application(inventory, "npm", "a", "1", "a/package.json"));
  g_assert_false(inventory->overfull);
  g_assert_null(layer_inventory_add_application(inventory, "npm", "a", "1", "a/package.json"));
  g_assert_true(inventory->overfull);
}

int
main(int argc, char **argv)
{
  setlocale(LC_ALL, "");
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/applications/all-members-are-kept", test_all_members_are_kept);
  g_test_add_func("/applications/odd-ones-are-noted", test_odd_ones_are_noted);
  g_test_add_func("/applications/their-number-is-bounded", test_their_number_is_bounded);
  return g_test_run();
}
