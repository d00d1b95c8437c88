/* What layers hold, remembered as files of one folder, so that a layer that was seen once is not
 * read again. Of one's own user alone: who can write there could hide findings. What cannot be read
 * or written is as if it were not there. Any thread. */
#pragma once

#include <glib.h>

#include "inventory/layer.h"
#include "oci/digest.h"

/* The descriptor of the folder, which is made; -1: it cannot be had, or is another user's. */
int layer_cache_open(const char *path);
/* The key by which equal secrets are known (secrets/mask.h) is one of this cache, so that what it
 * remembers of several images can be compared; of this process where there is no cache. */
void layer_cache_set_secret_key(int cache);
/* What the present detectors found; NULL: it is not known. @layer: of the packed bytes, for what
 * they say beside their content (a table of contents) is in the inventory as well; NULL: not known.
 * @diff_id: or NULL, then nothing is. @links: what the layer is inspected for beside its own, or
 * NULL. (transfer full) */
LayerInventory *layer_cache_load(int cache, const Digest *layer, const Digest *diff_id,
                                 const GPtrArray *links);
void layer_cache_store(int cache, const Digest *layer, const LayerInventory *inventory,
                       const GPtrArray *links);
/* Drops what was not used for a month. Looks once a day, however often it is called. */
void layer_cache_drop_old(int cache);
