/* A pool of threads over the layers, and the cache of inventories; see the header. */
#include "cli/scan_layers.h"
#include "inspect/fingerprint.h"
#include "inspect/overlay.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/json.h"
#include "cli/source_options.h"

#define INVENTORY_BYTES_MAX ((size_t)256 * 1024 * 1024)
/* What was not used for so long is dropped; it is looked for once a day. */
#define CACHE_SECONDS ((time_t)30 * 24 * 3600)
#define SWEEP_SECONDS ((time_t)24 * 3600)
#define SWEEP_MARK    ".swept"

typedef struct {
  ImageSource *source;
  const ScanLayersOptions *options;
  int cache; /* the cache's folder, or -1 */
  GCancellable *cancellable;
  GMutex lock;            /* guards the rest */
  GPtrArray *inventories; /* LayerInventory or NULL, by the layer's index */
  size_t used;            /* by the inventories */
  unsigned done;
  GError *failure; /* the first */
} LayerScan;

/* --- the cache --- */

/* @layer: of the packed bytes where it is known, for what they say beside their content (a table of
 * contents) is in the inventory as well; else the diff_id. @links: what the layer is inspected for
 * beside its own, or NULL. */
static char *
cache_name(const Digest *layer, const GPtrArray *links)
{
  g_autoptr(GByteArray) bytes = g_byte_array_new();
  for (guint i = 0; links != NULL && i < links->len; i++)
    byte_array_add_prefixed(bytes, slice_from_string(g_ptr_array_index(links, i)));
  Digest digest = digest_of(DIGEST_SHA256, slice_new(bytes->data, bytes->len));
  return g_strdup_printf("%s-v%u%s%s.json", digest_hex(layer), detectors_fingerprint(),
                         bytes->len > 0 ? "-" : "", bytes->len > 0 ? digest_hex(&digest) : "");
}

/* A cache that cannot be had is no cache, and no error. Nor is one of another user (sudo, which
 * keeps HOME): who can write there could hide findings from us. */
