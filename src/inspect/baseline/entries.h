/* Facts of files and folders by their names and modes alone, whatever is in them: "entry.KEY". */
#pragma once

#include "archive/layer.h"
#include "inventory/layer.h"

/* Rises like a detector's version, when entries give facts that they did not: stored layers are
 * inspected again. */
#define ENTRIES_VERSION 3u

/* Which facts @entry gives: a set of them; cheap, for it is asked of every entry. */
uint32_t entry_facts_of(const LayerEntry *entry);
/* @set without what is told once for each folder of a layer, where another entry has told it:
 * @first, folder -> location of that one, by char *. */
uint32_t entry_facts_first(const LayerEntry *entry, uint32_t set, const char *location,
                           GHashTable *first);
/* Adds the facts @set of @entry to @into, under @location. */
void entry_facts_add(const LayerEntry *entry, uint32_t set, const char *location,
                     LayerInventory *into);
/* After the path of a folder, so that what takes its place takes nothing else away. */
#define ENTRY_OF_FOLDER "/..."
/* The place that its facts count for: its path. (transfer full) */
char *entry_facts_location(const LayerEntry *entry);
/* Whether lower layers may have facts of what it takes the place of: a few paths of a layer, not
 * all files of a home. Where it does not say so, such a fact stays: the safe side. */
bool entry_facts_may_replace(const LayerEntry *entry);
