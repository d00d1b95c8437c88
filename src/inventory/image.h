/* What an image holds: the packages that the package managers of its unpacked layers list, and the
 * distribution. inspect/overlay.h makes it of the layers' inventories. */
#pragma once

#include <glib.h>

#include "inventory/layer.h"

/* A package of an image, with the layer that brought this version of it. */
typedef struct {
  const Package *package;
  unsigned layer; /* index from the bottom, 0 */
} ImagePackage;

typedef struct {
  OsRelease *os;     /* NULL: no distribution was found */
  GArray *packages;  /* ImagePackage, sorted by all that matching looks at */
  GPtrArray *unread; /* char *: what counts as unscanned, and why; sorted */
  GPtrArray *layers; /* LayerInventory, bottom first; keeps alive what the others point into */
} ImageInventory;

void image_inventory_free(ImageInventory *inventory);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ImageInventory, image_inventory_free)
