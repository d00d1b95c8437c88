/* Layers that are inspected once more, for links that other layers of an image have. What comes of
 * it is kept beside the layer's inventory, by the links: another image of the same layers needs no
 * third inspection. */
#include "base/error.h"
#include "base/json.h"
#include "inspect/configuration_inspection.h"
#include "inspect/fingerprint.h"
#include "inspect/overlay.h"
#include "oci/media_type.h"
#include "pipeline/pipeline-private.h"

/* All links as one short text. */
static char *
key_of(const GPtrArray *links)
{
  g_autoptr(GByteArray) bytes = g_byte_array_new();
  for (guint i = 0; i < links->len; i++)
    byte_array_add_prefixed(bytes, slice_from_string(g_ptr_array_index(links, i)));
  Digest digest = digest_of(DIGEST_SHA256, slice_new(bytes->data, bytes->len));
  return g_strdup(digest_hex(&digest));
}

/* NULL without *error: there is none. */
static LayerInventory *
load(SqlPool *sql, const Digest *layer, uint32_t detectors, const char *key, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(SqlRows) rows =
      sql_query(db, error,
                "SELECT content FROM layer_looks WHERE layer = $1 AND "
                "detector_version = $2 AND links = $3",
                SQL_TEXT(layer->text), SQL_INTEGER(detectors), SQL_TEXT(key), SQL_END);
  if (sql_next(rows, error) != FOUND)
    return NULL;
  g_autoptr(json_t) json = json_parse(slice_from_string(sql_rows_text(rows, 0)), error);
  return json == NULL ? NULL : layer_inventory_from_json(json, error);
}

/* One base may be under many images that each have links of their own; the oldest are inspected
 * again when their image is asked for. */
#define LOOKS_OF_A_LAYER 128

static bool
drop_oldest(SqlConnection *db, const Digest *layer, GError **error)
{
  return sql_run(
      db, NULL, error,
      "DELETE FROM layer_looks WHERE layer = $1 AND detector_version = $2 AND created <= "
      "(SELECT created FROM layer_looks WHERE layer = $1 AND detector_version = $2 "
      "ORDER BY created DESC LIMIT 1 OFFSET $3)",
      SQL_TEXT(layer->text), SQL_INTEGER(detectors_fingerprint()), SQL_INTEGER(LOOKS_OF_A_LAYER),
      SQL_END);
}

typedef struct {
  const LayerInventory *inventory;
  const char *key, *text;
} Look;

static bool
insert_look(SqlConnection *db, void *data, GError **error)
{
  const Look *look = data;
  return sql_run(
             db, NULL, error,
             "INSERT INTO layer_looks (layer, detector_version, links, content, created) "
             "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (layer, detector_version, links) DO NOTHING",
             SQL_TEXT(look->inventory->layer.text), SQL_INTEGER(look->inventory->detectors),
             SQL_TEXT(look->key), SQL_TEXT(look->text), SQL_INTEGER(g_get_real_time()), SQL_END) &&
         drop_oldest(db, &look->inventory->layer, error) &&
         (look->inventory->clamav == CLAMAV_JUDGED ||
          unjudged_note(db, look->inventory, false, error));
}

static bool
store(SqlPool *sql, const LayerInventory *inventory, const char *key, GError **error)
{
  g_autoptr(json_t) json = layer_inventory_to_json(inventory);
  g_autofree char *text = json_to_text(json);
  Look look = {inventory, key, text};
  return sql_transact_later(sql, insert_look, &look, error);
}

static LayerInventory *
inspect(const LayerLooks *looks, const Digest *layer, const GPtrArray *links, const char *key,
        GError **error)
{
  g_autoptr(LayerInventory) inventory =
      layers_inspect_for(looks->pipeline, layer, links, looks->cancellable, error);
  if (inventory == NULL)
    return NULL;
  inventories_keep_finds(looks->pipeline->sql, inventory);
  if (!store(looks->pipeline->sql, inventory, key, error))
    return NULL;
  return g_steal_pointer(&inventory);
}

