/* The job "layer": walks a layer's entries, notes what they do to the paths that are asked for, and
 * has detectors read the files there.
 *
 * The layer's own links make more paths asked for (asked_paths.h): then the layer is read again,
 * since a tar may bring a file before the link that leads to it, and keeping every file in case
 * would be keeping the layer. The usual links (/lib, /var/lib/rpm) make nothing asked for that is
 * not anyway, and cost nothing. */
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "inspect/asked_paths.h"
#include "inspect/worker-private.h"
#include "inspect/worker_entries-private.h"
#include "inspect/worker_harvest-private.h"
#include "inspect/worker_layer_links-private.h"
#include "inspect/worker_weights-private.h"

/* Each reads what links led to that the former found, and one more name of a file with several. */
#define PASSES_MAX 8u
#define WHITEOUT   ".wh."

typedef struct {
  WorkerInput input;
  const LayerLimits *limits;
  LayerInventory *inventory;
  AskedPaths *asked;
  bool first;            /* the pass that takes notes and the digest */
  uint64_t entry;        /* number of the present one */
  GHashTable *folders;   /* set: paths that are folders now, as far as the changes say */
  GString *plain_folder; /* of the last entry, if nothing in that folder is asked for */
  bool has_plain_folder;
  Harvest *harvest;
  LayerLinks *links;
  EntryNotes *notes;
  WeightNotes *weights;
} Reading;

/* --- changes --- */

static void
add_change(Reading *reading, LayerChangeKind kind, const char *path, const char *target)
{
  layer_inventory_add_change(reading->inventory, kind, path, target);
}

/* The folder of the first @size bytes of @path is there from now on. */
static void
need_folder(Reading *reading, const char *path, size_t size)
{
  if (size == 0)
    return;
  g_autofree char *folder = g_strndup(path, size);
  if (g_hash_table_contains(reading->folders, folder))
    return;
  add_change(reading, CHANGE_IMPLIED, folder, NULL);
  g_hash_table_add(reading->folders, g_steal_pointer(&folder));
}

/* The same for a mark, which makes the folders above it for overlayfs alone: it stays a mark. */
static void
need_folder_of_mark(Reading *reading, const char *path, size_t size)
{
  g_autofree char *folder = g_strndup(path, size), *noted = g_strconcat(folder, "/", NULL);
  if (size == 0 || g_hash_table_contains(reading->folders, folder) ||
      g_hash_table_contains(reading->folders, noted))
    return;
  g_autofree char *mark = g_strndup(path, (size_t)(strchrnul(path + size + 1, '/') - path));
  add_change(reading, CHANGE_REMOVED, mark, NULL);
  g_hash_table_add(reading->folders, g_steal_pointer(&noted));
}

/* Something else takes the place of what was at the path, or removes it. */
static void
lose_folder(Reading *reading, const char *path, bool may_hold_more)
{
  g_autofree char *noted = g_strconcat(path, "/", NULL);
  if (may_hold_more)
    g_hash_table_remove_all(reading->folders);
  g_hash_table_remove(reading->folders, path);
  g_hash_table_remove(reading->folders, noted);
  reading->has_plain_folder = false;
}

static void
note_entry(const LayerEntry *entry, LayerInventory *inventory)
{
  if (entry->escapes)
    layer_inventory_add_note(inventory, "path-escape", entry->path,
                             "The name in the archive climbs out of the root by \"..\"; it counts "
                             "from the root.");
  if (entry->kind == LAYER_ENTRY_DEVICE)
    layer_inventory_add_note(inventory, "device-node", entry->path,
                             "The layer brings a device node.");
  if (entry->kind == LAYER_ENTRY_FILE && (entry->mode & 06000) != 0)
    layer_inventory_add_note(inventory, "setuid", entry->path,
                             (entry->mode & 04000) != 0
                                 ? "Runs with the rights of its owner (setuid)."
                                 : "Runs with the rights of its group (setgid).");
}

/* --- entries --- */

