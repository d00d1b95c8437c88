/* From the top layer down, with what upper layers hide; see the header. */
#include "inspect/minimality/shed.h"

#include <string.h>

#include "inspect/minimality/locales-private.h"
#include "inspect/minimality/minimality.h"

const char *const shed_kind_names[] = {
    [SHED_REMOVED] = "removed-later",
    [SHED_REPLACED] = "replaced-later",
    [SHED_CACHE] = "package-cache",
    [SHED_TEMPORARY] = "temporary",
    [SHED_DOCUMENTATION] = "documentation",
    [SHED_LOCALE] = "locale",
    [SHED_BUILD] = "build-tool",
    [SHED_DUPLICATE] = "duplicate",
    [SHED_MANAGER] = "package-manager",
    [SHED_SHELL] = "shell",
    [SHED_TOOL] = "tool",
    [SHED_SET_ID] = "setuid",
    NULL,
};

/* Of an entry that is there in the end. */
static const ShedKind kinds[WEIGHT_KINDS] = {
    [WEIGHT_OTHER] = SHED_KINDS,         [WEIGHT_CACHE] = SHED_CACHE,
    [WEIGHT_TEMPORARY] = SHED_TEMPORARY, [WEIGHT_DOCUMENTATION] = SHED_DOCUMENTATION,
    [WEIGHT_LOCALE] = SHED_LOCALE,       [WEIGHT_BUILD] = SHED_BUILD,
    [WEIGHT_MANAGER] = SHED_MANAGER,     [WEIGHT_SHELL] = SHED_SHELL,
    [WEIGHT_TOOL] = SHED_TOOL,
};

/* Paths that hide something of lower layers, and such that hide what is below them: some 60 MB. A
 * file is both, so that layers of some million files together stay below. */
#define HIDING_MAX 2000000u

/* By which layer something is hidden, and how. */
typedef struct {
  unsigned by; /* from the bottom, 1; 0: it is not */
  bool removed;
} Hidden;

/* A file that is there in the end and is of no other kind, whose content is known. */
typedef struct {
  uint64_t hash, bytes;
  unsigned layer, entry; /* layer from the bottom, 1; the entry's index */
  char *path;            /* NULL: it is not kept */
} Kept;

typedef struct {
  Shed *shed;
  GArray *kept;     /* Kept, of all layers so far */
  GHashTable *used; /* hashes of paths of locales that the image uses */
  /* hash -> hidden_pack(): what is at a path, and what is below it, as the nearest layer above has
   * it. */
  GHashTable *at, *below;
} Joining;

/* A layer, unpacked. */
typedef struct {
  unsigned number; /* from the bottom, 1 */
  Weights *weights;
  Hidden *folders, *entries; /* by index: what is in the folder; the entry itself */
  bool *used;                /* by folder: of a locale that the image uses */
  GHashTable *names;         /* index -> path */
} Layer;

bool
shed_kind_counts(ShedKind kind)
{
  return kind < SHED_MANAGER;
}

static void *
hidden_pack(Hidden hidden)
{
  return GUINT_TO_POINTER(hidden.by << 1 | hidden.removed);
}

static Hidden
find_hidden(GHashTable *in, uint64_t hash)
{
  guint packed = GPOINTER_TO_UINT(g_hash_table_lookup(in, weight_key(hash)));
  return (Hidden){packed >> 1, (packed & 1) != 0};
}

/* --- one layer --- */

static void
layer_clear(Layer *layer)
{
  g_clear_pointer(&layer->weights, weights_free);
  g_clear_pointer(&layer->names, g_hash_table_unref);
  g_free(layer->folders);
  g_free(layer->entries);
  g_free(layer->used);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Layer, layer_clear)

static void
read_names(Layer *layer, const GPtrArray *named)
{
  layer->names = g_hash_table_new(NULL, NULL);
  for (guint i = 0; i < named->len; i++) {
    char *path = NULL;
    guint64 index = g_ascii_strtoull(g_ptr_array_index(named, i), &path, 10);
    if (*path == ' ' && index < layer->weights->entries->len)
      g_hash_table_insert(layer->names, weight_key(index), path + 1);
  }
}

/* The lower of two that hide it, for it is not there any more for the other. */
static Hidden
first_of(Hidden own, Hidden folder)
{
  return own.by == 0 || (folder.by != 0 && folder.by < own.by) ? folder : own;
}

