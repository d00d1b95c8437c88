/* What an image holds: its layers' inventories laid over each other. */
#include <string.h>

#include "base/error.h"
#include "base/slice.h"
#include "inspect/inventory.h"
#include "inspect/packages/packages.h"

/* A layer as lookups: it may name tens of thousands of places. */
typedef struct {
  GHashTable *locations, *removed; /* sets of strings that the inventory owns */
} Cover;

static GHashTable *
set_of(const GPtrArray *strings)
{
  GHashTable *set = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < strings->len; i++)
    g_hash_table_add(set, g_ptr_array_index(strings, i));
  return set;
}

static void
cover_clear(Cover *cover)
{
  g_hash_table_unref(cover->locations);
  g_hash_table_unref(cover->removed);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Cover, cover_clear)

/* "a/b" removes a/b and all below; "a/b/" (an opaque folder) only what is below; "" everything. */
static bool
is_removed(const Cover *cover, const char *path)
{
  if (g_hash_table_size(cover->removed) == 0)
    return false;
  if (g_hash_table_contains(cover->removed, path) || g_hash_table_contains(cover->removed, ""))
    return true;
  g_autofree char *above = g_strdup(path);
  for (char *slash = strrchr(above, '/'); slash != NULL; slash = strrchr(above, '/')) {
    slash[1] = '\0';
    if (g_hash_table_contains(cover->removed, above))
      return true;
    *slash = '\0';
    if (g_hash_table_contains(cover->removed, above))
      return true;
  }
  return false;
}

/* What makes a package the same one in two layers. */
static char *
package_key(const Package *package)
{
  return g_strjoin("\n", package->location, package->type, package->name, package->version,
                   package->architecture != NULL ? package->architecture : "", NULL);
}

static void
lay_over(GArray *packages, const LayerInventory *layer, unsigned number)
{
  g_autoptr(GHashTable) origins = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  g_auto(Cover) cover = {set_of(layer->locations), set_of(layer->removed)};
  guint kept = 0;
  for (guint i = 0; i < packages->len; i++) {
    ImagePackage *below = &g_array_index(packages, ImagePackage, i);
    if (g_hash_table_contains(cover.locations, below->package->location))
      g_hash_table_insert(origins, package_key(below->package), GUINT_TO_POINTER(below->layer));
    else if (!is_removed(&cover, below->package->location))
      g_array_index(packages, ImagePackage, kept++) = *below;
  }
  g_array_set_size(packages, kept);
  for (guint i = 0; i < layer->packages->len; i++) {
    const Package *package = g_ptr_array_index(layer->packages, i);
    ImagePackage above = {package, number};
    g_autofree char *key = package_key(package);
    void *origin;
    if (g_hash_table_lookup_extended(origins, key, NULL, &origin))
      above.layer = GPOINTER_TO_UINT(origin);
    g_array_append_val(packages, above);
  }
}

static gboolean
is_removed_key(gpointer path, gpointer value, gpointer cover)
{
  return is_removed(cover, path);
}

/* @unread: the set of what is unread so far. A database that stands again, also below what was a
 * link, or was removed, is the layer's own matter. */
static void
carry_unread(GHashTable *unread, const LayerInventory *layer)
{
  g_auto(Cover) cover = {set_of(layer->locations), set_of(layer->removed)};
  g_hash_table_foreach_remove(unread, is_removed_key, &cover);
  for (guint i = 0; i < layer->locations->len && g_hash_table_size(unread) > 0; i++) {
    g_autofree char *path = g_strdup(g_ptr_array_index(layer->locations, i));
    for (char *end = path; end != NULL; end = strrchr(path, '/')) {
      if (end != path)
        *end = '\0';
      g_hash_table_remove(unread, path);
    }
  }
  for (guint i = 0; i < layer->unread->len; i++)
    g_hash_table_add(unread, g_ptr_array_index(layer->unread, i));
}

/* (transfer full): the strings stay the layers' */
static GPtrArray *
find_unread(const GPtrArray *layers)
{
  g_autoptr(GHashTable) unread = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < layers->len; i++)
    carry_unread(unread, g_ptr_array_index(layers, i));
  GPtrArray *paths = g_ptr_array_new();
  GHashTableIter iter;
  void *path;
  g_hash_table_iter_init(&iter, unread);
  while (g_hash_table_iter_next(&iter, &path, NULL))
    g_ptr_array_add(paths, path);
  g_ptr_array_sort(paths, text_compare);
  return paths;
}

