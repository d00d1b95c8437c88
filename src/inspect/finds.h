/* What detectors found anywhere in the layers of an image, and which of it is there in the end.
 *
 * Unlike a package database, such a file is not opened by a path that links may bend: it is there
 * or not. So its path as the layer writes it is enough: it is gone when an upper layer has a file
 * of the same path, or a mark that removes it or a folder that it is in. Where that is done by
 * another name, through a link, it seems to be there still: what is not known is not shown as
 * clean. */
#pragma once

#include "inventory/layer.h"

typedef struct {
  unsigned layer, read; /* indexes: of LayerInventory.reads */
} Find;

/* @layers: LayerInventory, bottom first. Linear in what they list. (transfer full): Find, in the
 * order of the layers. */
GArray *finds_of_image(const GPtrArray *layers);
/* Whether what a lower layer has at @path is gone. @gone: set of LayerInventory.removed of upper
 * ones. @part: for its use. */
bool finds_is_gone(GHashTable *gone, const char *path, GString *part);
