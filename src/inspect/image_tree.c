/* Links over layers, and what is at the places of detectors in the end; see the header. */
#include "inspect/image_tree.h"
#include "inspect/overlay.h"

#include <string.h>

#include "base/slice.h"
#include "inspect/asked_paths.h"
#include "inspect/fixed_places.h"

/* Inspections of the same layer, each for what the former found. */
#define ROUNDS_MAX 8u
/* Until no link makes more asked for; honest layers need two. */
#define TURNS_MAX 16u
/* Bytes of links that are followed for an image, over and over: far more than honest ones have. */
#define WORK_MAX ((size_t)8 * 1024 * 1024)

/* --- what layers are to be inspected for --- */

typedef struct {
  AskedPaths *paths;
  GPtrArray *needed;        /* path, target, ...: the links that changed what is asked for */
  size_t bytes;             /* of these */
  size_t *work;             /* bytes of all links that were followed for the image */
  AskedGrowth turn, growth; /* of this turn over all links, and of all turns */
} Growth;

/* @growth->turn becomes what this makes of it. */
static void
grow(Growth *growth, const char *path, const char *target)
{
  *growth->work += strlen(path) + strlen(target);
  if (*growth->work > WORK_MAX)
    return;
  AskedGrowth grew = asked_paths_add_symlink(growth->paths, path, target);
  growth->turn = MAX(growth->turn, grew);
  if (grew == ASKED_SAME)
    return;
  g_ptr_array_add(growth->needed, g_strdup(path));
  g_ptr_array_add(growth->needed, g_strdup(target));
  growth->bytes += strlen(path) + strlen(target);
}

static void
grow_by_links(Growth *growth, const GPtrArray *links)
{
  for (guint i = 0; i + 1 < links->len; i += 2)
    grow(growth, g_ptr_array_index(links, i), g_ptr_array_index(links, i + 1));
}

static void
grow_by_layer(Growth *growth, const LayerInventory *layer)
{
  g_autoptr(GHashTable) targets = g_hash_table_new(g_str_hash, g_str_equal);
  grow_by_links(growth, layer->links);
  for (guint i = 0; i < layer->changes->len; i++) {
    const LayerChange *change = g_ptr_array_index(layer->changes, i);
    const char *target = change->kind == CHANGE_SYMLINK ? change->target : NULL;
    if (change->kind == CHANGE_HARDLINK)
      target = g_hash_table_lookup(targets, change->target);
    if (target == NULL)
      continue;
    g_hash_table_replace(targets, change->path, (void *)(uintptr_t)target);
    grow(growth, change->path, target);
  }
}

/* What the links of @count layers from @first on, and @more (or NULL), ask for. False: they are too
 * many. */
static bool
grow_by_layers(Growth *growth, const GPtrArray *layers, guint first, guint count,
               const GPtrArray *more)
{
  growth->growth = ASKED_SAME;
  growth->turn = ASKED_MORE;
  for (unsigned turn = 0; growth->turn != ASKED_SAME && turn < TURNS_MAX; turn++) {
    growth->turn = ASKED_SAME;
    if (more != NULL)
      grow_by_links(growth, more);
    for (guint i = first; i < first + count; i++)
      grow_by_layer(growth, g_ptr_array_index(layers, i));
    growth->growth = MAX(growth->growth, growth->turn);
  }
  return growth->turn == ASKED_SAME && *growth->work <= WORK_MAX &&
         !asked_paths_overflowed(growth->paths) && growth->needed->len <= 2 * LAYER_LINKS_MAX &&
         growth->bytes <= LAYER_LINK_BYTES_MAX;
}

/* Whether the layer was inspected for all of the links, or has them itself. */
static bool
knows_links(const GPtrArray *layers, guint index, const GPtrArray *links, size_t *work)
{
  g_autoptr(AskedPaths) own = asked_paths_new();
  g_autoptr(GPtrArray) needed = g_ptr_array_new_with_free_func(g_free);
  Growth growth = {.paths = own, .needed = needed, .work = work};
  return grow_by_layers(&growth, layers, index, 1, NULL) &&
         grow_by_layers(&growth, layers, index, 1, links) && growth.growth != ASKED_MORE;
}

