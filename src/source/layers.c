/* A pool of threads over the layers; see the header. */
#include "source/layers.h"

#include "base/error.h"
#include "inspect/overlay.h"
#include "source/layer_cache.h"

typedef struct {
  ImageSource *source;
  const SourceLayersOptions *options;
  Cancellable *cancellable; /* of all layers */
  GMutex lock;              /* guards the rest */
  GPtrArray *inventories;   /* LayerInventory or NULL, by the layer's index */
  size_t used;              /* by the inventories */
  unsigned done;
  GError *failure; /* the first */
} LayerScan;

/* --- layers --- */

/* What the cache, or somebody else, knows of the layer. @diff_id: or NULL. (transfer full) */
static LayerInventory *
remembered(const LayerScan *scan, const Digest *layer, const Digest *diff_id,
           const GPtrArray *links)
{
  const SourceLayersOptions *options = scan->options;
  if (options->cache >= 0) {
    LayerInventory *inventory = layer_cache_load(options->cache, layer, diff_id, links);
    if (inventory != NULL)
      return inventory;
  }
  if (options->known == NULL || layer == NULL || diff_id == NULL || links != NULL)
    return NULL;
  g_autoptr(LayerInventory) inventory = options->known(layer, options->known_data);
  return inventory != NULL && digest_equal(&inventory->diff_id, diff_id)
             ? g_steal_pointer(&inventory)
             : NULL;
}

/* Who names a digest need not have the layer. */
static LayerInventory *
recall(const LayerScan *scan, unsigned index, const Digest *layer, const Digest *diff_id,
       const GPtrArray *links)
{
  g_autoptr(LayerInventory) inventory = remembered(scan, layer, diff_id, links);
  return inventory == NULL || !scan->options->of_others ||
                 image_source_has_layer(scan->source, index, scan->cancellable)
             ? g_steal_pointer(&inventory)
             : NULL;
}

static LayerInventory *
inspect(LayerScan *scan, unsigned index, const GPtrArray *links, GError **error)
{
  const ImageConfig *config = image_source_config(scan->source);
  const Digest *diff_id = config == NULL ? NULL : g_ptr_array_index(config->diff_ids, index);
  const Digest *layer = image_source_layer_digest(scan->source, index);
  g_autoptr(LayerInventory) inventory = recall(scan, index, layer, diff_id, links);
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
  if (inventory != NULL && diff_id != NULL && scan->options->cache >= 0)
    layer_cache_store(scan->options->cache, layer, inventory, links);
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
      cancellable_is_cancelled(scan->cancellable) ? NULL : inspect(scan, index, NULL, &failure);
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&scan->lock);
  scan->inventories->pdata[index] = inventory;
  if (inventory != NULL)
    image_inventory_admit(inventory, &scan->used, &failure);
  scan->done++;
  if (failure != NULL && scan->failure == NULL) {
    scan->failure = g_steal_pointer(&failure);
    cancellable_cancel(scan->cancellable);
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

/* With all layers inspected, or none after a failure. */
static ImageInventory *
overlay(LayerScan *scan, GPtrArray *inventories, GError **error)
{
  if (scan->failure == NULL && cancellable_is_cancelled(scan->cancellable))
    error_set(&scan->failure, ASSAY_ERROR_CANCELLED, "the scan was cancelled");
  if (scan->failure != NULL) {
    g_propagate_error(error, g_steal_pointer(&scan->failure));
    return NULL;
  }
  g_autoptr(ImageInventory) image =
      image_inventory_new(g_ptr_array_ref(inventories), ask_again, scan, error);
  return image != NULL && image_source_inspect_config(scan->source, &scan->options->limits->worker,
                                                      scan->cancellable, image, error)
             ? g_steal_pointer(&image)
             : NULL;
}

ImageInventory *
source_layers(ImageSource *source, const SourceLayersOptions *options, GError **error)
{
  unsigned count = image_source_layer_count(source);
  g_autoptr(GPtrArray) inventories = g_ptr_array_new_with_free_func(inventory_free);
  g_autoptr(Cancellable) cancellable = cancellable_new();
  LayerScan scan = {
      .source = source, .options = options, .cancellable = cancellable, .inventories = inventories};
  unsigned threads = options->threads != 0 ? options->threads : g_get_num_processors();
  g_ptr_array_set_size(inventories, (int)count);
  g_mutex_init(&scan.lock);
  cancellable_forward(options->cancellable, cancellable);
  GThreadPool *pool = g_thread_pool_new(run_layer, &scan, (int)threads, FALSE, NULL);
  for (unsigned i = 0; i < count; i++)
    g_thread_pool_push(pool, GUINT_TO_POINTER(i + 1), NULL);
  g_thread_pool_free(pool, FALSE, TRUE);
  g_mutex_clear(&scan.lock);
  ImageInventory *image = overlay(&scan, inventories, error);
  cancellable_forward_end(options->cancellable, cancellable);
  if (options->cache >= 0)
    layer_cache_drop_old(options->cache);
  return image;
}
