/* What an image holds: the packages and the distribution in the files at the places of
 * detectors in the end (image_tree.h), and the layers that brought them. */
#include "inspect/overlay.h"

#include <string.h>

#include "base/error.h"
#include "base/slice.h"
#include "inspect/applications.h"
#include "inspect/baseline/image.h"
#include "inspect/finds.h"
#include "inspect/fixed_places.h"
#include "inspect/image_tree.h"
#include "inspect/integrity/integrity.h"
#include "inspect/observed.h"

/* Packages compared for where they come from, in all: an image of a hundred layers that each write
 * a database of a thousand packages stays far below. What is left counts as its own layer's. */
#define COMPARED_MAX 3000000u

/* Programs whose functions of one module are taken together; with more, nobody knows them. */
#define UNITED_MAX       1000u
#define UNITED_BYTES_MAX ((size_t)64 * 1024 * 1024)

/* --- what layers read --- */

/* A layer as lookups. */
typedef struct {
  GHashTable *reads;    /* read_key() -> index + 1 of the LayerFile; NULL: not looked at yet */
  GPtrArray **packages; /* by LayerFile: GPtrArray of Package, or NULL */
  guint count;
} Contents;

typedef struct {
  const GPtrArray *layers;
  Contents *contents; /* by layer */
  guint compared;
} Shelf;

static void *
read_key(size_t change, unsigned reading)
{
  return GSIZE_TO_POINTER(change * READINGS_MAX + reading + 1);
}

static void
fill_contents(Contents *contents, const LayerInventory *layer)
{
  contents->reads = g_hash_table_new(NULL, NULL);
  contents->count = layer->reads->len;
  contents->packages = g_new0(GPtrArray *, contents->count + 1);
  for (guint i = 0; i < layer->reads->len; i++) {
    const LayerFile *read = g_ptr_array_index(layer->reads, i);
    int reading = read->change == LAYER_ANYWHERE ? -1 : fixed_places_find_reading(read->location);
    if (reading >= 0)
      g_hash_table_insert(contents->reads, read_key(read->change, (unsigned)reading),
                          GUINT_TO_POINTER(i + 1));
  }
  for (guint i = 0; i < layer->packages->len; i++) {
    Package *package = g_ptr_array_index(layer->packages, i);
    if (package->read >= contents->count)
      continue;
    GPtrArray **list = &contents->packages[package->read];
    if (*list == NULL)
      *list = g_ptr_array_new();
    g_ptr_array_add(*list, package);
  }
}

static const Contents *
contents_of(Shelf *shelf, unsigned index)
{
  Contents *contents = &shelf->contents[index];
  if (contents->reads == NULL)
    fill_contents(contents, g_ptr_array_index(shelf->layers, index));
  return contents;
}

static void
shelf_clear(Shelf *shelf)
{
  for (guint i = 0; i < shelf->layers->len; i++) {
    Contents *contents = &shelf->contents[i];
    for (guint j = 0; j < contents->count; j++)
      if (contents->packages[j] != NULL)
        g_ptr_array_unref(contents->packages[j]);
    g_free(contents->packages);
    g_clear_pointer(&contents->reads, g_hash_table_unref);
  }
  g_free(shelf->contents);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Shelf, shelf_clear)

/* Index of what was read of the file, or -1. */
static int
find_read(Shelf *shelf, const UnpackedFile *file, unsigned reading)
{
  GHashTable *reads = contents_of(shelf, file->layer)->reads;
  return (int)GPOINTER_TO_UINT(g_hash_table_lookup(reads, read_key(file->change, reading))) - 1;
}

/* --- packages --- */

static guint
package_hash(gconstpointer data)
{
  const Package *package = data;
  return g_str_hash(package->name) * 33 + g_str_hash(package->version);
}

static gboolean
package_equal(gconstpointer a, gconstpointer b)
{
  return package_compare(a, b) == 0;
}

/* The packages of a file, each with the layer that it has been listed in since. @below: the same of
 * the file that it took the place of, or NULL. */
