/* Facts of the entries of a layer, of which nothing is read (baseline/entries.h), while it is
 * walked. */
#pragma once

#include "archive/layer.h"
#include "inventory/layer.h"

typedef struct EntryNotes EntryNotes;
/* @inventory: where they go; not owned. (transfer full) */
EntryNotes *entry_notes_new(LayerInventory *inventory);
void entry_notes_free(EntryNotes *notes);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EntryNotes, entry_notes_free)

/* In the first pass, of each entry in the tar's order: of a path the last counts. */
void entry_notes_take(EntryNotes *notes, const LayerEntry *entry);
/* At the end. */
void entry_notes_join(EntryNotes *notes);
