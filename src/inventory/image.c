/* What an image holds. */
#include "inventory/image.h"

#include <string.h>

#include "inventory/go_symbols.h"

ImageInventory *
image_inventory_empty(void)
{
  ImageInventory *inventory = g_new0(ImageInventory, 1);
  inventory->packages = g_array_new(FALSE, FALSE, sizeof(ImagePackage));
  inventory->doubles = g_array_new(FALSE, FALSE, sizeof(ImagePackage));
  inventory->unread = g_ptr_array_new_with_free_func(g_free);
  inventory->observations = g_ptr_array_new_with_free_func((GDestroyNotify)image_observation_free);
  inventory->commands = g_ptr_array_new_with_free_func(g_free);
  inventory->layers = g_ptr_array_new_with_free_func((GDestroyNotify)layer_inventory_free);
  return inventory;
}

void
image_inventory_free(ImageInventory *inventory)
{
  if (inventory == NULL)
    return;
  os_release_free(inventory->os);
  g_array_unref(inventory->packages);
  g_array_unref(inventory->doubles);
  g_ptr_array_unref(inventory->unread);
  g_ptr_array_unref(inventory->observations);
  g_ptr_array_unref(inventory->commands);
  if (inventory->united != NULL)
    g_ptr_array_unref(inventory->united);
  g_ptr_array_unref(inventory->layers);
  if (inventory->gaps != NULL)
    g_ptr_array_unref(inventory->gaps);
  g_free(inventory);
}

bool
package_is_of_application(const Package *package)
{
  static const char *const of_distributions[] = {"deb",  "apk",     "rpm", "alpm",
                                                 "opkg", "portage", "cos"};
  for (size_t i = 0; i < G_N_ELEMENTS(of_distributions); i++)
    if (strcmp(package->type, of_distributions[i]) == 0)
      return false;
  return true;
}

int
image_package_compare(gconstpointer a, gconstpointer b)
{
  const ImagePackage *left = a, *right = b;
  int order = package_compare(left->package, right->package);
  if (order == 0)
    order = left->package->declared - right->package->declared;
  if (order == 0)
    order = left->package->development - right->package->development;
  if (order == 0)
    order = (left->owner != NULL) - (right->owner != NULL);
  if (order == 0)
    order = (left->layer > right->layer) - (left->layer < right->layer);
  return order != 0 ? order : strcmp(left->package->location, right->package->location);
}

const char *
image_inventory_command(const ImageInventory *inventory, unsigned layer)
{
  const char *command =
      inventory->commands->len == inventory->layers->len && layer < inventory->commands->len
          ? g_ptr_array_index(inventory->commands, layer)
          : "";
  return *command == '\0' ? NULL : command;
}

guint
image_inventory_drop_development(ImageInventory *inventory)
{
  GArray *packages = inventory->packages;
  guint kept = 0, all = packages->len;
  for (guint i = 0; i < all; i++) {
    const ImagePackage *each = &g_array_index(packages, ImagePackage, i);
    if (!each->package->declared || !each->package->development)
      g_array_index(packages, ImagePackage, kept++) = *each;
  }
  g_array_set_size(packages, kept);
  inventory->left_out += all - kept;
  return all - kept;
}

/* The last of those that were made for @inventory, if that is @package; else NULL. */
static Package *
last_united(const ImageInventory *inventory, const Package *package)
{
  GPtrArray *united = inventory->united;
  Package *last = united == NULL ? NULL : g_ptr_array_index(united, united->len - 1);
  return last == package ? last : NULL;
}

void
image_package_unite(ImageInventory *inventory, ImagePackage *package, const char *symbols)
{
  const char *own = package->package->symbols;
  if (own == NULL || g_strcmp0(own, symbols) == 0)
    return;
  char *both = go_symbols_unite(own, symbols);
  Package *united = last_united(inventory, package->package);
  if (united == NULL) {
    united = package_copy(package->package);
    if (inventory->united == NULL)
      inventory->united = g_ptr_array_new_with_free_func((GDestroyNotify)package_free);
    g_ptr_array_add(inventory->united, united);
    package->package = united;
  }
  g_free(united->symbols);
  united->symbols = both;
}

/* The first of those that are not before @package. */
static guint
find_first(const GArray *doubles, const Package *package)
{
  guint low = 0, high = doubles->len;
  while (low < high) {
    guint middle = low + (high - low) / 2;
    if (package_compare(g_array_index(doubles, ImagePackage, middle).package, package) < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

GPtrArray *
image_package_places(const ImageInventory *inventory, const ImagePackage *package)
{
  GPtrArray *places = NULL;
  const GArray *doubles = inventory->doubles;
  for (guint i = find_first(doubles, package->package); i < doubles->len; i++) {
    const Package *other = g_array_index(doubles, ImagePackage, i).package;
    if (package_compare(other, package->package) != 0)
      break;
    if (places == NULL)
      places = g_ptr_array_new();
    g_ptr_array_add(places, other->location);
  }
  return places;
}
