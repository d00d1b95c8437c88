/* What the metadata database need not keep: rows of images and layers that were deleted, and
 * inventories of older detectors. Done as things are deleted; what a crash left over, at the next
 * start. */
#include "base/error.h"
#include "inspect/fingerprint.h"
#include "pipeline/pipeline-private.h"

/* Layers that are forgotten in one transaction; others wait for it. */
#define LOST_AT_ONCE 200

Found
images_manifest_exists(SqlConnection *db, const char *manifest, GError **error)
{
  g_autoptr(SqlRows) rows = sql_query(
      db, error, "SELECT 1 FROM manifests WHERE digest = $1 LIMIT 1", SQL_TEXT(manifest), SQL_END);
  return sql_next(rows, error);
}

/* Packages that no image has any more go when all are matched again (rematch.c). */
static bool
delete_image(SqlConnection *db, const char *manifest, GError **error)
{
  return sql_run(db, NULL, error,
                 "DELETE FROM image_packages WHERE image IN "
                 "(SELECT id FROM images WHERE manifest = $1)",
                 SQL_TEXT(manifest), SQL_END) &&
         sql_run(db, NULL, error,
                 "DELETE FROM image_sets WHERE image IN "
                 "(SELECT id FROM images WHERE manifest = $1)",
                 SQL_TEXT(manifest), SQL_END) &&
         sql_run(db, NULL, error, "DELETE FROM image_chains WHERE manifest = $1",
                 SQL_TEXT(manifest), SQL_END) &&
         sql_run(db, NULL, error, "DELETE FROM images WHERE manifest = $1", SQL_TEXT(manifest),
                 SQL_END);
}

bool
images_forget(SqlConnection *db, void *manifest, GError **error)
{
  if (!standings_forget(db, manifest, error) || !sboms_forget(db, manifest, error))
    return false;
  /* Another repository may have it still. */
  Found found = images_manifest_exists(db, manifest, error);
  return found != FAILED && (found == FOUND || delete_image(db, manifest, error));
}

static bool
forget_layer(SqlConnection *db, void *data, GError **error)
{
  const Digest *layer = data;
  return sql_run(db, NULL, error,
                 "DELETE FROM layer_inventories WHERE layer = $1 AND NOT EXISTS "
                 "(SELECT 1 FROM blobs WHERE digest = $1)",
                 SQL_TEXT(layer->text), SQL_END) &&
         sql_run(db, NULL, error,
                 "DELETE FROM layer_looks WHERE layer = $1 AND NOT EXISTS "
                 "(SELECT 1 FROM blobs WHERE digest = $1)",
                 SQL_TEXT(layer->text), SQL_END) &&
         sql_run(db, NULL, error,
                 "DELETE FROM clamav_layers WHERE layer = $1 AND NOT EXISTS "
                 "(SELECT 1 FROM blobs WHERE digest = $1)",
                 SQL_TEXT(layer->text), SQL_END);
}

bool
images_forget_layer(SqlPool *sql, const Digest *layer, GError **error)
{
  Digest forgotten = *layer;
  return sql_transact(sql, forget_layer, &forgotten, error);
}

static bool
forget_lost_layers(SqlConnection *db, void *data, GError **error)
{
  bool *more = data;
  int64_t inventories = 0, looks = 0;
  if (!sql_run(db, &inventories, error,
               "DELETE FROM layer_inventories WHERE layer IN "
               "(SELECT layer FROM layer_inventories WHERE NOT EXISTS "
               "(SELECT 1 FROM blobs WHERE blobs.digest = layer_inventories.layer) LIMIT $1)",
               SQL_INTEGER(LOST_AT_ONCE), SQL_END) ||
      !sql_run(db, &looks, error,
               "DELETE FROM layer_looks WHERE layer IN "
               "(SELECT layer FROM layer_looks WHERE NOT EXISTS "
               "(SELECT 1 FROM blobs WHERE blobs.digest = layer_looks.layer) LIMIT $1)",
               SQL_INTEGER(LOST_AT_ONCE), SQL_END))
    return false;
  *more = inventories >= LOST_AT_ONCE || looks >= LOST_AT_ONCE;
  return true;
}

