/* Rows that follow from others, made in the background: packages of images
 * that a version before stored without such rows. */
#include "base/error.h"
#include "base/log.h"
#include "inventory/image.h"
#include "pipeline/pipeline-private.h"

#define FILLED_AT_ONCE 100

/* Images whose packages are no rows yet, from the one after *last on, which is the last of them
 * then. (transfer full): char * */
static GPtrArray *
images_without_rows(SqlPool *sql, int64_t *last, GError **error)
{
  Found found;
  g_autoptr(GPtrArray) images = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(SqlConnection) db = sql_acquire(sql, SQL_READ, error);
  if (db == NULL)
    return NULL;
  g_autoptr(SqlRows) rows =
      sql_query(db, error,
                "SELECT id, manifest FROM images WHERE id > $1 AND state + 0 = $2 AND "
                "facts IS NULL " /* "+ 0": in the order of one index, and not by another */
                "ORDER BY id LIMIT $3",
                SQL_INTEGER(*last), SQL_INTEGER(SCAN_DONE), SQL_INTEGER(FILLED_AT_ONCE), SQL_END);
  while ((found = sql_next(rows, error)) == FOUND) {
    *last = sql_rows_integer(rows, 0);
    g_ptr_array_add(images, g_strdup(sql_rows_text(rows, 1)));
  }
  return found == ABSENT ? g_steal_pointer(&images) : NULL;
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

static JobOutcome
fill_rows(Job *job, void *room, GError **error)
{
  Pipeline *pipeline = room;
  int64_t last = -1;
  unsigned filled = 0;
  for (;;) {
    g_autoptr(GPtrArray) images = images_without_rows(pipeline->sql, &last, error);
    if (images == NULL)
      return JOB_AGAIN;
    for (guint i = 0; i < images->len; i++) {
      if (job_cancelled(job))
        return JOB_AGAIN;
      fill_image(pipeline, g_ptr_array_index(images, i));
    }
    filled += images->len;
    if (images->len < FILLED_AT_ONCE)
      break;
  }
  g_autofree char *count = g_strdup_printf("%u", filled);
  if (filled > 0)
    log_info("packages of images of an earlier version became rows", "images", count, NULL);
  /* After that: else what older detectors found could be stored over what newer ones did. */
  renewal_begin(pipeline);
  return JOB_DONE;
}

const JobKind fill_rows_job = {
    .kind = "fill-rows", .at_once = 1, .attempts = 20, .back_off = 10, .run = fill_rows};
