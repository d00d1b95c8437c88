/* The job "layer": walks a layer's entries, notes what they do to the paths that are asked for, and
 * has detectors read the files there.
 *
 * The layer's own links make more paths asked for (asked_paths.h): then the layer is read again,
 * since a tar may bring a file before the link that leads to it, and keeping every file in case
 * would be keeping the layer. The usual links (/lib, /var/lib/rpm) make nothing asked for that is
 * not anyway, and cost nothing. */
#include <string.h>

#include "archive/path.h"
#include "base/error.h"
#include "base/json.h"
#include "inspect/asked_paths.h"
#include "inspect/worker-private.h"
#include "inspect/worker_harvest-private.h"
#include "inspect/worker_symlinks-private.h"

/* Each reads what links led to that the former found, and one more name of a file with several. */
#define PASSES_MAX 8u
/* Over all links, until none makes more asked for. */
#define TURNS_MAX 16u
/* Of the paths and targets of all links. */
#define LINK_BYTES_MAX ((size_t)64 * 1024 * 1024)
#define WHITEOUT       ".wh."
/* No entry has that number. */
#define FOLDER SIZE_MAX

typedef struct {
  const char *path, *target;
  bool hard;
} Link;

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
  GArray *links;       /* Link */
  GHashTable *targets; /* path of a symbolic link -> its target, as far as the tar was read */
  GHashTable *names; /* hash of a name that links may lead to -> number of the entry with the bytes,
                        or FOLDER */
  GStringChunk *texts; /* of links */
  size_t link_bytes;
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

/* --- links --- */

/* FNV-1a. Where two names meet, a hard link that leads nowhere is not told, or one that does is not
 * read. */
static void *
name_hash(const char *name)
{
  uint64_t hash = 0xcbf29ce484222325;
  for (; *name != '\0'; name++)
    hash = (hash ^ (uint8_t)*name) * 0x100000001b3;
  return GSIZE_TO_POINTER(hash);
}

/* Of a symbolic link as written; a hard link's counts from the root. (transfer full) */
static char *
target_of(const LayerEntry *entry)
{
  unsigned depth;
  bool escapes;
  const char *target = entry->target == NULL ? "" : entry->target;
  return entry->kind == LAYER_ENTRY_HARDLINK ? path_normalise(target, &depth, &escapes)
                                             : g_strdup(target);
}

static void
keep_link(Reading *reading, const char *path, const char *target, bool hard)
{
  reading->link_bytes += strlen(path) + strlen(target);
  if (reading->link_bytes > LINK_BYTES_MAX) {
    layer_inventory_add_unread(reading->inventory, "too-many-links", path,
                               "The layer has more links than are followed.");
    return;
  }
  Link link = {g_string_chunk_insert(reading->texts, path),
               g_string_chunk_insert(reading->texts, target), hard};
  g_array_append_val(reading->links, link);
  if (!hard)
    g_hash_table_replace(reading->targets, (void *)(uintptr_t)link.path,
                         (void *)(uintptr_t)link.target);
}

/* Not all of them: there are images in which every file is one. */
static void
take_hardlink(Reading *reading, const LayerEntry *entry)
{
  g_autofree char *target = target_of(entry);
  if (asked_paths_look(reading->asked, entry->path).asked)
    keep_link(reading, entry->path, target, true);
  if (!reading->first)
    return;
  const char *text = g_hash_table_lookup(reading->targets, target);
  if (text != NULL)
    keep_link(reading, entry->path, text, false);
  size_t number = GPOINTER_TO_SIZE(g_hash_table_lookup(reading->names, name_hash(target)));
  if (number != 0 && number != FOLDER)
    harvest_take_hardlink(reading->harvest, entry, target, number);
  else
    layer_inventory_add_unread(reading->inventory, "hard-link", entry->path,
                               "The hard link leads to what the layer did not bring before it, or "
                               "through a link.");
}

/* By which later hard links find the present entry's bytes. */
static void
keep_name(Reading *reading, const LayerEntry *entry)
{
  size_t number = entry->kind == LAYER_ENTRY_FOLDER ? FOLDER : reading->entry;
  if (entry->kind == LAYER_ENTRY_HARDLINK) {
    g_autofree char *target = target_of(entry);
    size_t linked = GPOINTER_TO_SIZE(g_hash_table_lookup(reading->names, name_hash(target)));
    number = linked != 0 ? linked : number;
  }
  g_hash_table_insert(reading->names, name_hash(entry->path), GSIZE_TO_POINTER(number));
}

/* Each pass knows better which hard links matter. */
static void
take_link(Reading *reading, const LayerEntry *entry)
{
  bool brings =
      reading->first && entry->kind != LAYER_ENTRY_WHITEOUT && entry->kind != LAYER_ENTRY_OPAQUE;
  if (brings)
    g_hash_table_remove(reading->targets, entry->path);
  if (entry->kind == LAYER_ENTRY_HARDLINK)
    take_hardlink(reading, entry);
  if (!brings)
    return;
  keep_name(reading, entry);
  if (entry->kind == LAYER_ENTRY_SYMLINK) {
    g_autofree char *target = target_of(entry);
    keep_link(reading, entry->path, target, false);
  }
}

