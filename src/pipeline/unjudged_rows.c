/* What ClamAV made of layers: a row for each in which something was for it to judge. `due` tells
 * when it is to be looked at again: when clamd is there (what it did not answer to), after a time
 * that doubles (what failed, or what it went away of), or not before something changes (what it
 * judged, and what it refuses each time). */
#include <string.h>

#include "base/error.h"
#include "inspect/fingerprint.h"
#include "pipeline/pipeline-private.h"

#define NOT_BY_ITSELF INT64_MAX
#define MINUTE        ((int64_t)60 * G_USEC_PER_SEC)
#define DAY           ((int64_t)24 * 60 * MINUTE)
/* Of a layer while which clamd went away: somebody may have stopped it just then. */
#define AT_ONCE 2
/* What failed for a reason that may pass. */
#define LEAST_OF_FAILED DAY
#define MOST_OF_FAILED  (8 * DAY)

/* @attempts: that were in vain, with this one. */
static int64_t
doubled(int64_t least, int64_t most, int64_t attempts)
{
  int64_t after = least;
  for (int64_t i = 1; i < attempts && after < most; i++)
    after *= 2;
  return g_get_real_time() + MIN(after, most);
}

static int64_t
next_due(ClamavState state, int64_t attempts, bool again)
{
  switch (state) {
  case CLAMAV_AWAY:
    return 0;
  case CLAMAV_LOST:
    return attempts <= AT_ONCE ? 0 : doubled(MINUTE, DAY, attempts - AT_ONCE);
  case CLAMAV_IN_PART:
    return doubled(LEAST_OF_FAILED, MOST_OF_FAILED, attempts);
  case CLAMAV_REFUSED:
  case CLAMAV_JUDGED:
    break;
  }
  return again ? 0 : NOT_BY_ITSELF; /* for its images */
}

/* How often it was in vain before. */
static bool
load_attempts(SqlConnection *db, const char *layer, int64_t *attempts, GError **error)
{
  g_autoptr(SqlRows) rows = NULL;
  Found found = sql_first(db, &rows, error, "SELECT attempts FROM clamav_layers WHERE layer = $1",
                          SQL_TEXT(layer), SQL_END);
  *attempts = found == FOUND ? sql_rows_integer(rows, 0) : 0;
  return found != FAILED;
}

bool
unjudged_note(SqlConnection *db, const LayerInventory *inventory, bool again, GError **error)
{
  const char *layer = inventory->layer.text;
  ClamavState state = inventory->clamav;
  int64_t attempts = 0;
  if (inventory->clamav_judged_by == NULL && !again)
    return unjudged_forget(db, (void *)(uintptr_t)layer, error);
  if (!load_attempts(db, layer, &attempts, error))
    return false;
  if (state == CLAMAV_JUDGED || state == CLAMAV_REFUSED)
    attempts = 0;
  else if (state != CLAMAV_AWAY)
    attempts++;
  const char *signatures = inventory->clamav_judged_by;
  return sql_run(db, NULL, error,
                 "INSERT INTO clamav_layers (layer, state, signatures, due, attempts, too_large) "
                 "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (layer) DO UPDATE SET "
                 "state = excluded.state, signatures = excluded.signatures, due = excluded.due, "
                 "attempts = excluded.attempts, too_large = excluded.too_large",
                 SQL_TEXT(layer), SQL_INTEGER(state),
                 SQL_TEXT(signatures == NULL ? "" : signatures),
                 SQL_INTEGER(next_due(state, attempts, again)), SQL_INTEGER(attempts),
                 SQL_INTEGER((int64_t)MIN(inventory->clamav_too_large, INT64_MAX)), SQL_END);
}

/* --- what is to be done --- */

GPtrArray *
unjudged_due(SqlPool *sql, unsigned limit, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(SqlRows) rows =
      sql_query(db, error,
                "SELECT layer FROM clamav_layers WHERE due <= $1 ORDER BY attempts, layer LIMIT $2",
                SQL_INTEGER(g_get_real_time()), SQL_INTEGER(limit), SQL_END);
  return sql_texts(rows, error);
}

typedef struct {
  char *layer;
  int64_t used; /* when an image that has it was pulled or pushed last */
} UsedLayer;

static void
used_layer_clear(void *data)
{
  g_free(((UsedLayer *)data)->layer);
}

static int
compare_use(gconstpointer a, gconstpointer b)
{
  const UsedLayer *left = a, *right = b;
  if (left->used != right->used)
    return left->used > right->used ? -1 : 1;
  return strcmp(left->layer, right->layer);
}

