/* Rows that follow from others, made in the background by a thread of their own: packages of images
 * that a version before stored without such rows. */
#include "base/error.h"
#include "base/log.h"
#include "inventory/image.h"
#include "pipeline/pipeline-private.h"

#define FILLED_AT_ONCE 100

/* Images whose packages are no rows yet, from the one after @last on. (transfer full): char * */
static GPtrArray *
images_without_rows(SqlPool *sql, const char *last, GError **error)
{
  g_autoptr(GError) failure = NULL;
  g_autoptr(GPtrArray) images = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(SqlConnection) db = sql_acquire(sql, SQL_READ, error);
  if (db == NULL)
    return NULL;
  g_autoptr(SqlRows) rows =
      sql_query(db, &failure,
                "SELECT manifest FROM images WHERE manifest > $1 AND state + 0 = $2 AND "
                "facts IS NULL " /* "+ 0": in the order of one index, and not by another */
                "ORDER BY manifest LIMIT $3",
                SQL_TEXT(last), SQL_INTEGER(SCAN_DONE), SQL_INTEGER(FILLED_AT_ONCE), SQL_END);
  while (rows != NULL && sql_rows_next(rows, &failure))
    g_ptr_array_add(images, g_strdup(sql_rows_text(rows, 0)));
  if (failure == NULL)
    return g_steal_pointer(&images);
  g_propagate_error(error, g_steal_pointer(&failure));
  return NULL;
}

/* From its layers' inventories; no layer is read. */
static void
fill_image(Pipeline *pipeline, const char *manifest)
{
  g_autoptr(GError) error = NULL;
  Digest digest;
  if (!digest_parse(manifest, &digest, NULL))
    return;
  g_autoptr(ImageInventory) inventory = findings_load_layers(pipeline, &digest, &error);
  if (inventory == NULL || !pipeline_store_scan(pipeline, &digest, inventory, true, &error))
    log_warning("the packages of an image that was scanned before cannot be stored; they are read "
                "from its layers' inventories each time",
                "digest", manifest, "error", error->message, NULL);
}

static void
fill_rows(Pipeline *pipeline)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *last = g_strdup("");
  unsigned filled = 0;
  for (;;) {
    g_autoptr(GPtrArray) images = images_without_rows(pipeline->sql, last, &error);
    if (images == NULL) {
      log_error("images of an earlier version cannot be listed", "error", error->message, NULL);
      return;
    }
    for (guint i = 0; i < images->len; i++) {
      if (g_cancellable_is_cancelled(pipeline->stop))
        return;
      fill_image(pipeline, g_ptr_array_index(images, i));
    }
    filled += images->len;
    if (images->len < FILLED_AT_ONCE)
      break;
    g_free(last);
    last = g_strdup(g_ptr_array_index(images, images->len - 1));
  }
  g_autofree char *count = g_strdup_printf("%u", filled);
  if (filled > 0)
    log_info("packages of images of an earlier version became rows", "images", count, NULL);
}

static void *
keep(void *data)
{
  fill_rows(data);
  /* After that: else what older detectors found could be stored over what newer ones did. */
  renewal_start(data);
  return NULL;
}

void
keeper_start(Pipeline *pipeline)
{
  pipeline->keeper = g_thread_new("keep-rows", keep, pipeline);
}

void
keeper_end(Pipeline *pipeline)
{
  if (pipeline->keeper != NULL)
    g_thread_join(pipeline->keeper);
  pipeline->keeper = NULL;
}
