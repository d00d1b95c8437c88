/* What entries weigh. It is asked of every entry of a layer, so most of them, which are in the
 * folder of the one before, cost a hash of their path and a look at a few tables; see the header.
 */
#include "inspect/worker_weights-private.h"

#include <string.h>

#include "inspect/minimality/minimality.h"
#include "inventory/weights.h"

/* Of entries whose paths are kept: those that are large, and the others that are to be named. */
#define NAMED_LARGE ((uint64_t)1024 * 1024)

struct WeightNotes {
  LayerInventory *inventory;
  Weights *weights;
  GHashTable *folders; /* hash -> index + 1 */
  GString *folder;     /* of the last entry */
  uint32_t number;     /* of that folder */
  guint large, others; /* paths that are kept */
  GHashTable *linked;  /* set: hashes of files of which a hard link is not kept */
  bool links; /* there are hard links: their `size` is the hash of the target until the end */
};

WeightNotes *
weight_notes_new(LayerInventory *inventory)
{
  WeightNotes *notes = g_new0(WeightNotes, 1);
  notes->inventory = inventory;
  notes->weights = weights_new();
  notes->folders = g_hash_table_new(NULL, NULL);
  notes->folder = g_string_new(NULL);
  notes->linked = g_hash_table_new(NULL, NULL);
  g_hash_table_insert(notes->folders, weight_key(weight_hash_of("")), GUINT_TO_POINTER(1));
  return notes;
}

void
weight_notes_free(WeightNotes *notes)
{
  if (notes == NULL)
    return;
  weights_free(notes->weights);
  g_hash_table_unref(notes->folders);
  g_hash_table_unref(notes->linked);
  g_string_free(notes->folder, TRUE);
  g_free(notes);
}

/* The number of the folder of the first @size bytes of @path. Of more folders than are kept it is
 * the nearest above that is. */
static uint32_t
folder_of(WeightNotes *notes, const char *path, size_t size)
{
  uint32_t number = 0;
  for (size_t end = 0; end < size; end++) {
    const char *slash = memchr(path + end, '/', size - end);
    end = slash == NULL ? size : (size_t)(slash - path);
    WeightFolder folder = {weight_hash(path, end), number};
    void *known = g_hash_table_lookup(notes->folders, weight_key(folder.hash));
    if (known == NULL && notes->weights->folders->len > WEIGHT_FOLDERS_MAX)
      return number;
    if (known == NULL) {
      g_array_append_val(notes->weights->folders, folder);
      known = GUINT_TO_POINTER(notes->weights->folders->len);
      g_hash_table_insert(notes->folders, weight_key(folder.hash), known);
    }
    number = GPOINTER_TO_UINT(known) - 1;
  }
  return number;
}

static uint32_t
folder_of_entry(WeightNotes *notes, const char *path)
{
  const char *slash = strrchr(path, '/');
  size_t size = slash == NULL ? 0 : (size_t)(slash - path);
  if (notes->folder->len != size || memcmp(notes->folder->str, path, size) != 0) {
    g_string_truncate(notes->folder, 0);
    g_string_append_len(notes->folder, path, (gssize)size);
    notes->number = folder_of(notes, path, size);
  }
  return notes->number;
}

static bool
has_room(const Weights *weights, const Weight *entry)
{
  bool more = entry->type == WEIGHS_REMOVED || entry->type == WEIGHS_OPAQUE ||
              (entry->type == WEIGHS_FILE && entry->size >= WEIGHT_LARGE);
  return weights->entries->len < (more ? WEIGHT_ENTRIES_LARGE_MAX : WEIGHT_ENTRIES_MAX);
}

/* Of the entry that is added next. */
static void
keep_name(WeightNotes *notes, const Weight *entry, const char *path)
{
  bool named = entry->set_id || entry->kind >= WEIGHT_MANAGER;
  guint *count = named ? &notes->others : &notes->large;
  if (!named && (entry->type != WEIGHS_FILE || entry->size < NAMED_LARGE))
    return;
  if ((*count)++ < LAYER_NAMED_MAX / 2)
    layer_inventory_add_named(notes->inventory, notes->weights->entries->len, path);
}

static void
add(WeightNotes *notes, const Weight *entry, const char *path)
{
  WeightSum *rest = &notes->weights->rest[entry->kind];
  if (!has_room(notes->weights, entry)) {
    bool file = entry->type == WEIGHS_FILE;
    rest->files += file;
    rest->bytes += file ? entry->size : 0;
    if (entry->type == WEIGHS_HARDLINK)
      g_hash_table_add(notes->linked, weight_key(entry->size));
    notes->weights->left_out = true;
    return;
  }
  keep_name(notes, entry, path);
  g_array_append_val(notes->weights->entries, *entry);
}

static const WeightType types[] = {
    [LAYER_ENTRY_FILE] = WEIGHS_FILE,        [LAYER_ENTRY_FOLDER] = WEIGHS_NOTHING,
    [LAYER_ENTRY_SYMLINK] = WEIGHS_NOTHING,  [LAYER_ENTRY_HARDLINK] = WEIGHS_HARDLINK,
    [LAYER_ENTRY_DEVICE] = WEIGHS_NOTHING,   [LAYER_ENTRY_OTHER] = WEIGHS_NOTHING,
    [LAYER_ENTRY_WHITEOUT] = WEIGHS_REMOVED, [LAYER_ENTRY_OPAQUE] = WEIGHS_OPAQUE,
    [LAYER_ENTRY_GLOBAL] = WEIGHS_NOTHING,
};