static int
cache_open(void)
{
  g_autofree char *path = g_build_filename(g_get_user_cache_dir(), "assay", "inventories", NULL);
  auto_fd int fd = directory_open(path, NULL);
  struct stat status;
  if (fd < 0 || fstat(fd, &status) < 0 || status.st_uid != geteuid() ||
      (status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return -1;
  return fd_steal(&fd);
}

static bool
cache_was_swept(int cache, time_t now)
{
  struct stat status;
  if (fstatat(cache, SWEEP_MARK, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
      now - status.st_mtime < SWEEP_SECONDS)
    return true;
  auto_fd int mark =
      openat(cache, SWEEP_MARK, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  return mark < 0 || futimens(mark, NULL) < 0;
}

static void
cache_drop_old(int cache)
{
  time_t now = (time_t)(g_get_real_time() / G_USEC_PER_SEC);
  if (cache_was_swept(cache, now))
    return;
  auto_fd int fd = openat(cache, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  auto_folder DIR *folder = fd < 0 ? NULL : fdopendir(fd);
  if (folder == NULL)
    return;
  fd_steal(&fd);
  time_t oldest = now - CACHE_SECONDS;
  for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
    struct stat status;
    if (fstatat(cache, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISREG(status.st_mode) && status.st_mtime < oldest)
      unlinkat(cache, entry->d_name, 0);
  }
}

static LayerInventory *
cache_load(const LayerScan *scan, const Digest *layer, const Digest *diff_id,
           const GPtrArray *links)
{
  if (scan->cache < 0 || diff_id == NULL)
    return NULL;
  g_autofree char *name = cache_name(layer != NULL ? layer : diff_id, links);
  g_autoptr(json_t) json = json_read_file(scan->cache, name, INVENTORY_BYTES_MAX, NULL);
  g_autoptr(LayerInventory) inventory = json == NULL ? NULL : layer_inventory_from_json(json, NULL);
  if (inventory == NULL || inventory->detectors != detectors_fingerprint() ||
      !digest_equal(&inventory->diff_id, diff_id))
    return NULL;
  utimensat(scan->cache, name, NULL, 0);
  return g_steal_pointer(&inventory);
}

/* Not synced: what a crash leaves of it is no JSON, and is made again. */
static void
cache_store(const LayerScan *scan, const Digest *layer, const LayerInventory *inventory,
            const GPtrArray *links)
{
  if (scan->cache < 0)
    return;
  g_autoptr(json_t) json = layer_inventory_to_json(inventory);
  g_autofree char *text = json_to_text(json);
  g_autofree char *name = cache_name(layer != NULL ? layer : &inventory->diff_id, links);
  auto_fd int fd =
      openat(scan->cache, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd >= 0)
    fd_write_all(fd, slice_from_string(text), NULL);
}

/* --- layers --- */

static LayerInventory *
inspect(LayerScan *scan, unsigned index, const GPtrArray *links, GError **error)
{
  const ImageConfig *config = image_source_config(scan->source);
  const Digest *diff_id = config == NULL ? NULL : g_ptr_array_index(config->diff_ids, index);
  const Digest *layer = image_source_layer_digest(scan->source, index);
  g_autoptr(LayerInventory) inventory = cache_load(scan, layer, diff_id, links);
  /* The manifest may name a table of contents, whatever the layer says. */
  if (inventory != NULL &&
      image_source_check_tables(scan->source, index, inventory->tables, NULL)) {
    inventory->layer = layer != NULL ? *layer : (Digest){0};
    return g_steal_pointer(&inventory);
  }
  g_clear_pointer(&inventory, layer_inventory_free);
  InspectionInput input = {.fd = -1};
  if (!image_source_layer(scan->source, index, &input, scan->options->progress, scan->cancellable,
                          error))
    return NULL;
  input.links = links;
  inventory = inspect_layer(&input, scan->options->limits, scan->cancellable, error);
  image_source_drop_layer(scan->source, index);
  if (inventory != NULL && diff_id != NULL)
    cache_store(scan, layer, inventory, links);
  return inventory != NULL &&
                 image_source_check_tables(scan->source, index, inventory->tables, error)
             ? g_steal_pointer(&inventory)
             : NULL;
}

static void
run_layer(void *data, void *user_data)
{
  LayerScan *scan = user_data;
  unsigned index = GPOINTER_TO_UINT(data) - 1;
  g_autoptr(GError) failure = NULL;
  LayerInventory *inventory =
      g_cancellable_is_cancelled(scan->cancellable) ? NULL : inspect(scan, index, NULL, &failure);
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&scan->lock);
  scan->inventories->pdata[index] = inventory;
  if (inventory != NULL)
    image_inventory_admit(inventory, &scan->used, &failure);
  scan->done++;
  if (failure != NULL && scan->failure == NULL) {
    scan->failure = g_steal_pointer(&failure);
    g_cancellable_cancel(scan->cancellable);
  }
  progress_tell(scan->options->progress, "layers inspected", scan->done, scan->inventories->len);
}

static void
inventory_free(void *inventory)
{
  layer_inventory_free(inventory);
}

/* A LayerAsk: one layer after the other, for it is rare. */
static LayerInventory *
ask_again(unsigned index, const LayerInventory *former, const GPtrArray *links, void *data,
          GError **error)
{
  LayerScan *scan = data;
  g_autoptr(LayerInventory) inventory = inspect(scan, index, links, error);
  progress_tell(scan->options->progress, "layers inspected for links of others", index + 1,
                image_source_layer_count(scan->source));
  image_inventory_release(former, &scan->used);
  return inventory != NULL && image_inventory_admit(inventory, &scan->used, error)
             ? g_steal_pointer(&inventory)
             : NULL;
}

/* With all layers inspected. */
static ImageInventory *
overlay(LayerScan *scan, GPtrArray *inventories, GError **error)
{
  if (scan->failure == NULL)
    return image_inventory_new(g_ptr_array_ref(inventories), ask_again, scan, error);
  g_propagate_error(error, g_steal_pointer(&scan->failure));
  return NULL;
}

ImageInventory *
scan_layers(ImageSource *source, const ScanLayersOptions *options, GError **error)
{
  unsigned count = image_source_layer_count(source);
  g_autoptr(GPtrArray) inventories = g_ptr_array_new_with_free_func(inventory_free);
  g_autoptr(GCancellable) cancellable = g_cancellable_new();
  LayerScan scan = {.source = source,
                    .options = options,
                    .cache = options->no_cache ? -1 : cache_open(),
                    .cancellable = cancellable,
                    .inventories = inventories};
  g_ptr_array_set_size(inventories, (int)count);
  g_mutex_init(&scan.lock);
  GThreadPool *pool = g_thread_pool_new(run_layer, &scan, (int)g_get_num_processors(), FALSE, NULL);
  for (unsigned i = 0; i < count; i++)
    g_thread_pool_push(pool, GUINT_TO_POINTER(i + 1), NULL);
  g_thread_pool_free(pool, FALSE, TRUE);
  g_mutex_clear(&scan.lock);
  ImageInventory *image = overlay(&scan, inventories, error);
  if (scan.cache >= 0)
    cache_drop_old(scan.cache);
  fd_clear(&scan.cache);
  return image;
}

ImageInventory *
scan_layers_of(const char *target, const Config *config, const ScanLayersOptions *options,
               ImageSource **source, GError **error)
{
  ScanLayersOptions how = *options;
  g_autoptr(ImageSource) opened = source_options_open(target, config, how.progress, error);
  if (opened == NULL)
    return NULL;
  how.limits = &config->limits.inspection;
  ImageInventory *inventory = scan_layers(opened, &how, error);
  if (inventory != NULL)
    *source = g_steal_pointer(&opened);
  return inventory;
}
