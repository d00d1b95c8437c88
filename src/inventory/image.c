/* What an image holds. */
#include "inventory/image.h"

void
image_inventory_free(ImageInventory *inventory)
{
  if (inventory == NULL)
    return;
  os_release_free(inventory->os);
  g_array_unref(inventory->packages);
  g_ptr_array_unref(inventory->unread);
  g_ptr_array_unref(inventory->layers);
  g_free(inventory);
}