/* ".wh." and nothing more, or a dot or two, removes its folder for some, and nothing for others. A
 * mark of aufs (".wh..wh.x") is none of an image. True: the entry is one of these. */
static bool
take_odd_mark(Reading *reading, const LayerEntry *entry)
{
  const char *slash = strrchr(entry->path, '/');
  const char *name = slash == NULL ? entry->path : slash + 1;
  if (entry->kind == LAYER_ENTRY_WHITEOUT || entry->kind == LAYER_ENTRY_OPAQUE ||
      !g_str_has_prefix(name, WHITEOUT))
    return false;
  name += strlen(WHITEOUT);
  g_autofree char *folder = g_strndup(entry->path, slash == NULL ? 0 : slash - entry->path);
  if (strcmp(name, "..") == 0 && strrchr(folder, '/') != NULL)
    *strrchr(folder, '/') = '\0';
  bool odd = *name == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
  if (odd && asked_paths_look(reading->asked, folder).asked)
    add_change(reading, CHANGE_ODD, folder, "has a whiteout that names nothing");
  return true;
}

/* It is no file; but podman and containerd remove what the layer has at its name before they find
 * that out, and make the folders above, even where a lower layer has a file. Where the name is a
 * whiteout's they and umoci take it for one; else umoci refuses it. docker leaves it out. */
static void
take_global(Reading *reading, const LayerEntry *entry)
{
  AskedLook look = asked_paths_look(reading->asked, entry->path);
  if (take_odd_mark(reading, entry) || (!look.asked && look.folder == 0))
    return;
  g_autofree char *folder = g_strndup(entry->path, look.folder);
  add_change(reading, CHANGE_ODD, look.asked ? entry->path : folder,
             look.asked
                 ? "is the name of a global header, for which some runtimes remove what is there"
                 : "is above the name of a global header, for which some runtimes make a folder");
}

/* Of a path that is asked for. */
static bool
take_asked(Reading *reading, LayerReader *reader, const LayerEntry *entry, const AskedLook *look,
           uint64_t anywhere, GError **error)
{
  static const LayerChangeKind kinds[] = {
      [LAYER_ENTRY_FOLDER] = CHANGE_FOLDER,    [LAYER_ENTRY_FILE] = CHANGE_FILE,
      [LAYER_ENTRY_SYMLINK] = CHANGE_SYMLINK,  [LAYER_ENTRY_HARDLINK] = CHANGE_HARDLINK,
      [LAYER_ENTRY_DEVICE] = CHANGE_OTHER,     [LAYER_ENTRY_OTHER] = CHANGE_OTHER,
      [LAYER_ENTRY_WHITEOUT] = CHANGE_REMOVED, [LAYER_ENTRY_OPAQUE] = CHANGE_OPAQUE,
  };
  if (entry->doubt != NULL)
    add_change(reading, CHANGE_ODD, entry->path, entry->doubt);
  if (entry->kind == LAYER_ENTRY_FOLDER && *entry->path != '\0')
    g_hash_table_add(reading->folders, g_strdup(entry->path));
  else if (entry->kind != LAYER_ENTRY_FOLDER && entry->kind != LAYER_ENTRY_OPAQUE)
    lose_folder(reading, entry->path, look->is_folder);
  if (entry->kind == LAYER_ENTRY_FILE) {
    unsigned change = reading->inventory->changes->len;
    add_change(reading, CHANGE_FILE, entry->path, NULL);
    return harvest_take_file(reading->harvest, reader, entry, reading->entry, change,
                             look->readings, anywhere, error);
  }
  /* A whiteout may be written as a link. */
  bool link = entry->kind == LAYER_ENTRY_SYMLINK || entry->kind == LAYER_ENTRY_HARDLINK;
  g_autofree char *target = link ? layer_link_target(entry) : NULL;
  if (link && *target == '\0')
    add_change(reading, CHANGE_ODD, entry->path, "has a link without a target");
  else
    add_change(reading, kinds[entry->kind], entry->path, target);
  return true;
}