bool
images_forget_lost_layers(SqlPool *sql, bool *more, GError **error)
{
  return sql_transact(sql, forget_lost_layers, more, error);
}

/* --- at the start --- */

/* Inventories of a format that is not read any more tell that they are older by more than one
 * version; they go in the same transaction in which the images are marked, so that a crash changes
 * nothing about it. */
static bool
drop_unreadable(SqlConnection *db, GError **error)
{
  int64_t old = 0;
  return sql_run(db, &old, error, "DELETE FROM layer_inventories WHERE detector_version < $1",
                 SQL_INTEGER(LAYER_FORMAT_FIRST), SQL_END) &&
         sql_run(db, NULL, error, "DELETE FROM layer_looks WHERE detector_version < $1",
                 SQL_INTEGER(LAYER_FORMAT_FIRST), SQL_END) &&
         (old == 0 || sql_run(db, NULL, error, "UPDATE images SET state = $1 WHERE state = $2",
                              SQL_INTEGER(SCAN_PENDING), SQL_INTEGER(SCAN_DONE), SQL_END));
}

/* What older detectors failed at, the present ones may not: once. */
static bool
check_detectors(SqlConnection *db, void *data, GError **error)
{
  return drop_unreadable(db, error) &&
         sql_run(db, NULL, error,
                 "UPDATE images SET state = $1, error = NULL, attempts = 0, retry_at = NULL, "
                 "detectors = $4 WHERE state IN ($2, $3) AND detectors <> $4",
                 SQL_INTEGER(SCAN_PENDING), SQL_INTEGER(SCAN_FAILED), SQL_INTEGER(SCAN_WAITING),
                 SQL_INTEGER(detectors_fingerprint()), SQL_END);
}

bool
images_check_detectors(SqlPool *sql, GError **error)
{
  return sql_transact(sql, check_detectors, NULL, error);
}

GPtrArray *
images_take_page(SqlRows *rows, int64_t *last, GError **error)
{
  Found found;
  g_autoptr(GPtrArray) images = g_ptr_array_new_with_free_func(g_free);
  while ((found = sql_next(rows, error)) == FOUND) {
    *last = sql_rows_integer(rows, 0);
    g_ptr_array_add(images, g_strdup(sql_rows_text(rows, 1)));
  }
  return found == ABSENT ? g_steal_pointer(&images) : NULL;
}

typedef struct {
  int64_t image, used; /* when it was pulled or pushed last */
} UsedImage;

static int
compare_use(gconstpointer a, gconstpointer b)
{
  const UsedImage *left = a, *right = b;
  if (left->used != right->used)
    return left->used > right->used ? -1 : 1;
  return left->image < right->image ? -1 : left->image > right->image;
}

GArray *
images_of_older_detectors(SqlPool *sql, GError **error)
{
  Found found;
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(GArray) used = g_array_new(FALSE, FALSE, sizeof(UsedImage));
  g_autoptr(SqlRows) rows = sql_query(
      db, error,
      "SELECT images.id, max(CASE WHEN image_use.pulled > manifests.pushed THEN image_use.pulled "
      "ELSE manifests.pushed END) AS used FROM images "
      "JOIN manifests ON manifests.digest = images.manifest "
      "LEFT JOIN image_use ON image_use.repository = manifests.repository "
      "AND image_use.digest = manifests.digest "
      "WHERE images.state = $1 AND images.detectors <> $2 "
      "GROUP BY images.id",
      SQL_INTEGER(SCAN_DONE), SQL_INTEGER(detectors_fingerprint()), SQL_END);
  while ((found = sql_next(rows, error)) == FOUND) {
    const UsedImage one = {sql_rows_integer(rows, 0), sql_rows_integer(rows, 1)};
    g_array_append_val(used, one);
  }
  if (found != ABSENT)
    return NULL;
  g_array_sort(used, compare_use);
  GArray *images = g_array_new(FALSE, FALSE, sizeof(int64_t));
  for (guint i = 0; i < used->len; i++)
    g_array_append_val(images, g_array_index(used, UsedImage, i).image);
  return images;
}