void
weight_notes_take(WeightNotes *notes, const LayerEntry *entry, const char *target)
{
  if (entry->kind == LAYER_ENTRY_GLOBAL)
    return;
  if (entry->kind == LAYER_ENTRY_FOLDER) {
    folder_of(notes, entry->path, strlen(entry->path));
    return;
  }
  Weight weight = {.hash = weight_hash_of(entry->path), .type = (uint8_t)types[entry->kind]};
  weight.folder = folder_of_entry(notes, entry->path);
  if (weight.type != WEIGHS_REMOVED && weight.type != WEIGHS_OPAQUE)
    weight.kind = (uint8_t)weight_kind_of(entry->path);
  weight.set_id = weight_is_set_id(entry);
  if (weight.type == WEIGHS_FILE)
    weight.size = entry->size;
  if (weight.type == WEIGHS_HARDLINK)
    weight.size = weight_hash_of(target);
  notes->links |= weight.type == WEIGHS_HARDLINK;
  add(notes, &weight, entry->path);
}

/* --- at the end --- */

/* Hash -> index + 1 of files; of a path the last counts. (transfer full) */
static GHashTable *
files_by_hash(const Weights *weights)
{
  GHashTable *files = g_hash_table_new(NULL, NULL);
  for (guint i = 0; i < weights->entries->len; i++) {
    const Weight *entry = &g_array_index(weights->entries, Weight, i);
    if (entry->type == WEIGHS_FILE)
      g_hash_table_insert(files, weight_key(entry->hash), GUINT_TO_POINTER(i + 1));
  }
  return files;
}

/* Of several files of one path a link is to the last before it; where there is none, to one after
 * it. */
static void
resolve_links(const Weights *weights, GHashTable *files)
{
  g_autoptr(GHashTable) before = g_hash_table_new(NULL, NULL);
  for (guint i = 0; i < weights->entries->len; i++) {
    Weight *entry = &g_array_index(weights->entries, Weight, i);
    if (entry->type == WEIGHS_FILE)
      g_hash_table_insert(before, weight_key(entry->hash), GUINT_TO_POINTER(i + 1));
    if (entry->type != WEIGHS_HARDLINK)
      continue;
    void *file = g_hash_table_lookup(before, weight_key(entry->size));
    if (file == NULL)
      file = g_hash_table_lookup(files, weight_key(entry->size));
    entry->size = GPOINTER_TO_UINT(file);
  }
}

/* Documentation and the like stay what they are: they can go without the tool. */
static void
mark(const Weights *weights, GHashTable *files, const char *path, size_t size)
{
  guint number = GPOINTER_TO_UINT(g_hash_table_lookup(files, weight_key(weight_hash(path, size))));
  if (number == 0)
    return;
  Weight *entry = &g_array_index(weights->entries, Weight, number - 1);
  if (entry->kind == WEIGHT_OTHER)
    entry->kind = WEIGHT_BUILD;
}

/* Lists of before the merge of /usr name "lib/x", which unpacks as "usr/lib/x". */
static void
mark_all(const Weights *weights, GHashTable *files, const char *paths)
{
  g_autoptr(GString) merged = g_string_new(NULL);
  Slice rest = slice_from_string(paths), line;
  while (slice_next_field(&rest, '\n', &line)) {
    while (line.size > 0 && line.data[0] == '/')
      line = slice_sub(line, 1, line.size);
    if (line.size == 0)
      continue;
    mark(weights, files, (const char *)line.data, line.size);
    g_string_assign(merged, "usr/");
    g_string_append_len(merged, (const char *)line.data, (gssize)line.size);
    mark(weights, files, merged->str, merged->len);
  }
}

/* And of which files something is said by links that are not kept. */
static void
add_contents(const WeightNotes *notes, GHashTable *contents)
{
  for (guint i = 0; i < notes->weights->entries->len; i++) {
    Weight *entry = &g_array_index(notes->weights->entries, Weight, i);
    if (entry->type != WEIGHS_FILE)
      continue;
    const WeightContent content = {i, weight_content_hash(GPOINTER_TO_SIZE(
                                          g_hash_table_lookup(contents, weight_key(entry->hash))))};
    entry->linked = g_hash_table_contains(notes->linked, weight_key(entry->hash));
    if (content.hash != 0)
      g_array_append_val(notes->weights->contents, content);
  }
}

void
weight_notes_join(WeightNotes *notes, const GPtrArray *owned, GHashTable *contents)
{
  const Weights *weights = notes->weights;
  const LayerInventory *inventory = notes->inventory;
  g_autoptr(GHashTable) files = files_by_hash(weights);
  if (notes->links)
    resolve_links(weights, files);
  add_contents(notes, contents);
  for (guint i = 0; i + 2 < owned->len; i += 3)
    if (package_is_build_tool("deb", g_ptr_array_index(owned, i)))
      mark_all(weights, files, g_ptr_array_index(owned, i + 1));
  for (guint i = 0; i < inventory->packages->len; i++) {
    const Package *package = g_ptr_array_index(inventory->packages, i);
    if (package->files != NULL && package_is_build_tool(package->type, package->name))
      mark_all(weights, files, package->files);
  }
  g_free(notes->inventory->weights);
  notes->inventory->weights = weights_to_text(weights);
}