/* Of a path that is not: a file that is found anywhere, in further passes under another name. */
static bool
take_unasked(Reading *reading, LayerReader *reader, const LayerEntry *entry, uint64_t anywhere,
             GError **error)
{
  if (entry->kind != LAYER_ENTRY_FILE)
    return true;
  if (!reading->first)
    return harvest_take_linked(reading->harvest, reader, entry, reading->entry, error);
  return (anywhere == 0 && harvest_expected_symlink(reading->harvest, entry->path) == NULL) ||
         harvest_take_file(reading->harvest, reader, entry, reading->entry, 0, 0, anywhere, error);
}

static bool
is_in_plain_folder(const Reading *reading, const char *path, size_t folder)
{
  return reading->has_plain_folder && reading->plain_folder->len == folder &&
         memcmp(reading->plain_folder->str, path, folder) == 0;
}

static bool
take_entry(Reading *reading, LayerReader *reader, const LayerEntry *entry, GError **error)
{
  if (reading->first) {
    reading->inventory->entries++;
    note_entry(entry, reading->inventory);
    entry_notes_take(reading->notes, entry);
    g_autofree char *target = entry->kind == LAYER_ENTRY_HARDLINK ? layer_link_target(entry) : NULL;
    program_notes_take(reading->harvest->programs, entry, reading->entry + 1, target,
                       layer_links_targets(reading->links));
    weight_notes_take(reading->weights, entry, target);
  }
  if (entry->kind == LAYER_ENTRY_GLOBAL) {
    take_global(reading, entry);
    return true;
  }
  reading->entry++;
  uint64_t anywhere = reading->first ? harvest_wanted_anywhere(entry) : 0;
  if (reading->first)
    harvest_take_away(reading->harvest, entry, anywhere);
  layer_links_take(reading->links, entry, reading->entry, reading->first);
  /* Most entries are in the folder of the one before, in which nothing is asked for. */
  const char *slash = strrchr(entry->path, '/');
  size_t folder = slash == NULL ? 0 : (size_t)(slash - entry->path);
  bool mark = entry->kind == LAYER_ENTRY_OPAQUE || entry->kind == LAYER_ENTRY_WHITEOUT;
  if (!mark && anywhere == 0 && folder > 0 && is_in_plain_folder(reading, entry->path, folder))
    return take_unasked(reading, reader, entry, anywhere, error);
  AskedLook look = asked_paths_look(reading->asked, entry->path);
  if (take_odd_mark(reading, entry))
    return true;
  if (look.asked)
    return take_asked(reading, reader, entry, &look, anywhere, error);
  if (mark)
    need_folder_of_mark(reading, entry->path, look.folder);
  else
    need_folder(reading, entry->path, look.folder);
  reading->has_plain_folder = !mark && look.folder < folder;
  if (reading->has_plain_folder) {
    g_string_truncate(reading->plain_folder, 0);
    g_string_append_len(reading->plain_folder, entry->path, (gssize)folder);
  }
  return take_unasked(reading, reader, entry, anywhere, error);
}

/* --- passes --- */

static bool
read_pass(Reading *reading, GError **error)
{
  GError *failure = NULL;
  WorkerInput input = reading->input;
  g_autoptr(LayerReader) reader = layer_reader_new(worker_input_read, &input, reading->limits);
  g_ptr_array_set_size(reading->inventory->changes, 0);
  harvest_begin_pass(reading->harvest);
  g_hash_table_remove_all(reading->folders);
  reading->has_plain_folder = false;
  reading->entry = 0;
  for (const LayerEntry *entry = layer_reader_next(reader, &failure); entry != NULL;
       entry = layer_reader_next(reader, &failure)) {
    if (!take_entry(reading, reader, entry, &failure))
      break;
  }
  if (failure != NULL) {
    g_propagate_error(error, failure);
    return false;
  }
  return !reading->first || layer_reader_finish(reader, &reading->inventory->diff_id,
                                                &reading->inventory->unpacked_bytes, error);
}

