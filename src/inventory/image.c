/* What an image holds. */
#include "inventory/image.h"

#include <string.h>

void
image_inventory_free(ImageInventory *inventory)
{
  if (inventory == NULL)
    return;
  os_release_free(inventory->os);
  g_array_unref(inventory->packages);
  if (inventory->doubles != NULL)
    g_array_unref(inventory->doubles);
  g_ptr_array_unref(inventory->unread);
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
    order = (left->owner != NULL) - (right->owner != NULL);
  if (order == 0)
    order = (left->layer > right->layer) - (left->layer < right->layer);
  return order != 0 ? order : strcmp(left->package->location, right->package->location);
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
  for (guint i = doubles == NULL ? 0 : find_first(doubles, package->package);
       doubles != NULL && i < doubles->len; i++) {
    const Package *other = g_array_index(doubles, ImagePackage, i).package;
    if (package_compare(other, package->package) != 0)
      break;
    if (places == NULL)
      places = g_ptr_array_new();
    g_ptr_array_add(places, other->location);
  }
  return places;
}
