/* The links of a layer: what they make asked for (asked_paths.h), and which files they give names
 * that are wanted (worker_harvest-private.h). */
#pragma once

#include "inspect/asked_paths.h"
#include "inspect/worker_harvest-private.h"

typedef struct LayerLinks LayerLinks;

/* What is asked for grows in @asked; none of them is owned. */
LayerLinks *layer_links_new(AskedPaths *asked, Harvest *harvest, LayerInventory *inventory);
void layer_links_free(LayerLinks *links);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LayerLinks, layer_links_free)

/* Links of other layers, paths and targets in turn. */
void layer_links_add(LayerLinks *links, const GPtrArray *texts);
/* Every entry but global headers, in each pass that knows better what is asked for; @number:
 * counted from 1. */
void layer_links_take(LayerLinks *links, const LayerEntry *entry, uint64_t number, bool first);
/* After the first pass: the symbolic links whose own names are wanted, as far as they are there in
 * the end. */
void layer_links_take_wanted(LayerLinks *links);
/* True when more is asked for than before. */
bool layer_links_follow(LayerLinks *links);
/* Path of a symbolic link -> its target as written, as far as the tar was read. (transfer none) */
GHashTable *layer_links_targets(LayerLinks *links);
/* Of a symbolic link as written; a hard link's counts from the root. (transfer full) */
char *layer_link_target(const LayerEntry *entry);