static LayerInventory *
inventory_of_none(const Descriptor *layer, const GPtrArray *links)
{
  LayerInventory *inventory = layer_inventory_new();
  inventory->layer = layer->digest;
  for (guint i = 0; i < links->len; i++)
    g_ptr_array_add(inventory->links, g_strdup(g_ptr_array_index(links, i)));
  return inventory;
}

/* A LayerAsk of LayerLooks. */
static LayerInventory *
ask(unsigned index, const LayerInventory *former, const GPtrArray *links, void *data,
    GError **error)
{
  LayerLooks *looks = data;
  g_autoptr(GError) failure = NULL;
  const Descriptor *layer = g_ptr_array_index(looks->manifest->layers, index);
  g_autofree char *key = key_of(links);
  g_autoptr(LayerInventory) inventory =
      load(looks->pipeline->sql, &layer->digest, looks->detectors, key, &failure);
  if (inventory == NULL && failure == NULL &&
      inventories_is_none(looks->pipeline->sql, layer, looks->detectors))
    inventory = inventory_of_none(layer, links);
  if (inventory == NULL && failure == NULL && looks->inspects)
    inventory = inspect(looks, &layer->digest, links, key, &failure);
  if (inventory == NULL && failure == NULL) {
    looks->missing = true;
    error_set(&failure, ASSAY_ERROR_NOT_FOUND,
              "layer %s: not inspected yet for the links of the image's other layers",
              layer->digest.text);
  }
  image_inventory_release(former, &looks->used);
  if (inventory != NULL && image_inventory_admit(inventory, &looks->used, &failure))
    return g_steal_pointer(&inventory);
  g_propagate_error(error, g_steal_pointer(&failure));
  return NULL;
}

/* --- all layers, and the config --- */

/* Whoever pulls an image has its config, whatever is unpacked of its layers. */
static bool
is_bare(const LayerLooks *looks)
{
  g_autoptr(ImageConfig) config = images_load_config(looks->pipeline->blobs, looks->manifest, NULL);
  return config != NULL && image_config_is_bare(config);
}

static bool
look_at_config(const LayerLooks *looks, ImageInventory *image, GError **error)
{
  const char *words, *type = looks->manifest->config->media_type;
  if (media_type_use(type, &words) == MEDIA_TYPE_UNREADABLE)
    return error_set(error, ASSAY_ERROR_UNSUPPORTED, "the image is %s (%s), which is not read",
                     words, type);
  if (!manifest_is_container_image(looks->manifest) || is_bare(looks))
    return true;
  Pipeline *pipeline = looks->pipeline;
  g_autoptr(GBytes) bytes =
      blob_store_read(pipeline->blobs, &looks->manifest->config->digest, CONFIG_BYTES_MAX, error);
  if (bytes == NULL)
    return false;
  const ConfigurationInput input = {.bytes = slice_from_bytes(bytes),
                                    .allow_uncaged = pipeline->options.allow_uncaged};
  return inspect_config_of_image(&input, &pipeline->options.inspection->worker, looks->cancellable,
                                 image, error);
}

ImageInventory *
looks_load_layers(LayerLooks *looks, GError **error)
{
  const GPtrArray *descriptors = looks->manifest->layers;
  g_autoptr(GPtrArray) layers =
      g_ptr_array_new_with_free_func((GDestroyNotify)layer_inventory_free);
  for (guint i = 0; i < descriptors->len; i++) {
    const Descriptor *layer = g_ptr_array_index(descriptors, i);
    LayerInventory *inventory =
        images_check_foreign(looks->pipeline->sql, looks->image, layer, error)
            ? inventories_load_layer(looks->pipeline->sql, layer, looks->detectors, error)
            : NULL;
    if (inventory == NULL)
      return NULL;
    g_ptr_array_add(layers, inventory);
    if (!image_inventory_admit(inventory, &looks->used, error))
      return NULL;
  }
  g_autoptr(ImageInventory) image =
      image_inventory_new(g_steal_pointer(&layers), ask, looks, error);
  return image != NULL && look_at_config(looks, image, error) ? g_steal_pointer(&image) : NULL;
}
