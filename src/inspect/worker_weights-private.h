/* What the entries of a layer weigh (inventory/weights.h), while it is walked. */
#pragma once

#include "archive/layer.h"
#include "inventory/layer.h"

typedef struct WeightNotes WeightNotes;
/* @inventory: where they go; not owned. (transfer full) */
WeightNotes *weight_notes_new(LayerInventory *inventory);
void weight_notes_free(WeightNotes *notes);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WeightNotes, weight_notes_free)

/* In the first pass, of each entry in the tar's order. @target: the path that a hard link leads to;
 * else NULL. */
void weight_notes_take(WeightNotes *notes, const LayerEntry *entry, const char *target);
/* At the end, when the packages of the layer are known. @owned: as LayerInventory has it.
 * @contents: weight_hash() of a path -> LayerInventory.content of its file. */
void weight_notes_join(WeightNotes *notes, const GPtrArray *owned, GHashTable *contents);
