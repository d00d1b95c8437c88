/* Rows that follow from others, made in the background: packages of images
 * that a version before stored without such rows, and how images stand (standings.h). */
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
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(SqlRows) rows =
      sql_query(db, error,
                "SELECT id, manifest FROM images WHERE id > $1 AND state + 0 = $2 AND "
                "facts IS NULL " /* "+ 0": in the order of one index, and not by another */
                "ORDER BY id LIMIT $3",
                SQL_INTEGER(*last), SQL_INTEGER(SCAN_DONE), SQL_INTEGER(FILLED_AT_ONCE), SQL_END);
  return images_take_page(rows, last, error);
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
  if (!chains_fill(pipeline, job, error))
    return JOB_AGAIN;
  /* After that: else what older detectors found could be stored over what newer ones did. */
  renewal_begin(pipeline);
  return JOB_DONE;
}

const JobKind fill_rows_job = {
    .kind = "fill-rows", .at_once = 1, .attempts = 20, .back_off = 10, .run = fill_rows};

/* --- how images stand --- */

/* Days are counted so often while something changes, and else once an hour. */
#define COUNT_AGAIN   ((int64_t)60 * G_USEC_PER_SEC)
#define STALE_AT_ONCE 500u

/* What was asked for. (transfer full): char * */
static GPtrArray *
take_asked(Keeper *keeper, bool *all)
{
  GPtrArray *asked = g_ptr_array_new_with_free_func(g_free);
  GHashTableIter iter;
  void *manifest;
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&keeper->lock);
  g_hash_table_iter_init(&iter, keeper->to_judge);
  while (g_hash_table_iter_next(&iter, &manifest, NULL)) {
    g_ptr_array_add(asked, manifest);
    g_hash_table_iter_steal(&iter);
  }
  keeper->judging = asked->len;
  *all = keeper->judge_all;
  keeper->judge_all = false;
  return asked;
}

static void
end_judging(Keeper *keeper)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&keeper->lock);
  keeper->judging = 0;
  keeper->judged = g_get_real_time();
}

static bool
judge_stale(Pipeline *pipeline, const Rules *rules, GPtrArray *later, GError **error)
{
  g_autofree char *last = g_strdup("");
  for (;;) {
    g_autoptr(GPtrArray) stale = standings_stale(pipeline->sql, rules, last, STALE_AT_ONCE, error);
    if (stale == NULL || !standings_judge(pipeline, stale, rules, later, error))
      return false;
    /* Judged by still others: it was asked for again. */
    if (stale->len == 0 || rules->judgement != pipeline_judgement(pipeline))
      return true;
    g_free(last);
    last = g_strdup(g_ptr_array_index(stale, stale->len - 1));
  }
}

static bool
judge_due(Pipeline *pipeline, bool missing, bool all, const GPtrArray *asked, GPtrArray *later,
          GError **error)
{
  g_autoptr(Rules) rules = standings_rules(pipeline);
  g_autoptr(GPtrArray) expired = standings_expired(pipeline->sql, g_get_real_time(), error);
  if (expired == NULL || !standings_judge(pipeline, asked, rules, later, error) ||
      !standings_judge(pipeline, expired, rules, later, error))
    return false;
  if (missing) {
    g_autoptr(GPtrArray) without = standings_missing(pipeline->sql, error);
    if (without == NULL || !standings_judge(pipeline, without, rules, later, error))
      return false;
  }
  return !all || judge_stale(pipeline, rules, later, error);
}

/* The sums of all, for /metrics and the history. */
static bool
count_all(Pipeline *pipeline, GError **error)
{
  Keeper *keeper = &pipeline->keeper;
  keeper->counted = g_get_monotonic_time();
  if (!standings_count_day(pipeline->sql, error))
    return false;
  Overview *gauges = pipeline_overview(pipeline, NULL, 0, error);
  if (gauges == NULL)
    return false;
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&keeper->lock);
  overview_free(keeper->gauges);
  keeper->gauges = gauges;
  return true;
}

/* Asks again for what was not judged. */
static void
put_back(Pipeline *pipeline, const GPtrArray *manifests, bool all)
{
  for (guint i = 0; i < manifests->len; i++)
    keeper_ask(pipeline, g_ptr_array_index(manifests, i));
  if (all)
    keeper_ask_all(pipeline);
}

static JobOutcome
judge_images(Job *job, void *room, GError **error)
{
  Pipeline *pipeline = room;
  Keeper *keeper = &pipeline->keeper;
  bool all = false;
  g_autoptr(GPtrArray) later = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GPtrArray) asked = take_asked(keeper, &all);
  /* While all images are matched again, their counts are of two minds: they are judged after. */
  bool counting = all && advisories_are_counting(pipeline);
  bool missing = !keeper->complete;
  bool judged = judge_due(pipeline, missing, all && !counting, asked, later, error);
  end_judging(keeper);
  put_back(pipeline, judged ? later : asked, all && (counting || !judged));
  if (!judged)
    return JOB_AGAIN;
  for (guint i = 0; i < asked->len; i++)
    jobs_ask(pipeline->jobs, &sbom_job, g_ptr_array_index(asked, i));
  /* Those that a stop kept from theirs, now that it is known how they stand. */
  if (missing)
    pipeline_keep_sboms(pipeline);
  keeper->complete = true;
  bool changed = all || missing || asked->len > 0;
  int64_t since = g_get_monotonic_time() - keeper->counted;
  if ((changed && ((all && !counting) || since > COUNT_AGAIN)) || since > 60 * COUNT_AGAIN)
    return count_all(pipeline, error) ? JOB_DONE : JOB_AGAIN;
  return JOB_DONE;
}

/* For verdicts that turn by themselves, and days that begin. */
static uint32_t
every_minute(const void *room)
{
  return 60;
}

const JobKind judge_job = {.kind = "judge-images",
                           .at_once = 1,
                           .back_off = 10,
                           .every = every_minute,
                           .run = judge_images};