static void
look_at_folders(Layer *layer, const Joining *joining)
{
  const GArray *folders = layer->weights->folders;
  layer->folders = g_new0(Hidden, folders->len);
  layer->used = g_new0(bool, folders->len);
  for (guint i = 0; i < folders->len; i++) {
    const WeightFolder *folder = &g_array_index(folders, WeightFolder, i);
    layer->folders[i] =
        first_of(find_hidden(joining->below, folder->hash), layer->folders[folder->parent]);
    layer->used[i] = layer->used[folder->parent] || locales_use(joining->used, folder->hash);
  }
}

/* Of a path that its tar has twice, the last counts. A file of which a hard link is there is there,
 * whatever became of its first name. */
static void
look_at_entries(Layer *layer, const Joining *joining)
{
  const GArray *entries = layer->weights->entries;
  g_autoptr(GHashTable) later = g_hash_table_new(NULL, NULL);
  layer->entries = g_new0(Hidden, entries->len + 1);
  for (guint i = entries->len; i > 0; i--) {
    const Weight *entry = &g_array_index(entries, Weight, i - 1);
    Hidden *hidden = &layer->entries[i - 1];
    *hidden = first_of(find_hidden(joining->at, entry->hash), layer->folders[entry->folder]);
    bool mark = entry->type == WEIGHS_REMOVED || entry->type == WEIGHS_OPAQUE;
    if (!mark && !g_hash_table_add(later, weight_key(entry->hash)))
      *hidden = (Hidden){layer->number, false};
  }
  for (guint i = 0; i < entries->len; i++) {
    const Weight *entry = &g_array_index(entries, Weight, i);
    if (entry->type == WEIGHS_HARDLINK && entry->size > 0 && layer->entries[i].by == 0)
      layer->entries[entry->size - 1].by = 0;
    if (entry->linked)
      layer->entries[i].by = 0;
  }
}

/* What it hides of those below. Where upper layers have more than is kept, what lower ones have
 * seems to be there. */
static void
hide_lower(const Layer *layer, const Joining *joining)
{
  const GArray *folders = layer->weights->folders, *entries = layer->weights->entries;
  guint hiding = g_hash_table_size(joining->at) + g_hash_table_size(joining->below);
  if (folders->len + 2 * entries->len > HIDING_MAX - hiding) {
    joining->shed->at_least = true;
    return;
  }
  void *replaced = hidden_pack((Hidden){layer->number, false});
  void *removed = hidden_pack((Hidden){layer->number, true});
  for (guint i = 1; i < folders->len; i++)
    g_hash_table_insert(joining->at, weight_key(g_array_index(folders, WeightFolder, i).hash),
                        replaced);
  for (guint i = 0; i < entries->len; i++) {
    const Weight *entry = &g_array_index(entries, Weight, i);
    bool mark = entry->type == WEIGHS_REMOVED || entry->type == WEIGHS_OPAQUE;
    void *how = mark ? removed : replaced;
    g_hash_table_insert(joining->below, weight_key(entry->hash), how);
    if (entry->type != WEIGHS_OPAQUE)
      g_hash_table_insert(joining->at, weight_key(entry->hash), how);
  }
}

/* --- sums --- */

static void
add_to_sum(WeightSum *sum, uint64_t files, uint64_t bytes)
{
  sum->files += files;
  sum->bytes += bytes;
}

static void
add_file(const Joining *joining, const Layer *layer, guint index, ShedKind kind, uint64_t bytes,
         unsigned by)
{
  const char *path = g_hash_table_lookup(layer->names, weight_key(index));
  if (path == NULL)
    return;
  ShedFile *file = g_new0(ShedFile, 1);
  *file = (ShedFile){kind, g_strdup(path), bytes, layer->number, by, NULL};
  g_ptr_array_add(joining->shed->files, file);
}

static ShedKind
kind_of(const Joining *joining, const Layer *layer, const Weight *entry, Hidden hidden)
{
  if (hidden.by != 0)
    return entry->type != WEIGHS_FILE ? SHED_KINDS : hidden.removed ? SHED_REMOVED : SHED_REPLACED;
  bool used = entry->kind == WEIGHT_LOCALE &&
              (layer->used[entry->folder] || locales_use(joining->used, entry->hash));
  return used ? SHED_KINDS : kinds[entry->kind];
}