static GHashTable *
trace_origins(Shelf *shelf, const UnpackedFile *file, unsigned reading, GHashTable *below)
{
  GHashTable *origins = g_hash_table_new(package_hash, package_equal);
  int read = find_read(shelf, file, reading);
  const GPtrArray *list = read < 0 ? NULL : contents_of(shelf, file->layer)->packages[read];
  for (guint i = 0; list != NULL && i < list->len; i++) {
    void *package = g_ptr_array_index(list, i), *former, *origin;
    if (below == NULL || !g_hash_table_lookup_extended(below, package, &former, &origin))
      origin = GUINT_TO_POINTER(file->layer);
    else if (((const Package *)former)->licenses != NULL)
      package = former; /* the layer that installed it has its copyright file, too */
    g_hash_table_insert(origins, package, origin);
    shelf->compared++;
  }
  return origins;
}

static void
take_packages(Shelf *shelf, const FoundFile *found, GArray *packages)
{
  g_autoptr(GPtrArray) pile = g_ptr_array_new();
  g_autoptr(GHashTable) origins = NULL;
  for (const UnpackedFile *file = found->file; file != NULL; file = file->former)
    g_ptr_array_add(pile, (void *)(uintptr_t)file);
  for (guint i = pile->len; i > 0; i--) {
    if (shelf->compared > COMPARED_MAX && i > 1)
      continue;
    GHashTable *above =
        trace_origins(shelf, g_ptr_array_index(pile, i - 1), found->reading, origins);
    g_clear_pointer(&origins, g_hash_table_unref);
    origins = above;
  }
  GHashTableIter iter;
  void *package, *origin;
  g_hash_table_iter_init(&iter, origins);
  while (g_hash_table_iter_next(&iter, &package, &origin)) {
    ImagePackage one = {.package = package, .layer = GPOINTER_TO_UINT(origin)};
    g_array_append_val(packages, one);
  }
}

/* A database that is at two places, as after a move that left the old one, lists its packages
 * twice, and applications bring the same package several times: the one of the lower layer stays,
 * the others go to the doubles. */
static void
part_doubles(ImageInventory *image)
{
  GArray *packages = image->packages;
  guint kept = 0, alike = 0;
  size_t united = 0;
  for (guint i = 0; i < packages->len; i++) {
    const ImagePackage *package = &g_array_index(packages, ImagePackage, i);
    ImagePackage *before = &g_array_index(packages, ImagePackage, kept == 0 ? 0 : kept - 1);
    if (kept == 0 || package_compare(before->package, package->package) != 0) {
      g_array_index(packages, ImagePackage, kept++) = *package;
      alike = 0;
    } else {
      const char *symbols = before->package->symbols;
      united += symbols == NULL ? 0 : strlen(symbols);
      bool take = alike++ < UNITED_MAX && united <= UNITED_BYTES_MAX;
      image_package_unite(image, before, take ? package->package->symbols : NULL);
      g_array_append_val(image->doubles, *package);
    }
  }
  g_array_set_size(packages, kept);
}

/* --- the distribution --- */

static const OsRelease *
release_of_read(const LayerInventory *layer, int read)
{
  for (guint i = 0; i < layer->releases->len; i++) {
    const OsRelease *os = g_ptr_array_index(layer->releases, i);
    if (read >= 0 && os->read == (unsigned)read)
      return os;
  }
  return NULL;
}

/* The first place that tells: os-release(5) has /etc's win. */
static OsRelease *
find_os(Shelf *shelf, const GPtrArray *files)
{
  for (guint i = 0; i < files->len; i++) {
    const FoundFile *found = g_ptr_array_index(files, i);
    const OsRelease *os = release_of_read(g_ptr_array_index(shelf->layers, found->file->layer),
                                          find_read(shelf, found->file, found->reading));
    if (os != NULL)
      return os_release_copy(os);
  }
  return NULL;
}

/* --- bounds --- */

/* With what malloc() adds. */
static size_t
text_bytes(const char *text)
{
  return text == NULL ? 0 : strlen(text) + 2 * sizeof(size_t);
}

