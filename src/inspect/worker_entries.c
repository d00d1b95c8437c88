/* Facts of entries; see the header. */
#include "inspect/worker_entries-private.h"

#include "inspect/baseline/entries.h"

/* Entries with facts. Nobody can say what is among more of them, so the layer is unread then. */
#define ENTRIES_MAX 2000u
/* What takes the place of such entries of lower layers. Of more nothing is told, and what lower
 * layers have there counts: it leaves room for what must be remembered, and for what detectors
 * read. */
#define REPLACED_MAX (LAYER_REMOVED_MAX / 6)
#define REMOVED_MOST (LAYER_REMOVED_MAX / 2)

struct EntryNotes {
  LayerInventory *inventory;
  GHashTable *noted; /* location -> LayerInventory with the facts of its entry */
  GHashTable *first; /* of entry_facts_first() */
  unsigned replaced;
  bool overfull;
};

static void
inventory_free(void *inventory)
{
  layer_inventory_free(inventory);
}

EntryNotes *
entry_notes_new(LayerInventory *inventory)
{
  EntryNotes *notes = g_new0(EntryNotes, 1);
  *notes = (EntryNotes){inventory,
                        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, inventory_free),
                        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free), 0, false};
  return notes;
}

void
entry_notes_free(EntryNotes *notes)
{
  if (notes == NULL)
    return;
  g_hash_table_unref(notes->noted);
  g_hash_table_unref(notes->first);
  g_free(notes);
}

static void
keep(EntryNotes *notes, const LayerEntry *entry, uint32_t set, const char *location)
{
  if (g_hash_table_size(notes->noted) == ENTRIES_MAX) {
    if (!notes->overfull)
      layer_inventory_add_unscanned(notes->inventory, SETTINGS_UNSCANNED, entry->path, entry->path,
                                    "more files have odd modes than are listed");
    notes->overfull = true;
    return;
  }
  LayerInventory *facts = layer_inventory_new();
  entry_facts_add(entry, set, location, facts);
  g_hash_table_insert(notes->noted, g_strdup(location), facts);
}

static void
replace(EntryNotes *notes, const char *location)
{
  if (notes->replaced >= REPLACED_MAX || notes->inventory->removed->len >= REMOVED_MOST)
    return;
  notes->replaced++;
  layer_inventory_add_removed(notes->inventory, location, false);
}

void
entry_notes_take(EntryNotes *notes, const LayerEntry *entry)
{
  bool mark = entry->kind == LAYER_ENTRY_WHITEOUT || entry->kind == LAYER_ENTRY_OPAQUE ||
              entry->kind == LAYER_ENTRY_GLOBAL;
  uint32_t set = mark ? 0 : entry_facts_of(entry);
  bool replaces = set == 0 && !mark && entry_facts_may_replace(entry);
  if (mark || (set == 0 && !replaces && g_hash_table_size(notes->noted) == 0))
    return;
  g_autofree char *location = entry_facts_location(entry);
  g_hash_table_remove(notes->noted, location);
  set = entry_facts_first(entry, set, location, notes->first);
  if (set != 0)
    keep(notes, entry, set, location);
  else if (replaces)
    replace(notes, location);
}

/* False: there is no room for it, which leaves the layer unread. */
static bool
join(LayerInventory *inventory, const char *location, const LayerInventory *facts)
{
  if (inventory->reads->len >= LAYER_READS_MAX ||
      facts->observations->len > LAYER_OBSERVATIONS_MAX - inventory->observations->len) {
    layer_inventory_add_unscanned(inventory, SETTINGS_UNSCANNED, location, location,
                                  "more is observed in the layer than is kept");
    return false;
  }
  unsigned read = layer_inventory_add_read(inventory, LAYER_ANYWHERE, location, false, NULL);
  for (guint i = 0; i < facts->observations->len; i++) {
    Observation *fact = g_ptr_array_index(facts->observations, i);
    fact->read = read;
    g_ptr_array_add(inventory->observations, observation_copy(fact));
  }
  return true;
}

void
entry_notes_join(EntryNotes *notes)
{
  guint count;
  g_autofree void **locations = text_sorted_keys(notes->noted, &count);
  for (guint i = 0; i < count; i++)
    if (!join(notes->inventory, locations[i], g_hash_table_lookup(notes->noted, locations[i])))
      break;
}