static void
sum_entry(const Joining *joining, const Layer *layer, guint index, ShedLayer *into)
{
  const Weight *entry = &g_array_index(layer->weights->entries, Weight, index);
  Hidden hidden = layer->entries[index];
  if (entry->type == WEIGHS_REMOVED || entry->type == WEIGHS_OPAQUE)
    return;
  bool file = entry->type == WEIGHS_FILE;
  uint64_t bytes = file ? entry->size : 0;
  if (file)
    add_to_sum(&into->files, 1, bytes);
  ShedKind kind = kind_of(joining, layer, entry, hidden);
  /* A program may be a link to one of another name (/bin/sh); of other kinds bytes count. */
  if (kind < SHED_KINDS && (bytes > 0 || kind >= SHED_MANAGER)) {
    add_to_sum(&into->sums[kind], 1, bytes);
    add_file(joining, layer, index, kind, bytes, hidden.by);
  }
  if (entry->set_id && hidden.by == 0) {
    add_to_sum(&into->sums[SHED_SET_ID], 1, bytes);
    add_file(joining, layer, index, SHED_SET_ID, bytes, 0);
  }
}

static void
keep_contents(const Joining *joining, const Layer *layer)
{
  for (guint i = 0; i < layer->weights->contents->len; i++) {
    const WeightContent *content = &g_array_index(layer->weights->contents, WeightContent, i);
    const Weight *entry = &g_array_index(layer->weights->entries, Weight, content->entry);
    Hidden hidden = layer->entries[content->entry];
    const Kept kept = {content->hash, entry->size, layer->number, content->entry,
                       g_strdup(g_hash_table_lookup(layer->names, weight_key(content->entry)))};
    if (hidden.by == 0 && kind_of(joining, layer, entry, hidden) == SHED_KINDS)
      g_array_append_val(joining->kept, kept);
    else
      g_free(kept.path);
  }
}

/* What is not known by its path is shipped, hidden or not. Of locales it may be one that is used,
 * where any is. */
static void
sum_rest(const Joining *joining, const Weights *weights, ShedLayer *into)
{
  bool uses_locales = g_hash_table_size(joining->used) > 0;
  for (size_t i = 0; i < WEIGHT_KINDS; i++) {
    const WeightSum *rest = &weights->rest[i];
    add_to_sum(&into->files, rest->files, rest->bytes);
    if (kinds[i] < SHED_KINDS && !(i == WEIGHT_LOCALE && uses_locales))
      add_to_sum(&into->sums[kinds[i]], rest->files, rest->bytes);
    into->in_part |= rest->files > 0;
  }
  into->in_part |= weights->left_out;
}

static void
join_layer(Joining *joining, const LayerInventory *inventory, unsigned number)
{
  ShedLayer *into = &g_array_index(joining->shed->layers, ShedLayer, number - 1);
  g_auto(Layer) layer = {.number = number};
  into->digest = inventory->layer;
  into->packed_bytes = inventory->packed_bytes;
  layer.weights = inventory->weights == NULL ? NULL : weights_from_text(inventory->weights);
  into->known = layer.weights != NULL || inventory->entries == 0;
  joining->shed->at_least |= !into->known;
  if (layer.weights == NULL)
    return;
  read_names(&layer, inventory->named);
  look_at_folders(&layer, joining);
  look_at_entries(&layer, joining);
  for (guint i = 0; i < layer.weights->entries->len; i++)
    sum_entry(joining, &layer, i, into);
  keep_contents(joining, &layer);
  sum_rest(joining, layer.weights, into);
  joining->shed->at_least |= into->in_part;
  hide_lower(&layer, joining);
}

/* --- equal files --- */

static void
kept_clear(void *kept)
{
  g_free(((Kept *)kept)->path);
}

/* Equal ones beside each other, the first of them first. */
static int
compare_kept(gconstpointer a, gconstpointer b)
{
  const Kept *left = a, *right = b;
  if (left->bytes != right->bytes)
    return left->bytes < right->bytes ? -1 : 1;
  if (left->hash != right->hash)
    return left->hash < right->hash ? -1 : 1;
  if (left->layer != right->layer)
    return left->layer < right->layer ? -1 : 1;
  return left->entry < right->entry ? -1 : left->entry > right->entry;
}