static size_t
texts_bytes(const GPtrArray *texts)
{
  size_t sum = 0;
  for (guint i = 0; i < texts->len; i++)
    sum += text_bytes(g_ptr_array_index(texts, i)) + sizeof(void *);
  return sum;
}

static size_t
package_bytes(const Package *package)
{
  const char *const texts[] = {package->type,         package->name,        package->version,
                               package->architecture, package->source_name, package->source_version,
                               package->module,       package->location,    package->vendor,
                               package->licenses,     package->owner,       package->sha1,
                               package->symbols};
  size_t sum = sizeof *package;
  for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
    sum += text_bytes(texts[i]);
  return sum;
}

/* While they are compared, each is in a table, with its path. */
#define SUMS_FACTOR 6u

void
image_inventory_release(const LayerInventory *layer, size_t *used)
{
  *used -= MIN(*used, layer->admitted);
}

bool
image_inventory_admit(LayerInventory *layer, size_t *used, GError **error)
{
  size_t before = *used;
  *used += texts_bytes(layer->links) + texts_bytes(layer->unread) + texts_bytes(layer->removed) +
           text_bytes(layer->weights) + texts_bytes(layer->named) +
           SUMS_FACTOR * (texts_bytes(layer->sums) + texts_bytes(layer->programs));
  for (guint i = 0; i < layer->changes->len; i++) {
    const LayerChange *change = g_ptr_array_index(layer->changes, i);
    /* Each of the trees may have a node for it. */
    *used += 400 + 4 * text_bytes(change->path) + text_bytes(change->target);
  }
  for (guint i = 0; i < layer->reads->len; i++)
    *used += 200 + text_bytes(((const LayerFile *)g_ptr_array_index(layer->reads, i))->location);
  for (guint i = 0; i < layer->packages->len; i++) {
    Package *package = g_ptr_array_index(layer->packages, i);
    g_clear_pointer(&package->files, g_free);
    *used += package_bytes(package);
  }
  for (guint i = 0; i < layer->observations->len; i++) {
    const Observation *one = g_ptr_array_index(layer->observations, i);
    /* The image has a copy. */
    *used += 2 * (sizeof *one + text_bytes(one->rule) + text_bytes(one->path) +
                  text_bytes(one->title) + text_bytes(one->shown) + text_bytes(one->scope));
  }
  for (guint i = 0; i < layer->notes->len; i++) {
    const LayerNote *note = g_ptr_array_index(layer->notes, i);
    *used += sizeof *note + text_bytes(note->path) + text_bytes(note->detail);
  }
  layer->admitted = *used - before;
  return *used <= IMAGE_INVENTORY_BYTES_MAX ||
         error_set(error, ASSAY_ERROR_LIMIT,
                   "what the layers of the image list takes more than %zu MiB together",
                   IMAGE_INVENTORY_BYTES_MAX >> 20);
}

/* --- the image --- */

/* What is found anywhere is of the layer that brought it: each writes its own whole. @doubtful:
 * LayerFile, of lock files that do not parse, and links that lead out of their layer. */
static void
take_finds(ImageInventory *image, Shelf *shelf, GPtrArray *doubtful, ReadsInForce *reads)
{
  g_autoptr(GArray) finds = finds_of_image(image->layers);
  for (guint i = 0; i < finds->len; i++) {
    const Find *find = &g_array_index(finds, Find, i);
    const LayerInventory *layer = g_ptr_array_index(image->layers, find->layer);
    LayerFile *read = g_ptr_array_index(layer->reads, find->read);
    reads_in_force_add(reads, find->layer, find->read, read->location);
    const GPtrArray *list = contents_of(shelf, find->layer)->packages[find->read];
    for (guint j = 0; list != NULL && j < list->len; j++) {
      ImagePackage one = {.package = g_ptr_array_index(list, j), .layer = find->layer};
      g_array_append_val(image->packages, one);
    }
    if (read->broken)
      g_ptr_array_add(image->unread, layer_unread_of_path(read->location));
    if (read->elsewhere ? image->layers->len > 1 : read->declares != NULL)
      g_ptr_array_add(doubtful, read);
  }
}