static void
add_unread(GPtrArray *unread, const char *path, const char *why)
{
  g_autofree char *one = layer_unread_of_path(path);
  g_autofree char *shown = slice_to_printable(slice_from_string(one), 200);
  g_ptr_array_add(unread, g_strdup_printf("%s (%s)", shown, why));
}

typedef enum { ROUND_DONE, ROUND_AGAIN, ROUND_FAILED } RoundEnd;

static RoundEnd
ask_round(GPtrArray *layers, const GPtrArray *links, size_t *work, LayerAsk ask, void *ask_data,
          GPtrArray *unread, GError **error)
{
  RoundEnd end = ROUND_DONE;
  for (guint i = 0; i < layers->len; i++) {
    if (knows_links(layers, i, links, work))
      continue;
    if (ask == NULL) {
      add_unread(unread, g_ptr_array_index(links, 0), "a link that leads through several layers");
      return ROUND_DONE;
    }
    LayerInventory *again = ask(i, g_ptr_array_index(layers, i), links, ask_data, error);
    if (again == NULL)
      return ROUND_FAILED;
    layer_inventory_free(layers->pdata[i]);
    layers->pdata[i] = again;
    end = ROUND_AGAIN;
  }
  return end;
}

bool
image_tree_complete(GPtrArray *layers, LayerAsk ask, void *ask_data, GPtrArray *unread,
                    GError **error)
{
  RoundEnd end = ROUND_AGAIN;
  size_t work = 0;
  for (unsigned round = 0; end == ROUND_AGAIN; round++) {
    g_autoptr(AskedPaths) paths = asked_paths_new();
    g_autoptr(GPtrArray) needed = g_ptr_array_new_with_free_func(g_free);
    Growth growth = {.paths = paths, .needed = needed, .work = &work};
    bool followed = grow_by_layers(&growth, layers, 0, layers->len, NULL);
    if (followed && (growth.growth != ASKED_MORE || layers->len < 2))
      return true;
    if (!followed || round == ROUNDS_MAX) {
      add_unread(unread, needed->len > 0 ? g_ptr_array_index(needed, 0) : "/",
                 "one of too many links that lead around");
      return true;
    }
    end = ask_round(layers, needed, &work, ask, ask_data, unread, error);
  }
  return end != ROUND_FAILED;
}

/* --- what is at the places --- */

static void
found_file_free(void *data)
{
  FoundFile *found = data;
  g_free(found->place);
  g_free(found);
}

typedef struct {
  ImageTree *image;
  GHashTable *known; /* "layer change reading" -> FoundFile, which `files` owns */
  GHashTable *own;   /* set: those of the present unpacker */
} Search;

static void
take_file(Search *search, const UnpackedFile *file, unsigned reading, const char *place)
{
  g_autofree char *key = g_strdup_printf("%u %u %u", file->layer, file->change, reading);
  FoundFile *found = g_hash_table_lookup(search->known, key);
  if (!g_hash_table_add(search->own, g_strdup(key)))
    return;
  if (found == NULL) {
    found = g_new0(FoundFile, 1);
    *found = (FoundFile){reading, file, 0, g_strdup(place)};
    g_ptr_array_add(search->image->files, found);
    g_hash_table_insert(search->known, g_steal_pointer(&key), found);
  }
  found->unpackers++;
}

/* True when there is something. */
static bool
open_place(Search *search, UnpackedTree *tree, unsigned reading, const char *place)
{
  const UnpackedFile *file;
  UnpackedKind kind = unpacked_tree_open(tree, place, &file);
  if (kind == UNPACKED_FILE)
    take_file(search, file, reading, place);
  /* SQLite looks for them under the name that the link leads to. */
  if (kind == UNPACKED_FILE && g_str_has_suffix(place, ".sqlite") &&
      unpacked_tree_is_link(tree, place))
    add_unread(search->image->unread, place, "a link, so that its journals are elsewhere");
  else if (kind == UNPACKED_LOOP)
    add_unread(search->image->unread, place, "links lead around");
  return kind != UNPACKED_NOTHING;
}