static void
add_duplicates(const Joining *joining)
{
  const Kept *first = NULL;
  g_array_sort(joining->kept, compare_kept);
  for (guint i = 0; i < joining->kept->len; i++) {
    const Kept *kept = &g_array_index(joining->kept, Kept, i);
    if (first == NULL || kept->bytes != first->bytes || kept->hash != first->hash) {
      first = kept;
      continue;
    }
    ShedLayer *layer = &g_array_index(joining->shed->layers, ShedLayer, kept->layer - 1);
    add_to_sum(&layer->sums[SHED_DUPLICATE], 1, kept->bytes);
    if (kept->path == NULL)
      continue;
    ShedFile *file = g_new0(ShedFile, 1);
    *file = (ShedFile){SHED_DUPLICATE,       g_strdup(kept->path), kept->bytes, kept->layer, 0,
                       g_strdup(first->path)};
    g_ptr_array_add(joining->shed->files, file);
  }
}

/* --- the image --- */

static int
compare_files(gconstpointer a, gconstpointer b)
{
  const ShedFile *left = *(ShedFile *const *)a, *right = *(ShedFile *const *)b;
  if (left->kind != right->kind)
    return left->kind < right->kind ? -1 : 1;
  if (left->bytes != right->bytes)
    return left->bytes > right->bytes ? -1 : 1;
  int order = strcmp(left->path, right->path);
  return order != 0 ? order : (int)left->layer - (int)right->layer;
}

static int
compare_packages(gconstpointer a, gconstpointer b)
{
  const Package *left = ((const ShedPackage *)a)->package,
                *right = ((const ShedPackage *)b)->package;
  if (left->installed_bytes != right->installed_bytes)
    return left->installed_bytes > right->installed_bytes ? -1 : 1;
  int order = strcmp(left->name, right->name);
  return order != 0 ? order : package_compare(left, right);
}

static void
add_packages(Shed *shed, const ImageInventory *image)
{
  for (guint i = 0; i < image->packages->len; i++) {
    const ImagePackage *each = &g_array_index(image->packages, ImagePackage, i);
    const ShedPackage package = {each->package, each->layer + 1};
    if (package_is_build_tool(each->package->type, each->package->name))
      g_array_append_val(shed->packages, package);
  }
  g_array_sort(shed->packages, compare_packages);
}

static void
file_free(void *file)
{
  g_free(((ShedFile *)file)->path);
  g_free(((ShedFile *)file)->same_as);
  g_free(file);
}

static void
shed_layer_clear(void *layer)
{
  g_free(((ShedLayer *)layer)->command);
}

Shed *
shed_of_image(const ImageInventory *image, const ImageConfig *config)
{
  Shed *shed = g_new0(Shed, 1);
  shed->layers = g_array_new(FALSE, TRUE, sizeof(ShedLayer));
  g_array_set_clear_func(shed->layers, shed_layer_clear);
  g_array_set_size(shed->layers, image->layers->len);
  shed->files = g_ptr_array_new_with_free_func(file_free);
  shed->packages = g_array_new(FALSE, FALSE, sizeof(ShedPackage));
  g_autoptr(GHashTable) used = locales_used(config == NULL ? NULL : config->env);
  g_autoptr(GHashTable) at = g_hash_table_new(NULL, NULL);
  g_autoptr(GHashTable) below = g_hash_table_new(NULL, NULL);
  g_autoptr(GArray) kept = g_array_new(FALSE, FALSE, sizeof(Kept));
  g_array_set_clear_func(kept, kept_clear);
  Joining joining = {.shed = shed, .kept = kept, .used = used, .at = at, .below = below};
  for (guint i = image->layers->len; i > 0; i--)
    join_layer(&joining, g_ptr_array_index(image->layers, i - 1), i);
  add_duplicates(&joining);
  for (guint i = 0; i < shed->layers->len; i++)
    for (size_t kind = 0; kind < SHED_KINDS; kind++) {
      const WeightSum *sum = &g_array_index(shed->layers, ShedLayer, i).sums[kind];
      add_to_sum(&shed->sums[kind], sum->files, sum->bytes);
      shed->bytes += shed_kind_counts(kind) ? sum->bytes : 0;
    }
  g_ptr_array_sort(shed->files, compare_files);
  add_packages(shed, image);
  for (guint i = 0; i < shed->layers->len; i++)
    g_array_index(shed->layers, ShedLayer, i).command = g_strdup(image_inventory_command(image, i));
  return shed;
}

void
shed_free(Shed *shed)
{
  if (shed == NULL)
    return;
  g_array_unref(shed->layers);
  g_ptr_array_unref(shed->files);
  g_array_unref(shed->packages);
  g_free(shed);
}