static void
take_files(ImageInventory *image, const ImageTree *tree, GPtrArray *doubtful)
{
  g_autoptr(ReadsInForce) reads = reads_in_force_new(image->layers);
  g_auto(Shelf) shelf = {image->layers, g_new0(Contents, image->layers->len), 0};
  for (guint i = 0; i < tree->files->len; i++) {
    const FoundFile *found = g_ptr_array_index(tree->files, i);
    const LayerInventory *layer = g_ptr_array_index(image->layers, found->file->layer);
    int read = find_read(&shelf, found->file, found->reading);
    take_packages(&shelf, found, image->packages);
    if (read >= 0)
      reads_in_force_add(reads, found->file->layer, (unsigned)read, found->place);
    if (read < 0 || ((const LayerFile *)g_ptr_array_index(layer->reads, read))->broken)
      g_ptr_array_add(image->unread, g_strdup(found->place));
  }
  take_finds(image, &shelf, doubtful, reads);
  observed_of_image(image, reads);
  image->os = find_os(&shelf, tree->files);
}

/* Where nothing is installed that says more, what they would declare is missing. */
static void
add_missed(ImageInventory *image, const GPtrArray *doubtful)
{
  if (doubtful->len == 0)
    return;
  g_autoptr(GPtrArray) missed = applications_missed(image->packages, doubtful);
  for (guint i = 0; i < missed->len; i++) {
    const LayerFile *file = g_ptr_array_index(missed, i);
    g_autofree char *location = layer_unread_of_path(file->location);
    g_ptr_array_add(image->unread,
                    g_strdup_printf("%s (%s)", location,
                                    file->elsewhere ? "a link that leads out of its layer"
                                                    : "a lock file that does not parse"));
  }
}

static void
add_texts(GPtrArray *texts, const GPtrArray *more)
{
  for (guint i = 0; i < more->len; i++)
    g_ptr_array_add(texts, g_strdup(g_ptr_array_index(more, i)));
}

/* Takes @texts; sorted, each once, and of each kind of gaps not more than people read, so that none
 * hides another. */
static GPtrArray *
tidy_texts(GPtrArray *texts)
{
  GPtrArray *tidy = g_ptr_array_new_with_free_func(g_free);
  g_ptr_array_sort(texts, text_compare);
  g_autoptr(GHashTable) kept = g_hash_table_new(NULL, NULL); /* by layer_unread_prefix() */
  const char *last = NULL;
  for (guint i = 0; i < texts->len; i++) {
    const char *text = g_ptr_array_index(texts, i);
    void *kind = (void *)(uintptr_t)layer_unread_prefix(text);
    guint count = GPOINTER_TO_UINT(g_hash_table_lookup(kept, kind));
    if (count < LAYER_UNREAD_MAX && g_strcmp0(text, last) != 0) {
      g_ptr_array_add(tidy, g_strdup(text));
      g_hash_table_insert(kept, kind, GUINT_TO_POINTER(count + 1));
    }
    last = text;
  }
  g_ptr_array_unref(texts);
  return tidy;
}

ImageInventory *
image_inventory_new(GPtrArray *layers, LayerAsk ask, void *ask_data, GError **error)
{
  g_autoptr(ImageInventory) image = image_inventory_empty();
  g_ptr_array_unref(image->layers);
  image->layers = layers;
  if (!image_tree_complete(layers, ask, ask_data, image->unread, error))
    return NULL;
  g_autoptr(ImageTree) tree = image_tree_new(layers);
  g_autoptr(GPtrArray) doubtful = g_ptr_array_new();
  take_files(image, tree, doubtful);
  add_texts(image->unread, tree->unread);
  for (guint i = 0; i < layers->len; i++)
    add_texts(image->unread, ((const LayerInventory *)g_ptr_array_index(layers, i))->unread);
  applications_settle(image->packages);
  add_missed(image, doubtful);
  g_array_sort(image->packages, image_package_compare);
  part_doubles(image);
  integrity_of_image(image);
  baseline_of_image(image);
  image->unread = tidy_texts(image->unread);
  return g_steal_pointer(&image);
}