/* Sorted first by what makes two packages the same one. */
static int
compare_packages(gconstpointer a, gconstpointer b)
{
  const Package *left = ((const ImagePackage *)a)->package;
  const Package *right = ((const ImagePackage *)b)->package;
  int order = strcmp(left->type, right->type);
  if (order == 0)
    order = strcmp(left->name, right->name);
  if (order == 0)
    order = strcmp(left->version, right->version);
  return order != 0 ? order : g_strcmp0(left->architecture, right->architecture);
}

/* A database that stands at two places, as after a move that left the old one, lists its packages
 * twice: the one of the lower layer stays. */
static void
drop_doubles(GArray *packages)
{
  guint kept = 0;
  for (guint i = 0; i < packages->len; i++) {
    const ImagePackage *package = &g_array_index(packages, ImagePackage, i);
    ImagePackage *last = kept == 0 ? NULL : &g_array_index(packages, ImagePackage, kept - 1);
    if (last == NULL || compare_packages(last, package) != 0)
      g_array_index(packages, ImagePackage, kept++) = *package;
    else if (package->layer < last->layer)
      *last = *package;
  }
  g_array_set_size(packages, kept);
}

static const OsRelease *
release_at(const LayerInventory *layer, const char *place)
{
  for (guint i = 0; i < layer->releases->len; i++) {
    const OsRelease *os = g_ptr_array_index(layer->releases, i);
    if (strcmp(os->location, place) == 0)
      return os;
  }
  return NULL;
}

/* The first place that tells: os-release(5) has /etc's win; where that is a link, the layers hold
 * only what it leads to. */
static OsRelease *
find_os(const GPtrArray *layers)
{
  const OsRelease *found = NULL;
  for (const char *const *place = os_release_detector.places; *place != NULL && found == NULL;
       place++)
    for (guint i = 0; i < layers->len; i++) {
      const LayerInventory *layer = g_ptr_array_index(layers, i);
      g_auto(Cover) cover = {set_of(layer->locations), set_of(layer->removed)};
      if (g_hash_table_contains(cover.locations, *place) || is_removed(&cover, *place))
        found = release_at(layer, *place);
    }
  return os_release_copy(found);
}

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
                               package->module,       package->location,    package->vendor};
  size_t sum = sizeof *package;
  for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
    sum += text_bytes(texts[i]);
  return sum;
}

bool
image_inventory_admit(LayerInventory *layer, size_t *used, GError **error)
{
  *used += texts_bytes(layer->locations) + texts_bytes(layer->removed) + texts_bytes(layer->unread);
  for (guint i = 0; i < layer->packages->len; i++) {
    Package *package = g_ptr_array_index(layer->packages, i);
    g_clear_pointer(&package->files, g_free);
    *used += package_bytes(package);
  }
  for (guint i = 0; i < layer->notes->len; i++) {
    const LayerNote *note = g_ptr_array_index(layer->notes, i);
    *used += sizeof *note + text_bytes(note->path) + text_bytes(note->detail);
  }
  return *used <= IMAGE_INVENTORY_BYTES_MAX ||
         error_set(error, ASSAY_ERROR_LIMIT,
                   "what the layers of the image list takes more than %zu MiB together",
                   IMAGE_INVENTORY_BYTES_MAX >> 20);
}

ImageInventory *
image_inventory_new(GPtrArray *layers)
{
  ImageInventory *image = g_new0(ImageInventory, 1);
  image->layers = layers;
  image->packages = g_array_new(FALSE, FALSE, sizeof(ImagePackage));
  for (guint i = 0; i < layers->len; i++)
    lay_over(image->packages, g_ptr_array_index(layers, i), i);
  g_array_sort(image->packages, compare_packages);
  drop_doubles(image->packages);
  image->os = find_os(layers);
  image->unread = find_unread(layers);
  return image;
}

void
image_inventory_free(ImageInventory *inventory)
{
  if (inventory == NULL)
    return;
  os_release_free(inventory->os);
  g_array_unref(inventory->packages);
  g_ptr_array_unref(inventory->unread);
  g_ptr_array_unref(inventory->layers);
  g_free(inventory);
}