/* After the first pass: those whose own names are wanted, as far as they are there in the end. */
static void
take_wanted_symlinks(Reading *reading)
{
  size_t work = 0;
  for (guint i = 0; i < reading->links->len; i++) {
    const Link *link = &g_array_index(reading->links, Link, i);
    bool there = !link->hard && g_hash_table_lookup(reading->targets, link->path) == link->target;
    if (!there || !harvest_wants_name(link->path))
      continue;
    g_autofree char *target = symlink_resolve(reading->targets, link->path, &work);
    void *number = target == NULL ? NULL : g_hash_table_lookup(reading->names, name_hash(target));
    if (target != NULL && number != GSIZE_TO_POINTER(FOLDER))
      harvest_take_symlink(reading->harvest, link->path, target, GPOINTER_TO_SIZE(number));
  }
  if (work > SYMLINK_WORK_MAX)
    layer_inventory_add_unread(reading->inventory, "too-many-links", "",
                               "The layer has more links than are followed.");
}

/* True when more is asked for than before. */
static bool
follow_links(Reading *reading)
{
  AskedGrowth grew = ASKED_SAME, grows = ASKED_MORE;
  for (unsigned turn = 0; grows != ASKED_SAME && turn < TURNS_MAX; turn++) {
    grows = ASKED_SAME;
    for (guint i = 0; i < reading->links->len; i++) {
      const Link *link = &g_array_index(reading->links, Link, i);
      AskedGrowth one = link->hard
                            ? asked_paths_add_hardlink(reading->asked, link->path, link->target)
                            : asked_paths_add_symlink(reading->asked, link->path, link->target);
      grows = MAX(grows, one);
    }
    grew = MAX(grew, grows);
  }
  if (grows != ASKED_SAME || asked_paths_overflowed(reading->asked))
    layer_inventory_add_unread(reading->inventory, "too-many-links", "",
                               "Links lead around, or there are too many of them.");
  return grew == ASKED_MORE;
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
  g_autofree char *target = link ? target_of(entry) : NULL;
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
  return anywhere == 0 ||
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
  }
  if (entry->kind == LAYER_ENTRY_GLOBAL) {
    take_global(reading, entry);
    return true;
  }
  reading->entry++;
  uint64_t anywhere = reading->first ? harvest_wanted_anywhere(entry) : 0;
  if (reading->first)
    harvest_take_away(reading->harvest, entry, anywhere);
  take_link(reading, entry);
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

static bool
read_passes(Reading *reading, GError **error)
{
  bool left = false;
  for (unsigned pass = 0; pass < PASSES_MAX; pass++) {
    reading->first = pass == 0;
    if (!read_pass(reading, error))
      return false;
    if (reading->first)
      take_wanted_symlinks(reading);
    bool asks_more = follow_links(reading);
    if (!harvest_wants_pass(reading->harvest) && !asks_more)
      return true;
    left = asks_more;
  }
  if (left)
    layer_inventory_add_unread(reading->inventory, "too-many-links", "",
                               "Links lead around, or there are too many of them.");
  return true;
}

static void
take_job_links(Reading *reading, const GPtrArray *links)
{
  for (guint i = 0; i + 1 < links->len; i += 2) {
    const char *path = g_ptr_array_index(links, i), *target = g_ptr_array_index(links, i + 1);
    Link link = {path, target, false};
    g_array_append_val(reading->links, link);
    g_ptr_array_add(reading->inventory->links, g_strdup(path));
    g_ptr_array_add(reading->inventory->links, g_strdup(target));
  }
  follow_links(reading);
}

json_t *
worker_layer(WorkerInput input, const LayerLimits *limits, const GPtrArray *links, GError **error)
{
  g_autoptr(LayerInventory) inventory = layer_inventory_new();
  g_autoptr(AskedPaths) asked = asked_paths_new();
  g_autoptr(GHashTable) folders = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr(GArray) kept_links = g_array_new(FALSE, FALSE, sizeof(Link));
  g_autoptr(GHashTable) targets = g_hash_table_new(g_str_hash, g_str_equal);
  g_autoptr(GHashTable) names = g_hash_table_new(NULL, NULL);
  g_autoptr(GString) plain_folder = g_string_new(NULL);
  g_auto(Harvest) harvest = {0};
  GStringChunk *texts = g_string_chunk_new((size_t)16 * 1024);
  Reading reading = {.input = input,
                     .limits = limits,
                     .inventory = inventory,
                     .asked = asked,
                     .folders = folders,
                     .plain_folder = plain_folder,
                     .harvest = &harvest,
                     .links = kept_links,
                     .targets = targets,
                     .names = names,
                     .texts = texts};
  harvest_init(&harvest, inventory, limits->file_bytes);
  inventory->packed_bytes = input.end - input.at;
  take_job_links(&reading, links);
  bool read = read_passes(&reading, error) && worker_check_table(input, limits, inventory, error);
  g_string_chunk_free(texts);
  if (!read)
    return NULL;
  harvest_join(&harvest);
  json_t *answer = json_object();
  json_object_set_new(answer, "inventory", layer_inventory_to_json(inventory));
  return answer;
}
