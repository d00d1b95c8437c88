/* The overlay of the inventories of layers into what an image holds. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "inventory/image.h"

/* Of the inventories of all layers of one image: a manifest may name thousands of layers, and one
 * of them often. Eighty layers that each list 2000 packages stay below. */
#define IMAGE_INVENTORY_BYTES_MAX ((size_t)64 * 1024 * 1024)
/* Drops the lists of files, which no image needs, and adds to *@used what @layer takes of memory:
 * past the maximum, ASSAY_ERROR_LIMIT. */
bool image_inventory_admit(LayerInventory *layer, size_t *used, GError **error);
/* @layer gives way to one that is admitted in its place. */
void image_inventory_release(const LayerInventory *layer, size_t *used);

/* The layer of @former inspected once more, for @links as well (LayerInventory.links). Called on
 * the thread of image_inventory_new(). (transfer full), or NULL with *error. */
typedef LayerInventory *(*LayerAsk)(unsigned layer, const LayerInventory *former,
                                    const GPtrArray *links, void *data, GError **error);

/* What the package managers of the unpacked image read (image_tree.h): the layers (bottom first)
 * are laid over each other as runtimes do. A package that an upper layer lists unchanged keeps the
 * lower layer as its origin. Where links lead to what a layer was not inspected for, @ask is
 * called; when it is NULL, that counts as unread. Takes over the reference; NULL only when @ask
 * failed. (transfer full) */
ImageInventory *image_inventory_new(GPtrArray *layers, LayerAsk ask, void *ask_data,
                                    GError **error);
