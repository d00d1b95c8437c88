/* What inspection found in layers, or why it found nothing, in the metadata database. */
#include "archive/layer.h"
#include "base/error.h"
#include "base/json.h"
#include "inspect/fingerprint.h"
#include "inspect/malware/clamav_finds.h"
#include "oci/media_type.h"
#include "pipeline/pipeline-private.h"

void
layer_state_clear(LayerState *state)
{
  g_clear_pointer(&state->failure, g_free);
}

/* $1 layer, $2 detectors, $3 the present ones: they are by then the only ones that can have
 * inspected a layer that came again. */
#define OF_LAYER                                                                                   \
  " FROM layer_inventories WHERE layer = $1 AND detector_version = coalesce("                      \
  "(SELECT detector_version FROM layer_inventories WHERE layer = $1 AND detector_version = $2), "  \
  "$3)"

LayerState
inventories_state(SqlPool *sql, const Digest *layer, uint32_t detectors, GError **error)
{
  LayerState state = {INVENTORY_ABSENT, NULL, 0};
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return state;
  g_autoptr(SqlRows) rows =
      sql_query(db, error, "SELECT error, retry_at" OF_LAYER, SQL_TEXT(layer->text),
                SQL_INTEGER(detectors), SQL_INTEGER(detectors_fingerprint()), SQL_END);
  if (sql_next(rows, error) != FOUND)
    return state;
  state.failure = g_strdup(sql_rows_text(rows, 0));
  state.retry_at = sql_rows_integer(rows, 1);
  state.state = state.failure == NULL       ? INVENTORY_THERE
                : sql_rows_is_null(rows, 1) ? INVENTORY_FAILED
                                            : INVENTORY_POSTPONED;
  return state;
}

typedef struct {
  const LayerInventory *inventory;
  const char *text;
} Stored;

bool
inventories_write(SqlConnection *db, const LayerInventory *inventory, const char *text, bool again,
                  GError **error)
{
  return sql_run(db, NULL, error,
                 "INSERT INTO layer_inventories (layer, detector_version, content, created) "
                 "VALUES ($1, $2, $3, $4) ON CONFLICT (layer, detector_version) DO UPDATE SET "
                 "content = excluded.content, error = NULL, retry_at = NULL, attempts = 0, "
                 "created = excluded.created",
                 SQL_TEXT(inventory->layer.text), SQL_INTEGER(inventory->detectors), SQL_TEXT(text),
                 SQL_INTEGER(g_get_real_time()), SQL_END) &&
         unjudged_note(db, inventory, again, error);
}

/* By whichever detectors inspected it last. NULL: none did. (transfer full) */
static LayerInventory *
load_last(SqlPool *sql, const Digest *layer)
{
  g_autoptr(SqlConnection) db = sql_acquire(sql, NULL);
  g_autoptr(SqlRows) rows =
      db == NULL ? NULL
                 : sql_query(db, NULL,
                             "SELECT content FROM layer_inventories WHERE layer = $1 AND "
                             "content IS NOT NULL ORDER BY created DESC LIMIT 1",
                             SQL_TEXT(layer->text), SQL_END);
  if (rows == NULL || sql_next(rows, NULL) != FOUND)
    return NULL;
  g_autoptr(json_t) json = json_parse(slice_from_string(sql_rows_text(rows, 0)), NULL);
  return json == NULL ? NULL : layer_inventory_from_json(json, NULL);
}

void
inventories_keep_finds(SqlPool *sql, LayerInventory *inventory)
{
  if (inventory->clamav == CLAMAV_JUDGED)
    return;
  g_autoptr(LayerInventory) last = load_last(sql, &inventory->layer);
  if (last != NULL)
    clamav_finds_keep(inventory, last);
}

static bool
insert_inventory(SqlConnection *db, void *data, GError **error)
{
  const Stored *stored = data;
  return inventories_write(db, stored->inventory, stored->text, false, error);
}