Found
images_older_manifest(SqlPool *sql, int64_t image, char **manifest, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return FAILED;
  g_autoptr(SqlRows) rows = sql_query(
      db, error, "SELECT manifest FROM images WHERE id = $1 AND state + 0 = $2 AND detectors <> $3",
      SQL_INTEGER(image), SQL_INTEGER(SCAN_DONE), SQL_INTEGER(detectors_fingerprint()), SQL_END);
  Found found = sql_next(rows, error);
  *manifest = found == FOUND ? g_strdup(sql_rows_text(rows, 0)) : NULL;
  return found;
}

static bool
drop_older(SqlConnection *db, void *data, GError **error)
{
  return sql_run(db, NULL, error, "DELETE FROM layer_inventories WHERE detector_version <> $1",
                 SQL_INTEGER(detectors_fingerprint()), SQL_END) &&
         sql_run(db, NULL, error, "DELETE FROM layer_looks WHERE detector_version <> $1",
                 SQL_INTEGER(detectors_fingerprint()), SQL_END);
}

bool
images_drop_older_inventories(SqlPool *sql, GError **error)
{
  return sql_transact(sql, drop_older, NULL, error);
}

static GPtrArray *
deleted_images(SqlPool *sql, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(SqlRows) rows =
      sql_query(db, error,
                "SELECT manifest FROM images WHERE NOT EXISTS "
                "(SELECT 1 FROM manifests WHERE manifests.digest = images.manifest)",
                SQL_END);
  return sql_texts(rows, error);
}

GPtrArray *
images_unknown(SqlPool *sql, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(SqlRows) rows =
      sql_query(db, error,
                "SELECT DISTINCT digest FROM manifests WHERE NOT EXISTS "
                "(SELECT 1 FROM images WHERE images.manifest = manifests.digest)",
                SQL_END);
  return sql_texts(rows, error);
}

/* Of an image that lost a layer, as versions before allowed, nothing is known any more: a push of
 * the layer makes it known again. */
static bool
forget_facts(SqlConnection *db, GError **error)
{
  return sql_run(db, NULL, error,
                 "UPDATE images SET facts = NULL WHERE manifest IN "
                 "(SELECT manifest FROM manifest_references WHERE digest IN "
                 "(SELECT layer FROM layer_inventories WHERE NOT EXISTS "
                 "(SELECT 1 FROM blobs WHERE blobs.digest = layer_inventories.layer)))",
                 SQL_END);
}

static bool
sweep(SqlConnection *db, void *data, GError **error)
{
  return forget_facts(db, error) && standings_sweep(db, error) && sboms_sweep(db, error) &&
         sql_run(db, NULL, error,
                 "DELETE FROM layer_inventories WHERE NOT EXISTS "
                 "(SELECT 1 FROM blobs WHERE blobs.digest = layer_inventories.layer)",
                 SQL_END) &&
         sql_run(db, NULL, error,
                 "DELETE FROM layer_looks WHERE NOT EXISTS "
                 "(SELECT 1 FROM blobs WHERE blobs.digest = layer_looks.layer)",
                 SQL_END);
}

bool
images_sweep(SqlPool *sql, GError **error)
{
  g_autoptr(GPtrArray) deleted = deleted_images(sql, error);
  if (deleted == NULL)
    return false;
  for (guint i = 0; i < deleted->len; i++)
    if (!sql_transact_later(sql, images_forget, g_ptr_array_index(deleted, i), error))
      return false;
  return sql_transact(sql, sweep, NULL, error);
}