/* Passes for some files alone, as far as the last of them. */
typedef struct {
  bool (*are_due)(const Reading *reading);
  bool (*take)(Reading *reading, LayerReader *reader, const LayerEntry *file, GError **error);
} FewFiles;

static bool
links_are_due(const Reading *reading)
{
  return harvest_has_due_links(reading->harvest);
}

static bool
take_linked(Reading *reading, LayerReader *reader, const LayerEntry *file, GError **error)
{
  return harvest_take_linked(reading->harvest, reader, file, reading->entry, error);
}

static bool
programs_are_due(const Reading *reading)
{
  return program_notes_are_due(reading->harvest->programs);
}

static bool
take_program(Reading *reading, LayerReader *reader, const LayerEntry *file, GError **error)
{
  return program_notes_read(reading->harvest->programs, reader, reading->entry, error);
}

static const FewFiles files_of_links = {links_are_due, take_linked};
static const FewFiles programs_again = {programs_are_due, take_program};

static bool
read_few(Reading *reading, const FewFiles *files, GError **error)
{
  GError *failure = NULL;
  WorkerInput input = reading->input;
  g_autoptr(LayerReader) reader = layer_reader_new(worker_input_read, &input, reading->limits);
  reading->entry = 0;
  while (failure == NULL && files->are_due(reading)) {
    const LayerEntry *entry = layer_reader_next(reader, &failure);
    if (entry == NULL)
      break;
    if (entry->kind != LAYER_ENTRY_GLOBAL)
      reading->entry++;
    if (entry->kind == LAYER_ENTRY_FILE)
      files->take(reading, reader, entry, &failure);
  }
  if (failure == NULL)
    return true;
  g_propagate_error(error, failure);
  return false;
}

static bool
read_passes(Reading *reading, GError **error)
{
  bool asks_more = true;
  for (unsigned pass = 0; pass < PASSES_MAX; pass++) {
    reading->first = pass == 0;
    if (!(asks_more ? read_pass(reading, error) : read_few(reading, &files_of_links, error)))
      return false;
    if (reading->first)
      layer_links_take_wanted(reading->links);
    asks_more = layer_links_follow(reading->links);
    if (!harvest_wants_pass(reading->harvest) && !asks_more)
      return true;
  }
  if (asks_more)
    layer_inventory_add_unread(reading->inventory, "too-many-links", "",
                               "Links lead around, or there are too many of them.");
  return true;
}

json_t *
worker_layer(WorkerInput input, const LayerLimits *limits, const GPtrArray *links, GError **error)
{
  g_autoptr(LayerInventory) inventory = layer_inventory_new();
  g_autoptr(AskedPaths) asked = asked_paths_new();
  g_autoptr(GHashTable) folders = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr(GString) plain_folder = g_string_new(NULL);
  g_auto(Harvest) harvest = {0};
  harvest_init(&harvest, inventory, limits->file_bytes);
  g_autoptr(LayerLinks) layer_links = layer_links_new(asked, &harvest, inventory);
  g_autoptr(EntryNotes) notes = entry_notes_new(inventory);
  g_autoptr(WeightNotes) weights = weight_notes_new(inventory);
  Reading reading = {.input = input,
                     .limits = limits,
                     .inventory = inventory,
                     .asked = asked,
                     .folders = folders,
                     .plain_folder = plain_folder,
                     .harvest = &harvest,
                     .links = layer_links,
                     .notes = notes,
                     .weights = weights};
  layer_links_add(layer_links, links);
  if (!read_passes(&reading, error) ||
      (program_notes_want_pass(harvest.programs) && !read_few(&reading, &programs_again, error)) ||
      !worker_input_settle(&input, error))
    return NULL;
  inventory->packed_bytes = input.end - input.at;
  if (!worker_check_table(input, limits, inventory, error))
    return NULL;
  harvest_note_left_links(&harvest);
  harvest_join(&harvest);
  entry_notes_join(notes);
  weight_notes_join(weights, harvest.owned, harvest.contents);
  json_t *answer = json_object();
  json_object_set_new(answer, "inventory", layer_inventory_to_json(inventory));
  return answer;
}
