/* Who owns the files of applications. */
#include "inspect/owners.h"

static Package *
add(LayerInventory *inventory, const char *path, const char *name)
{
  Package *package = layer_inventory_add_application(inventory, "pypi", name, "1", path);
  package->read = layer_inventory_add_read(inventory, LAYER_ANYWHERE, path, false, NULL);
  return package;
}

static void
add_rpm(LayerInventory *inventory, const char *name, const char *files)
{
  Package *package = g_new0(Package, 1);
  package->type = g_strdup("rpm");
  package->name = g_strdup(name);
  package->version = g_strdup("1-1");
  package->location = g_strdup("var/lib/rpm/rpmdb.sqlite");
  package->files = g_strdup(files);
  package->read = layer_inventory_add_read(inventory, 0, package->location, false, NULL);
  layer_inventory_add_package(inventory, package);
}

static void
test_owners(void)
{
  g_autoptr(LayerInventory) inventory = layer_inventory_new();
  const Package *listed = add(inventory, "usr/lib/python3/dist-packages/a.egg-info", "a"),
                *merged = add(inventory, "usr/lib/node/b/package.json", "b"),
                *of_rpm = add(inventory, "usr/lib/python3.9/c.dist-info/METADATA", "c"),
                *by_hand = add(inventory, "usr/local/lib/d.dist-info/METADATA", "d"),
                *longer = add(inventory, "usr/lib/python3/dist-packages/a.egg-info2", "e");
  add_rpm(inventory, "python3-c", "usr/lib/python3.9/c.dist-info/METADATA\n");
  g_autoptr(GPtrArray) owned = g_ptr_array_new();
  g_ptr_array_add(owned, (char *)(uintptr_t) "python3-a");
  g_ptr_array_add(owned,
                  (char *)(uintptr_t) "/.\n/usr\n/usr/lib/python3/dist-packages/a.egg-info\n\n");
  g_ptr_array_add(owned, NULL);
  g_ptr_array_add(owned, (char *)(uintptr_t) "node-b");
  g_ptr_array_add(owned, (char *)(uintptr_t) "/lib/node/b/package.json");
  g_ptr_array_add(owned, (char *)(uintptr_t) "");
  owners_resolve(inventory, owned);
  g_assert_cmpstr(listed->owner, ==, "python3-a");
  g_assert_cmpstr(merged->owner, ==, "node-b");
  g_assert_true(merged->foreign_owner && !listed->foreign_owner && !of_rpm->foreign_owner);
  g_assert_cmpstr(of_rpm->owner, ==, "python3-c");
  g_assert_null(by_hand->owner);
  g_assert_null(longer->owner);
}

/* What a database of a fixed place lists is the distribution's own. */
static void
test_packages_of_databases_have_none(void)
{
  g_autoptr(LayerInventory) inventory = layer_inventory_new();
  add_rpm(inventory, "a", "var/lib/rpm/rpmdb.sqlite\n");
  g_autoptr(GPtrArray) owned = g_ptr_array_new();
  owners_resolve(inventory, owned);
  g_assert_null(((const Package *)g_ptr_array_index(inventory->packages, 0))->owner);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/owners/owners", test_owners);
  g_test_add_func("/owners/packages-of-databases-have-none", test_packages_of_databases_have_none);
  return g_test_run();
}