bool
inventories_store(SqlPool *sql, const LayerInventory *inventory, GError **error)
{
  g_autoptr(json_t) json = layer_inventory_to_json(inventory);
  g_autofree char *text = json_to_text(json);
  Stored stored = {inventory, text};
  return sql_transact_later(sql, insert_inventory, &stored, error);
}

static LayerInventory *
load_inventory(SqlPool *sql, const Digest *layer, uint32_t detectors, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(SqlRows) rows =
      sql_query(db, error, "SELECT content" OF_LAYER, SQL_TEXT(layer->text), SQL_INTEGER(detectors),
                SQL_INTEGER(detectors_fingerprint()), SQL_END);
  Found found = sql_next(rows, error);
  if (found == FAILED)
    return NULL;
  if (found == ABSENT || sql_rows_is_null(rows, 0)) {
    error_set(error, ASSAY_ERROR_NOT_FOUND,
              "layer %s: not inspected, or deleted since; push it again", layer->text);
    return NULL;
  }
  g_autoptr(json_t) json = json_parse(slice_from_string(sql_rows_text(rows, 0)), error);
  return json == NULL ? NULL : layer_inventory_from_json(json, error);
}

/* The inspection's failure is as good as an inventory when it is that there is no tar, in a layer
 * whose type promises none: nothing of it comes into the file system. */
static bool
holds_nothing(const Descriptor *layer, const char *failure)
{
  g_autofree char *start = g_strdup_printf("layer %s: " LAYER_WITHOUT_TAR, layer->digest.text);
  return !media_type_is_layer(layer->media_type) && g_str_has_prefix(failure, start);
}

static bool
set_failure(const Descriptor *layer, const LayerState *known, GError **error)
{
  return error_set(error,
                   known->state == INVENTORY_POSTPONED ? ASSAY_ERROR_BUSY : ASSAY_ERROR_INVALID,
                   "%s%s", known->failure,
                   media_type_is_foreign_layer(layer->media_type)
                       ? "; clients fetch it from its own URLs: push it too to have it scanned"
                       : "");
}

LayerInventory *
inventories_load_layer(SqlPool *sql, const Descriptor *layer, uint32_t detectors, GError **error)
{
  /* Whatever its bytes look like to us. */
  if (!layer_check_readable(layer, error))
    return NULL;
  g_autoptr(GError) unknown = NULL;
  g_auto(LayerState) known = inventories_state(sql, &layer->digest, detectors, &unknown);
  if (unknown != NULL) {
    g_propagate_error(error, g_steal_pointer(&unknown));
    return NULL;
  }
  if (known.state == INVENTORY_ABSENT || known.state == INVENTORY_THERE) {
    g_autoptr(LayerInventory) inventory = load_inventory(sql, &layer->digest, detectors, error);
    return inventory != NULL && layer_check_tables(layer, inventory->tables, error)
               ? g_steal_pointer(&inventory)
               : NULL;
  }
  if (known.state == INVENTORY_POSTPONED || !holds_nothing(layer, known.failure)) {
    set_failure(layer, &known, error);
    return NULL;
  }
  g_autoptr(LayerInventory) nothing = layer_inventory_new();
  nothing->layer = layer->digest;
  return layer_check_tables(layer, nothing->tables, error) ? g_steal_pointer(&nothing) : NULL;
}

bool
inventories_is_none(SqlPool *sql, const Descriptor *layer, uint32_t detectors)
{
  g_auto(LayerState) known = inventories_state(sql, &layer->digest, detectors, NULL);
  return known.state == INVENTORY_FAILED && holds_nothing(layer, known.failure);
}

LayerInventory *
pipeline_layer_inventory(Pipeline *pipeline, const Digest *layer)
{
  LayerInventory *inventory = load_inventory(pipeline->sql, layer, detectors_fingerprint(), NULL);
  if (inventory != NULL && inventory->detectors != detectors_fingerprint())
    g_clear_pointer(&inventory, layer_inventory_free);
  return inventory;
}
