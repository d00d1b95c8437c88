/* The files that detectors read, and what comes of them; see the header. */
#include "inspect/worker_harvest-private.h"

#include <string.h>

#include "archive/path.h"
#include "inspect/licences.h"
#include "inspect/own_files.h"
#include "inspect/owners.h"
#include "inspect/worker_files-private.h"
#include "inventory/weights.h"

/* Of a file that is found anywhere: several times what the largest of people lists. */
#define FILE_PACKAGES_MAX 25000u

void
harvest_init(Harvest *harvest, LayerInventory *inventory, uint64_t file_bytes)
{
  *harvest = (Harvest){
      .file_bytes = file_bytes,
      .holes_left = LAYER_HOLES_MAX,
      .inventory = inventory,
      .wanted = g_array_new(FALSE, FALSE, sizeof(HarvestWanted)),
      .databases = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)layer_inventory_free),
      .finds =
          g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref),
      .observed = layer_inventory_new(),
      .owned = g_ptr_array_new_with_free_func(g_free),
      .licences = g_ptr_array_new_with_free_func(g_free),
      .links = harvest_links_new(),
      .names = hard_names_new(),
      .early = early_links_new(),
      .programs = program_notes_new(inventory),
      .contents = g_hash_table_new(NULL, NULL),
  };
  own_files_begin();
}

void
harvest_clear(Harvest *harvest)
{
  g_clear_pointer(&harvest->wanted, g_array_unref);
  g_clear_pointer(&harvest->databases, g_hash_table_unref);
  g_clear_pointer(&harvest->finds, g_hash_table_unref);
  g_clear_pointer(&harvest->observed, layer_inventory_free);
  g_clear_pointer(&harvest->owned, g_ptr_array_unref);
  g_clear_pointer(&harvest->licences, g_ptr_array_unref);
  g_clear_pointer(&harvest->links, harvest_links_free);
  g_clear_pointer(&harvest->names, hard_names_free);
  g_clear_pointer(&harvest->early, early_links_free);
  g_clear_pointer(&harvest->programs, program_notes_free);
  g_clear_pointer(&harvest->contents, g_hash_table_unref);
}

void
harvest_begin_pass(Harvest *harvest)
{
  g_array_set_size(harvest->wanted, 0);
}

/* --- files --- */

/* What is left out of @found is unread. */
static void
leave_out(LayerInventory *found, const char *detail)
{
  LayerFile *read = g_ptr_array_index(found->reads, 0);
  layer_inventory_add_unread(found, "too-many-packages", read->location, detail);
  read->broken = true;
}

static guint
count_declared(const LayerInventory *found)
{
  guint count = 0;
  for (guint i = 0; i < found->packages->len; i++)
    count += ((const Package *)g_ptr_array_index(found->packages, i))->declared;
  return count;
}

static void
drop_declared(LayerInventory *found)
{
  if (count_declared(found) == 0)
    return;
  for (guint i = found->packages->len; i > 0; i--)
    if (((const Package *)g_ptr_array_index(found->packages, i - 1))->declared)
      g_ptr_array_remove_index(found->packages, i - 1);
  leave_out(found, "The layer has so many packages that what is only declared is left out.");
}

/* Once: what is declared from then on is left out at once. */
static void
drop_all_declared(Harvest *harvest)
{
  GHashTableIter iter;
  void *finds;
  g_hash_table_iter_init(&iter, harvest->finds);
  while (g_hash_table_iter_next(&iter, NULL, &finds))
    for (guint i = 0; i < ((GPtrArray *)finds)->len; i++)
      drop_declared(g_ptr_array_index((GPtrArray *)finds, i));
  harvest->packages -= harvest->declared;
  harvest->declared = 0;
  harvest->crowded = true;
}

static void
bound_to(LayerInventory *found, guint most, const char *what)
{
  if (!found->overfull && found->packages->len <= most)
    return;
  g_autofree char *detail = g_strdup_printf("%s than are kept.", what);
  leave_out(found, detail);
  g_ptr_array_set_size(found->packages, (int)MIN(found->packages->len, most));
}

/* What is too much is left out, and unread: of one file that is found anywhere, so that it leaves
 * room for others; of the layer, where what is installed goes before what is declared. */
