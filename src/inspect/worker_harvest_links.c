/* What of a layer is found by the names of links; see the header. */
#include "inspect/worker_harvest-private.h"

#include <string.h>

#include "inspect/anywhere.h"
#include "inspect/lockfiles/lockfiles.h"

/* --- hard links --- */

/* Whether packages were found in the file at @path, or it could not be read. */
static bool
has_finds(const Harvest *harvest, const char *path)
{
  const GPtrArray *finds = g_hash_table_lookup(harvest->finds, path);
  for (guint i = 0; finds != NULL && i < finds->len; i++) {
    const LayerInventory *find = g_ptr_array_index(finds, i);
    if (find->packages->len > 0 || find->unread->len > 0)
      return true;
  }
  return false;
}

/* Whether something was observed in it that stays, or that was not looked for. */
static bool
has_observed(const Harvest *harvest, const char *path)
{
  const GPtrArray *finds = g_hash_table_lookup(harvest->finds, path);
  for (guint i = 0; finds != NULL && i < finds->len; i++) {
    const LayerInventory *find = g_ptr_array_index(finds, i);
    if (find->observations->len > 0 || find->unread->len > 0)
      return true;
  }
  return false;
}

/* Whether the same detectors want both, and make the same of both: programs, and files of one name.
 */
static bool
are_alike(const char *left, const char *right)
{
  uint64_t by_path = anywhere_by_path(left);
  g_autofree char *left_name = g_path_get_basename(left), *right_name = g_path_get_basename(right);
  return by_path == anywhere_by_path(right) &&
         anywhere_by_content(left) == anywhere_by_content(right) &&
         (by_path == 0 || strcmp(left_name, right_name) == 0);
}

/* What was found at @target is at @path as well. */
static void
copy_finds(Harvest *harvest, const char *path, const char *target)
{
  const GPtrArray *finds = g_hash_table_lookup(harvest->finds, target);
  g_autoptr(GPtrArray) copies = harvest_finds_new();
  for (guint i = 0; finds != NULL && i < finds->len; i++) {
    LayerInventory *copy = harvest_links_copy(g_ptr_array_index(finds, i), target, path);
    harvest_count_finds(harvest, copy, true);
    g_ptr_array_add(copies, copy);
  }
  harvest_put_finds(harvest, path, copies);
}

void
harvest_take_hardlink(Harvest *harvest, const LayerEntry *entry, const char *target,
                      uint64_t number)
{
  bool found = has_finds(harvest, target);
  if (has_observed(harvest, hard_names_first(harvest->names, target)))
    hard_names_add(harvest->names, target, entry->path);
  if (found && are_alike(entry->path, target))
    copy_finds(harvest, entry->path, target);
  else if ((harvest_wants_name(entry->path) || found ||
            harvest_links_have(harvest->links, target)) &&
           !harvest_links_add(harvest->links, entry->path, target, number))
    layer_inventory_add_unread(harvest->inventory, "too-many-files", "",
                               "The layer has more files that list packages than are followed.");
}

/* --- symbolic links --- */

static bool
is_of_lockfiles_alone(const char *path)
{
  uint64_t wanting = anywhere_by_path(path) | anywhere_by_content(path);
  for (unsigned number = 0; wanting != 0; number++, wanting >>= 1)
    if ((wanting & 1) != 0 && anywhere_detector(number) != &lockfiles_detector)
      return false;
  return true;
}

/* Whether all who want @path for its name want @target for its own, so that it is read where it is,
 * in whichever layer. What a lock file says depends on its name. */
static bool
is_read_there(const char *path, const char *target)
{
  return (anywhere_by_name(path) & ~anywhere_by_name(target)) == 0 && !is_of_lockfiles_alone(path);
}

/* In no image. */
static bool
is_of_kernel(const char *path)
{
  return g_str_has_prefix(path, "proc/") || g_str_has_prefix(path, "dev/") ||
         g_str_has_prefix(path, "sys/");
}

/* Another layer may have what it leads to, which is not looked at. */
static void
put_elsewhere(Harvest *harvest, const char *path)
{
  const char *type = lockfiles_type(path);
  if (type == NULL && is_of_lockfiles_alone(path))
    return;
  g_autoptr(GPtrArray) finds = harvest_finds_new();
  LayerInventory *find = layer_inventory_new();
  layer_inventory_add_read(find, 0, path, false, type);
  ((LayerFile *)g_ptr_array_index(find->reads, 0))->elsewhere = true;
  g_ptr_array_add(finds, find);
  harvest_put_finds(harvest, path, finds);
}

/* Whether what is at @target says what is at @path, by its own name. */
static bool
says_as_much(const char *path, const char *target)
{
  return are_alike(path, target) || is_read_there(path, target);
}

void
harvest_expect_symlink(Harvest *harvest, const char *path, const char *target)
{
  if (!says_as_much(path, target) && (anywhere_by_path(path) & anywhere_owners()) == 0)
    early_links_expect(harvest->early, path, target);
}

const char *
harvest_expected_symlink(const Harvest *harvest, const char *target)
{
  return early_links_waiting(harvest->early, target);
}

/* What was read of it when its file came; false: nothing was. */
static bool
take_early(Harvest *harvest, const char *path, uint64_t number)
{
  const EarlyRead *read = early_links_find(harvest->early, path, number);
  if (read == NULL)
    return false;
  for (guint i = 0; i < read->finds->len; i++)
    harvest_count_finds(harvest, g_ptr_array_index(read->finds, i), true);
  const LayerEntry linked = {
      .path = path, .kind = LAYER_ENTRY_FILE, .size = read->size, .mode = read->mode};
  harvest_keep_finds(harvest, &linked, harvest_wanted_anywhere(&linked), read->finds);
  harvest_links_note_read(harvest->links, path, number);
  return true;
}

void
harvest_take_symlink(Harvest *harvest, const char *path, const char *target, uint64_t number)
{
  if (says_as_much(path, target) || has_finds(harvest, target))
    return;
  if (number == 0 && is_of_kernel(target))
    return;
  if (number == 0)
    put_elsewhere(harvest, path);
  else if (!take_early(harvest, path, number) &&
           !harvest_links_add_symbolic(harvest->links, path, number))
    layer_inventory_add_unread(harvest->inventory, "too-many-files", "",
                               "The layer has more files that list packages than are followed.");
}

/* What was read of a file under one name is the same under others that are alike. */
static bool
take_twin(const char *path, const char *read, void *harvest)
{
  bool alike = are_alike(path, read);
  if (alike)
    copy_finds(harvest, path, read);
  return alike;
}

bool
harvest_wants_pass(Harvest *harvest)
{
  early_links_forget(harvest->early);
  harvest_links_take_twins(harvest->links, take_twin, harvest);
  return harvest_links_begin_pass(harvest->links);
}

bool
harvest_has_due_links(const Harvest *harvest)
{
  return harvest_links_are_due(harvest->links);
}

bool
harvest_take_linked(Harvest *harvest, LayerReader *reader, const LayerEntry *entry, uint64_t number,
                    GError **error)
{
  const char *path = harvest_links_take(harvest->links, entry, number);
  if (path == NULL)
    return true;
  LayerEntry linked = *entry;
  linked.path = path;
  return harvest_take_file(harvest, reader, &linked, number, 0, 0, harvest_wanted_anywhere(&linked),
                           error);
}

void
harvest_note_left_links(Harvest *harvest)
{
  for (char *path; (path = harvest_links_next_left(harvest->links)) != NULL; g_free(path))
    layer_inventory_add_unread(harvest->inventory, "hard-link", path,
                               "The link leads to what is not read under its name.");
}
