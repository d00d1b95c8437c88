/* Layers of which ClamAV did not judge all, since it was away or could not. A row a layer tells
 * when to try again: when clamd answers, or after a day. The layer is inspected again then, and its
 * images are scanned anew; until that, what is known of them is in force, and that they are
 * unscanned in this. */
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/metrics.h"
#include "inspect/malware/clamav_state.h"
#include "inspect/malware/malware_settings.h"
#include "pipeline/pipeline-private.h"

#define LOOK_SECONDS 10u
#define PAGE         50u

/* (transfer full): char * */
static GPtrArray *
due_layers(SqlPool *sql, const char *last, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(SqlRows) rows = sql_query(
      db, error,
      "SELECT layer FROM unjudged_layers WHERE due <= $1 AND layer > $2 ORDER BY layer LIMIT $3",
      SQL_INTEGER(g_get_real_time()), SQL_TEXT(last), SQL_INTEGER(PAGE), SQL_END);
  return sql_texts(rows, error);
}

/* (transfer full): char * */
static GPtrArray *
images_with(SqlPool *sql, const char *layer, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(SqlRows) rows =
      sql_query(db, error,
                "SELECT DISTINCT images.manifest FROM manifest_references "
                "JOIN images ON images.manifest = manifest_references.manifest "
                "WHERE manifest_references.digest = $1 AND images.state = $2",
                SQL_TEXT(layer), SQL_INTEGER(SCAN_DONE), SQL_END);
  return sql_texts(rows, error);
}

/* What was found in it for the links of others goes: it is looked at again with its images. */
static bool
forget_looks(SqlConnection *db, void *layer, GError **error)
{
  return sql_run(db, NULL, error, "DELETE FROM layer_looks WHERE layer = $1", SQL_TEXT(layer),
                 SQL_END);
}

static bool
forget_layer(SqlConnection *db, void *layer, GError **error)
{
  return sql_run(db, NULL, error, "DELETE FROM unjudged_layers WHERE layer = $1", SQL_TEXT(layer),
                 SQL_END);
}

static bool
put_off(SqlConnection *db, void *layer, GError **error)
{
  return sql_run(db, NULL, error, "UPDATE unjudged_layers SET due = $2 WHERE layer = $1",
                 SQL_TEXT(layer), SQL_INTEGER(g_get_real_time() + UNJUDGED_RETRY), SQL_END);
}

/* False: some could not be, which was told. */
static bool
scan_images(Pipeline *pipeline, const char *layer, Cancellable *cancellable)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) images = images_with(pipeline->sql, layer, &error);
  bool scanned = images != NULL;
  for (guint i = 0; images != NULL && i < images->len; i++) {
    Digest digest;
    const char *manifest = g_ptr_array_index(images, i);
    g_autoptr(GError) failure = NULL;
    if (!digest_parse(manifest, &digest, NULL) ||
        pipeline_scan_stored_image(pipeline, &digest, cancellable, &failure))
      continue;
    scanned = false;
    log_warning("an image whose layer was judged again could not be scanned again", "digest",
                manifest, "error", failure->message, NULL);
  }
  if (images == NULL)
    log_warning("the images of a layer that was judged again cannot be looked up", "digest", layer,
                "error", error->message, NULL);
  return scanned;
}

/* False: clamd went away again, or nobody wants it any more. */
static bool
judge_layer(Pipeline *pipeline, const char *text, Cancellable *cancellable)
{
  Digest layer;
  void *key = (void *)(uintptr_t)text;
  g_autoptr(GError) error = NULL;
  if (!digest_parse(text, &layer, &error))
    return sql_transact(pipeline->sql, forget_layer, key, NULL);
  g_autoptr(LayerInventory) inventory =
      layers_inspect_for(pipeline, &layer, NULL, cancellable, &error);
  if (cancellable_is_cancelled(cancellable) ||
      (inventory != NULL && inventory->clamav == CLAMAV_AWAY))
    return false;
  bool gone = g_error_matches(error, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND);
  if (inventory == NULL)
    return sql_transact(pipeline->sql, gone ? forget_layer : put_off, key, NULL);
  if (!inventories_store(pipeline->sql, inventory, &error) ||
      !sql_transact(pipeline->sql, forget_looks, key, &error)) {
    log_warning("what ClamAV says of a layer cannot be stored", "digest", text, "error",
                error->message, NULL);
    return false;
  }
  bool scanned = scan_images(pipeline, text, cancellable);
  if (cancellable_is_cancelled(cancellable))
    return false;
  if (inventory->clamav == CLAMAV_JUDGED)
    return sql_transact(pipeline->sql, scanned ? forget_layer : put_off, key, NULL);
  return true;
}

static bool
judge_layers(Pipeline *pipeline, Cancellable *cancellable, GError **error)
{
  g_autofree char *last = g_strdup("");
  unsigned judged = 0;
  bool going = true;
  for (guint found = PAGE; going && found == PAGE;) {
    g_autoptr(GPtrArray) page = due_layers(pipeline->sql, last, error);
    if (page == NULL)
      return false;
    found = page->len;
    for (guint i = 0; going && i < found; i++) {
      going = judge_layer(pipeline, g_ptr_array_index(page, i), cancellable);
      judged += going;
    }
    if (found > 0) {
      g_free(last);
      last = g_strdup(g_ptr_array_index(page, found - 1));
    }
  }
  if (judged > 0)
    pipeline_rejudge(pipeline);
  return true;
}

/* Each change is told once. */
static void
tell_change(const char *before)
{
  g_autofree char *now = clamav_problem();
  if (now == NULL || g_strcmp0(before, now) == 0)
    return;
  if (strcmp(now, "ok") != 0)
    log_warning("ClamAV", "problem", now, NULL);
  else if (before != NULL)
    log_info("ClamAV answers, and its signatures are fresh", NULL);
}

static JobOutcome
run(Job *job, void *room, GError **error)
{
  g_autofree char *before = clamav_problem();
  bool there = clamav_look();
  tell_change(before);
  return !there || judge_layers(room, job_cancellable(job), error) ? JOB_DONE : JOB_AGAIN;
}

static uint32_t
every_few_seconds(const void *room G_GNUC_UNUSED)
{
  return malware_settings()->clamd == NULL ? 0 : LOOK_SECONDS;
}

const JobKind clamav_job = {
    .kind = "clamav", .at_once = 1, .back_off = 10, .every = every_few_seconds, .run = run};

/* --- metrics --- */

static int64_t
count(SqlPool *sql)
{
  g_autoptr(SqlConnection) db = sql_acquire(sql, NULL);
  g_autoptr(SqlRows) rows =
      db == NULL ? NULL : sql_query(db, NULL, "SELECT count(*) FROM unjudged_layers", SQL_END);
  return rows != NULL && sql_next(rows, NULL) == FOUND ? sql_rows_integer(rows, 0) : 0;
}

void
unjudged_write_metrics(Pipeline *pipeline, GString *out)
{
  g_auto(ClamdVersion) version = {0};
  if (malware_settings()->clamd == NULL)
    return;
  metrics_gauge(out, "assay_clamav_up", "Whether clamd answers.", clamav_version(&version));
  metrics_gauge(out, "assay_clamav_signatures_built_seconds",
                "When ClamAV's signatures were made, in seconds since 1970; 0: it does not tell.",
                (double)version.built);
  metrics_gauge(out, "assay_clamav_signatures",
                "The number of ClamAV's signatures; 0: it does not tell.", version.database);
  metrics_gauge(out, "assay_layers_unjudged", "Layers of which ClamAV did not judge all yet.",
                (double)count(pipeline->sql));
}