static void
bound_packages(Harvest *harvest, LayerInventory *found, bool anywhere)
{
  if (anywhere)
    bound_to(found, FILE_PACKAGES_MAX, "The file lists more packages");
  guint installed = found->packages->len - count_declared(found);
  if (harvest->declared > 0 && installed > LAYER_PACKAGES_MAX - harvest->packages)
    drop_all_declared(harvest);
  if (harvest->crowded)
    drop_declared(found);
  bound_to(found, LAYER_PACKAGES_MAX - harvest->packages, "The layer has more packages");
  harvest->packages += found->packages->len;
  harvest->declared += count_declared(found);
}

/* Those that read the file for a fixed place, and have not done so in a former pass. */
static void
want_fixed(Harvest *harvest, const LayerEntry *entry, uint64_t entry_number, unsigned change,
           uint64_t readings, FileTakers *takers)
{
  for (unsigned number = 0; number < fixed_places_reading_count(); number++) {
    if ((readings >> number & 1) == 0)
      continue;
    HarvestWanted wanted = {change, number, entry_number};
    g_array_append_val(harvest->wanted, wanted);
    if (!g_hash_table_contains(harvest->databases, harvest_database_key(entry_number, number)))
      file_takers_add_fixed(takers, number);
  }
}

static void
want_anywhere(uint64_t anywhere, const char *link, FileTakers *takers)
{
  for (unsigned number = 0; anywhere != 0; number++, anywhere >>= 1)
    if ((anywhere & 1) != 0)
      file_takers_add_anywhere(takers, number, link);
}

/* Leaves room for what must be remembered. */
#define SCRIPTS_MAX (LAYER_REMOVED_MAX / 2)

/* Whether what lower layers may have found there is gone. A program that is found by its content
 * may give way to a script, which nobody wants. */
static bool
takes_place(const Harvest *harvest, const LayerEntry *entry, bool by_path)
{
  bool script = (entry->mode & 0111) != 0 && harvest->inventory->removed->len < SCRIPTS_MAX;
  return by_path || script;
}

void
harvest_keep_finds(Harvest *harvest, const LayerEntry *entry, uint64_t anywhere, GPtrArray *finds)
{
  bool by_path = (anywhere & ~anywhere_placeless() & ~anywhere_owners()) != 0;
  harvest_drop_finds(harvest, entry->path);
  if (finds->len == 0 && takes_place(harvest, entry, by_path))
    layer_inventory_add_removed(harvest->inventory, entry->path, false);
  else if (finds->len > 0)
    harvest_put_finds(harvest, entry->path, finds);
}

static void
take_owned(Harvest *harvest, LayerInventory *from)
{
  if (from->owned_bytes > LAYER_OWNED_BYTES_MAX - harvest->owned_bytes)
    return;
  harvest->owned_bytes += from->owned_bytes;
  g_ptr_array_extend_and_steal(harvest->owned, from->owned);
  from->owned = g_ptr_array_new_with_free_func(g_free);
}

void
harvest_count_finds(Harvest *harvest, LayerInventory *found, bool anywhere)
{
  bound_packages(harvest, found, anywhere);
  take_owned(harvest, found);
  licences_take(found, harvest->licences);
  program_notes_take_found(harvest->programs, found);
}

/* What they found in the entry; @linked: under the name of a link, which may not count. */
static void
take_found(Harvest *harvest, uint64_t entry_number, FileTakers *takers, GPtrArray *finds,
           GPtrArray *linked)
{
  for (unsigned i = 0; i < takers->count; i++) {
    FileTaker *taker = &takers->takers[i];
    if (!taker->wanted || taker->into == takers->observed)
      continue;
    if (taker->link != NULL) {
      g_ptr_array_add(linked, g_steal_pointer(&taker->into));
      continue;
    }
    harvest_count_finds(harvest, taker->into, taker->reading == READINGS_MAX);
    if (taker->detector->lists_owners)
      continue;
    if (taker->reading == READINGS_MAX)
      g_ptr_array_add(finds, g_steal_pointer(&taker->into));
    else
      g_hash_table_insert(harvest->databases, harvest_database_key(entry_number, taker->reading),
                          g_steal_pointer(&taker->into));
  }
}

/* Whether something of it was not read that counts as long as the file is there. */
static bool
is_broken(const LayerInventory *observed)
{
  for (guint i = 0; i < observed->unread->len; i++)
    if (!layer_unread_stays(g_ptr_array_index(observed->unread, i)))
      return true;
  return false;
}

