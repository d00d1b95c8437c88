/* What was found in a layer, joined in its inventory, as far as there is room; see the header. */
#include <string.h>

#include "inspect/licences.h"
#include "inspect/own_files.h"
#include "inspect/owners.h"
#include "inspect/worker_harvest-private.h"

/* That of @database an observation of that kind is left out. */
static void
tell_dropped(LayerInventory *inventory, const LayerInventory *database, ObservationKind kind)
{
  const LayerFile *file = g_ptr_array_index(database->reads, 0);
  layer_inventory_add_unscanned(inventory, layer_prefix_of(kind), file->location, file->location,
                                "more is observed in the layer than is kept");
}

static bool
is_setting(ObservationKind kind)
{
  return strcmp(layer_prefix_of(kind), SETTINGS_UNSCANNED) == 0;
}

static void
join_observations(Harvest *harvest, LayerInventory *database, unsigned read)
{
  LayerFile *file = g_ptr_array_index(harvest->inventory->reads, read);
  uint64_t told = 0;
  for (guint i = 0; i < database->observations->len; i++) {
    const Observation *one = g_ptr_array_index(database->observations, i);
    guint *room = one->kind == OBSERVED_MALWARE ? &harvest->malware_room : &harvest->other_room;
    if (*room == 0) {
      if ((told >> one->kind & 1) == 0)
        tell_dropped(harvest->inventory, database, one->kind);
      told |= (uint64_t)1 << one->kind;
      file->broken |= is_setting(one->kind);
      continue;
    }
    --*room;
    Observation *copy = observation_copy(one);
    copy->read = read;
    g_ptr_array_add(harvest->inventory->observations, copy);
  }
  g_ptr_array_set_size(database->observations, 0);
}

/* Whoever has the image has the file, whatever a later layer does. */
static void
join_unscanned(LayerInventory *inventory, const LayerInventory *database)
{
  for (guint i = 0; i < database->unread->len; i++) {
    const char *unread = g_ptr_array_index(database->unread, i);
    if (layer_unread_stays(unread))
      layer_inventory_add_gap(inventory, unread);
  }
}

/* What was read of one entry. */
static void
join_database(Harvest *harvest, LayerInventory *database, unsigned change)
{
  LayerInventory *inventory = harvest->inventory;
  const LayerFile *read = g_ptr_array_index(database->reads, 0);
  if (inventory->reads->len >= LAYER_READS_MAX) {
    layer_inventory_add_unread(inventory, "too-many-files", read->location,
                               "The layer has more files that list packages than are followed.");
    join_unscanned(inventory, database);
    for (guint i = 0; i < database->observations->len; i++)
      tell_dropped(inventory, database,
                   ((const Observation *)g_ptr_array_index(database->observations, i))->kind);
    return;
  }
  unsigned number =
      layer_inventory_add_read(inventory, change, read->location, read->broken, read->declares);
  ((LayerFile *)g_ptr_array_index(inventory->reads, number))->elsewhere = read->elsewhere;
  g_ptr_array_set_free_func(database->packages, NULL);
  for (guint i = 0; i < database->packages->len; i++) {
    Package *package = g_ptr_array_index(database->packages, i);
    package->read = number;
    layer_inventory_add_package(inventory, package);
  }
  g_ptr_array_set_free_func(database->releases, NULL);
  for (guint i = 0; i < database->releases->len; i++) {
    OsRelease *os = g_ptr_array_index(database->releases, i);
    os->read = number;
    g_ptr_array_add(inventory->releases, os);
  }
  join_observations(harvest, database, number);
  join_unscanned(inventory, database);
  for (guint i = 0; i < database->notes->len; i++) {
    const LayerNote *note = g_ptr_array_index(database->notes, i);
    layer_inventory_add_note(inventory, note->kind, note->path, note->detail);
  }
}

/* In order, files with malicious content first, for there is room for so many. GPtrArray, of
 * harvest->finds. (transfer full) */
static GPtrArray *
sort_finds(const Harvest *harvest)
{
  guint count;
  g_autofree void **paths = text_sorted_keys(harvest->finds, &count);
  GPtrArray *sorted = g_ptr_array_new();
  for (int rest = 0; rest < 2; rest++)
    for (guint i = 0; i < count; i++) {
      GPtrArray *finds = g_hash_table_lookup(harvest->finds, paths[i]);
      if (harvest_have_malware(finds) == (rest == 0))
        g_ptr_array_add(sorted, finds);
    }
  return sorted;
}

static void
join_finds(Harvest *harvest)
{
  g_autoptr(GPtrArray) sorted = sort_finds(harvest);
  for (guint i = 0; i < sorted->len; i++) {
    const GPtrArray *finds = g_ptr_array_index(sorted, i);
    for (guint j = 0; j < finds->len; j++)
      join_database(harvest, g_ptr_array_index(finds, j), LAYER_ANYWHERE);
  }
}

static void
make_room(Harvest *harvest)
{
  guint malware = 0;
  GHashTableIter iter;
  void *value;
  g_hash_table_iter_init(&iter, harvest->finds);
  while (g_hash_table_iter_next(&iter, NULL, &value))
    for (guint i = 0; i < ((const GPtrArray *)value)->len; i++)
      malware += harvest_count_malware(g_ptr_array_index((GPtrArray *)value, i));
  harvest->malware_room = MIN(malware, LAYER_OBSERVATIONS_MAX);
  harvest->other_room = LAYER_OBSERVATIONS_MAX - harvest->malware_room;
}

void
harvest_join(Harvest *harvest)
{
  make_room(harvest);
  for (guint i = 0; i < harvest->wanted->len; i++) {
    const HarvestWanted *wanted = &g_array_index(harvest->wanted, HarvestWanted, i);
    LayerInventory *database = g_hash_table_lookup(
        harvest->databases, harvest_database_key(wanted->entry, wanted->reading));
    if (wanted->change < harvest->inventory->changes->len)
      join_database(harvest, database, wanted->change);
  }
  join_finds(harvest);
  owners_resolve(harvest->inventory, harvest->owned);
  licences_resolve(harvest->inventory, harvest->licences);
  program_notes_join(harvest->programs);
  own_files_drop(harvest->inventory);
}