/* What older detectors inspected is inspected again anyway (renewal.c). */
GPtrArray *
unjudged_stale(SqlPool *sql, const char *signatures, unsigned limit, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(SqlRows) rows = sql_query(
      db, error,
      "SELECT stale.layer, max(CASE WHEN image_use.pulled > manifests.pushed "
      "THEN image_use.pulled ELSE coalesce(manifests.pushed, 0) END) "
      "FROM (SELECT layer FROM clamav_layers WHERE due = $3 AND "
      "(signatures < $1 OR signatures > $1) AND EXISTS (SELECT 1 FROM layer_inventories WHERE "
      "layer_inventories.layer = clamav_layers.layer AND detector_version = $2)) AS stale "
      "LEFT JOIN manifest_references ON manifest_references.digest = stale.layer "
      "LEFT JOIN manifests ON manifests.repository = manifest_references.repository "
      "AND manifests.digest = manifest_references.manifest "
      "LEFT JOIN image_use ON image_use.repository = manifests.repository "
      "AND image_use.digest = manifests.digest "
      "GROUP BY stale.layer",
      SQL_TEXT(signatures), SQL_INTEGER(detectors_fingerprint()), SQL_INTEGER(NOT_BY_ITSELF),
      SQL_END);
  Found found;
  g_autoptr(GArray) used = g_array_new(FALSE, FALSE, sizeof(UsedLayer));
  g_array_set_clear_func(used, used_layer_clear);
  while ((found = sql_next(rows, error)) == FOUND) {
    const UsedLayer one = {g_strdup(sql_rows_text(rows, 0)), sql_rows_integer(rows, 1)};
    g_array_append_val(used, one);
  }
  if (found != ABSENT)
    return NULL;
  g_array_sort(used, compare_use);
  GPtrArray *layers = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < MIN(used->len, limit); i++)
    g_ptr_array_add(layers, g_steal_pointer(&g_array_index(used, UsedLayer, i).layer));
  return layers;
}

Found
unjudged_row(SqlPool *sql, const char *layer, const char *signatures, UnjudgedRow *row,
             GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return FAILED;
  g_autoptr(SqlRows) rows = NULL;
  Found found = sql_first(db, &rows, error,
                          "SELECT state, signatures, due FROM clamav_layers WHERE layer = $1",
                          SQL_TEXT(layer), SQL_END);
  if (found != FOUND)
    return found;
  row->state = (ClamavState)sql_rows_integer(rows, 0);
  row->stale = g_strcmp0(sql_rows_text(rows, 1), signatures) != 0;
  row->due = sql_rows_integer(rows, 2) <= g_get_real_time();
  return FOUND;
}

/* --- what was done --- */

static bool
set_due(SqlConnection *db, const char *layer, int64_t due, GError **error)
{
  return sql_run(db, NULL, error, "UPDATE clamav_layers SET due = $2 WHERE layer = $1",
                 SQL_TEXT(layer), SQL_INTEGER(due), SQL_END);
}

bool
unjudged_settle(SqlConnection *db, void *layer, GError **error)
{
  return set_due(db, layer, NOT_BY_ITSELF, error);
}

bool
unjudged_put_off(SqlConnection *db, void *layer, GError **error)
{
  return set_due(db, layer, g_get_real_time() + DAY, error);
}

bool
unjudged_forget(SqlConnection *db, void *layer, GError **error)
{
  return sql_run(db, NULL, error, "DELETE FROM clamav_layers WHERE layer = $1", SQL_TEXT(layer),
                 SQL_END);
}

/* --- what it refuses --- */

bool
unjudged_too_large(SqlPool *sql, uint64_t *size, GError **error)
{
  int64_t least = 0;
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  g_autoptr(SqlRows) rows =
      db == NULL ? NULL
                 : sql_query(db, error,
                             "SELECT coalesce(min(too_large), 0) FROM clamav_layers WHERE "
                             "too_large > 0 AND due = $1",
                             SQL_INTEGER(NOT_BY_ITSELF), SQL_END);
  bool read = rows != NULL && sql_number(rows, &least, error);
  *size = (uint64_t)MAX(least, 0);
  return read;
}

bool
unjudged_size_is_taken(SqlPool *sql, uint64_t size, GError **error)
{
  return sql_write(sql, NULL, error,
                   "UPDATE clamav_layers SET state = $3, due = 0 WHERE too_large = $1 AND due = $2",
                   SQL_INTEGER((int64_t)size), SQL_INTEGER(NOT_BY_ITSELF),
                   SQL_INTEGER(CLAMAV_IN_PART), SQL_END);
}

bool
unjudged_doubt_refusals(SqlPool *sql, GError **error)
{
  return sql_write(sql, NULL, error,
                   "UPDATE clamav_layers SET signatures = '' WHERE state + 0 = $1",
                   SQL_INTEGER(CLAMAV_REFUSED), SQL_END);
}

bool
unjudged_count(SqlPool *sql, const char *signatures, int64_t *unjudged, int64_t *stale,
               GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return false;
  g_autoptr(SqlRows) rows =
      sql_query(db, error,
                "SELECT coalesce(sum(CASE WHEN state = 0 THEN 0 ELSE 1 END), 0), "
                "coalesce(sum(CASE WHEN due = $2 AND signatures <> $1 THEN 1 ELSE 0 END), 0) "
                "FROM clamav_layers",
                SQL_TEXT(signatures), SQL_INTEGER(NOT_BY_ITSELF), SQL_END);
  Found found = sql_next(rows, error);
  *unjudged = found == FOUND ? sql_rows_integer(rows, 0) : 0;
  *stale = found == FOUND && *signatures != '\0' ? sql_rows_integer(rows, 1) : 0;
  return found == FOUND;
}