static void
open_folder(Search *search, UnpackedTree *tree, unsigned reading, const char *folder)
{
  const Detector *detector = fixed_places_reading(reading)->detector;
  g_autoptr(GPtrArray) names = unpacked_tree_list(tree, folder);
  for (guint i = 0; i < names->len; i++) {
    const char *name = g_ptr_array_index(names, i);
    g_autofree char *place = g_strconcat(folder, "/", name, NULL);
    if (detector->wants_name == NULL || detector->wants_name(name))
      open_place(search, tree, reading, place);
  }
}

/* Who makes a link of the place of a database, or of the folder that it is in, has packages. */
static void
note_dangling(Search *search, UnpackedTree *tree, const char *place)
{
  g_autofree char *path = g_strdup(place);
  for (unsigned i = 0; i < 2; i++) {
    if (fixed_places_is_database(path) && unpacked_tree_is_dangling(tree, path))
      add_unread(search->image->unread, path, "a link to what no layer holds");
    char *slash = strrchr(path, '/');
    if (slash == NULL)
      return;
    *slash = '\0';
  }
}

/* The file of a package in each folder of @place, which has "*" for them. */
static void
open_folders(Search *search, UnpackedTree *tree, unsigned reading, const char *place, size_t above)
{
  g_autofree char *folder = g_strndup(place, above);
  g_autoptr(GPtrArray) names = unpacked_tree_list(tree, folder);
  for (guint i = 0; i < names->len; i++) {
    const char *name = g_ptr_array_index(names, i);
    g_autofree char *path = g_strconcat(folder, "/", name, strrchr(place, '/'), NULL);
    if (fixed_places_find_reading(path) == (int)reading && !open_place(search, tree, reading, path))
      note_dangling(search, tree, path);
  }
  note_dangling(search, tree, folder);
}

static void
search_tree(Search *search, UnpackedTree *tree)
{
  const char *place;
  for (unsigned i = 0; (place = fixed_places_get(i)) != NULL; i++) {
    unsigned reading = (unsigned)fixed_places_find_reading(place);
    size_t above;
    if (fixed_places_split_pattern(place, &above)) {
      open_folders(search, tree, reading, place, above);
      continue;
    }
    bool folder = g_str_has_suffix(place, "/");
    g_autofree char *path = g_strndup(place, strlen(place) - folder);
    if (folder)
      open_folder(search, tree, reading, path);
    else
      open_place(search, tree, reading, path);
    if (fixed_places_reading(reading)->detector->lists_packages &&
        tree == search->image->trees[UNPACKER_OVERLAY])
      note_dangling(search, tree, path);
  }
}

ImageTree *
image_tree_new(const GPtrArray *layers)
{
  ImageTree *image = g_new0(ImageTree, 1);
  image->files = g_ptr_array_new_with_free_func(found_file_free);
  image->unread = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GHashTable) known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (unsigned i = 0; i < UNPACKERS; i++) {
    g_autoptr(GHashTable) own = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    Search search = {image, known, own};
    image->trees[i] = unpacked_tree_new(layers, (Unpacker)i);
    search_tree(&search, image->trees[i]);
    if (unpacked_tree_trouble(image->trees[i]) != NULL)
      g_ptr_array_add(image->unread, g_strdup(unpacked_tree_trouble(image->trees[i])));
  }
  for (guint i = 0; i < image->files->len; i++) {
    const FoundFile *found = g_ptr_array_index(image->files, i);
    if (found->unpackers < UNPACKERS)
      add_unread(image->unread, found->place, "not every runtime unpacks the same there");
  }
  return image;
}

void
image_tree_free(ImageTree *tree)
{
  if (tree == NULL)
    return;
  for (unsigned i = 0; i < UNPACKERS; i++)
    unpacked_tree_free(tree->trees[i]);
  g_ptr_array_unref(tree->files);
  g_ptr_array_unref(tree->unread);
  g_free(tree);
}