/* What was observed in the entry, if anything was. */
static void
take_observed(Harvest *harvest, const LayerEntry *entry, GPtrArray *finds)
{
  LayerInventory *observed = harvest->observed;
  program_notes_take_found(harvest->programs, observed);
  if (observed->content != 0)
    g_hash_table_insert(harvest->contents, weight_key(weight_hash_of(entry->path)),
                        GSIZE_TO_POINTER(observed->content));
  observed->content = 0;
  if (observed->observations->len == 0 && observed->unread->len == 0 && observed->notes->len == 0)
    return;
  layer_inventory_add_read(observed, 0, entry->path, is_broken(observed), NULL);
  g_ptr_array_add(finds, observed);
  harvest->observed = layer_inventory_new();
}

/* The file of @entry, if it were at @link: what is observed in it is told once. */
static uint64_t
wanted_of_link(const LayerEntry *entry, const char *link)
{
  LayerEntry linked = *entry;
  linked.path = link;
  return harvest_wanted_anywhere(&linked) & ~anywhere_observers();
}

/* Once, for a fixed place and anywhere. */
bool
harvest_take_file(Harvest *harvest, LayerReader *reader, const LayerEntry *entry,
                  uint64_t entry_number, unsigned change, uint64_t readings, uint64_t anywhere,
                  GError **error)
{
  g_auto(FileTakers) takers = {
      .count = 0, .observed = harvest->observed, .holes_left = &harvest->holes_left};
  g_autoptr(GPtrArray) finds = harvest_finds_new();
  g_autoptr(GPtrArray) linked = harvest_finds_new();
  const char *link = early_links_waiting(harvest->early, entry->path);
  want_fixed(harvest, entry, entry_number, change, readings, &takers);
  want_anywhere(anywhere, NULL, &takers);
  if (link != NULL)
    want_anywhere(wanted_of_link(entry, link), link, &takers);
  if (takers.count == 0)
    return true;
  if (!worker_files_read(reader, entry, harvest->file_bytes, &takers, error))
    return false;
  take_found(harvest, entry_number, &takers, finds, linked);
  take_observed(harvest, entry, finds);
  if (link != NULL)
    early_links_keep(harvest->early, entry, entry_number, linked);
  if (anywhere != 0)
    harvest_keep_finds(harvest, entry, anywhere, finds);
  return true;
}

/* --- anywhere --- */

uint64_t
harvest_wanted_anywhere(const LayerEntry *entry)
{
  if (anywhere_all() == 0)
    return 0;
  bool by_content = entry->kind == LAYER_ENTRY_FILE && entry->size > 0;
  return anywhere_by_path(entry->path) | (by_content ? anywhere_by_content(entry->path) : 0);
}

bool
harvest_wants_name(const char *path)
{
  return anywhere_by_name(path) != 0;
}

/* Whether a program that lower layers may have there is gone, which was found by its content: a
 * link, a device or an empty file is there now, which nobody reads. */
static bool
hides_program(const Harvest *harvest, const LayerEntry *entry)
{
  bool hides = entry->kind == LAYER_ENTRY_FILE ? entry->size == 0 && (entry->mode & 0111) != 0
                                               : entry->kind != LAYER_ENTRY_FOLDER;
  return hides && harvest->inventory->removed->len < SCRIPTS_MAX &&
         (anywhere_by_content(entry->path) & ~anywhere_observers()) != 0;
}

/* In this layer and in lower ones. */
void
harvest_take_away(Harvest *harvest, const LayerEntry *entry, uint64_t anywhere)
{
  bool mark = entry->kind == LAYER_ENTRY_WHITEOUT || entry->kind == LAYER_ENTRY_OPAQUE;
  bool taker = entry->kind != LAYER_ENTRY_FILE && entry->kind != LAYER_ENTRY_FOLDER;
  if (!mark) {
    harvest_links_forget(harvest->links, entry->path);
    hard_names_forget(harvest->names, entry->path);
  }
  if (anywhere_all() == 0 || !(mark || (taker && anywhere != 0) || hides_program(harvest, entry)))
    return;
  layer_inventory_add_removed(harvest->inventory, entry->path, entry->kind == LAYER_ENTRY_OPAQUE);
  if (!mark)
    harvest_drop_finds(harvest, entry->path);
}
