/* What was found anywhere, by path; see the header. */
#include "inspect/worker_harvest-private.h"

static void
inventory_free(void *data)
{
  layer_inventory_free(data);
}

GPtrArray *
harvest_finds_new(void)
{
  return g_ptr_array_new_with_free_func(inventory_free);
}

guint
harvest_count_malware(const LayerInventory *found)
{
  guint count = 0;
  for (guint i = 0; i < found->observations->len; i++)
    count +=
        ((const Observation *)g_ptr_array_index(found->observations, i))->kind == OBSERVED_MALWARE;
  return count;
}

bool
harvest_have_malware(const GPtrArray *finds)
{
  bool any = false;
  for (guint i = 0; i < finds->len; i++)
    any |= harvest_count_malware(g_ptr_array_index(finds, i)) > 0;
  return any;
}

/* What is malicious is told however many files there are: so many more of such are kept, of which
 * those that are joined first stay. */
static bool
has_room_for_malware(const Harvest *harvest)
{
  return g_hash_table_size(harvest->finds) < LAYER_READS_MAX + LAYER_OBSERVATIONS_MAX;
}

void
harvest_put_finds(Harvest *harvest, const char *path, GPtrArray *finds)
{
  bool full = g_hash_table_size(harvest->finds) >= LAYER_READS_MAX;
  if (full && !(harvest_have_malware(finds) && has_room_for_malware(harvest)))
    layer_inventory_add_unread(harvest->inventory, "too-many-files", "",
                               "The layer has more files that list packages than are followed.");
  else
    g_hash_table_insert(harvest->finds, g_strdup(path), g_ptr_array_ref(finds));
}

/* @finds of the file at @path, which has the name @to as well. */
static void
move_finds(Harvest *harvest, const GPtrArray *finds, const char *path, const char *to)
{
  GPtrArray *there = g_hash_table_lookup(harvest->finds, to);
  g_autoptr(GPtrArray) moved = there == NULL ? harvest_finds_new() : g_ptr_array_ref(there);
  for (guint i = 0; i < finds->len; i++) {
    LayerInventory *find = harvest_links_move(g_ptr_array_index(finds, i), path, to);
    if (find != NULL)
      g_ptr_array_add(moved, find);
  }
  if (there == NULL && moved->len > 0)
    harvest_put_finds(harvest, to, moved);
}

void
harvest_drop_finds(Harvest *harvest, const char *path)
{
  void *key = NULL, *finds = NULL;
  bool lost;
  g_autofree char *name = hard_names_next(harvest->names, path, &lost);
  if (lost)
    layer_inventory_add_unscanned(harvest->inventory, MALWARE_UNSCANNED, path, path,
                                  "its file has more names than are followed");
  if (!g_hash_table_steal_extended(harvest->finds, path, &key, &finds))
    return;
  if (name != NULL)
    move_finds(harvest, finds, path, name);
  g_free(key);
  g_ptr_array_unref(finds);
}
