/* Having ClamAV judge layers again: those that it could not judge, when they are due, and those
 * that older signatures judged, slowly. The layer is inspected again, and its images are scanned
 * anew where that found something else; until then, and where ClamAV cannot judge now what it
 * judged before, what is known is in force. */
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/metrics.h"
#include "inspect/fingerprint.h"
#include "inspect/malware/clamav_finds.h"
#include "inspect/malware/clamav_state.h"
#include "inspect/malware/clamd.h"
#include "inspect/malware/malware_settings.h"
#include "jobs/event.h"
#include "pipeline/pipeline-private.h"

#define LOOK_SECONDS    10u
#define STALE_SECONDS   30u
#define PAGE            50u
#define STALE_AT_ONCE   20000u
#define ANSWER_SECONDS  5u
#define TOLD_OF_A_LAYER 20u
#define SIZES_AT_ONCE   5u

typedef enum {
  JUDGED_ALIKE,   /* nothing else than before */
  JUDGED_CHANGED, /* images may stand otherwise */
  JUDGED_STOP,    /* clamd went away, or nobody wants it any more */
} Outcome;

/* Others that older detectors scanned are inspected again anyway. (transfer full): char * */
static GPtrArray *
images_with(SqlPool *sql, const char *layer, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(SqlRows) rows = sql_query(
      db, error,
      "SELECT DISTINCT images.manifest FROM manifest_references "
      "JOIN images ON images.manifest = manifest_references.manifest "
      "WHERE manifest_references.digest = $1 AND images.state = $2 AND "
      "images.detectors = $3",
      SQL_TEXT(layer), SQL_INTEGER(SCAN_DONE), SQL_INTEGER(detectors_fingerprint()), SQL_END);
  return sql_texts(rows, error);
}

/* What was found in it for the links of others goes: it is looked at again with its images. */
static bool
forget_looks(SqlConnection *db, void *layer, GError **error)
{
  return sql_run(db, NULL, error, "DELETE FROM layer_looks WHERE layer = $1", SQL_TEXT(layer),
                 SQL_END);
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

/* --- what is new --- */

/* What was not found before, the first of it: an array of objects. (transfer full) */
static json_t *
new_finds(const LayerInventory *before, const LayerInventory *inventory)
{
  json_t *files = json_array();
  g_autoptr(GPtrArray) finds = clamav_finds_new(before, inventory);
  for (guint i = 0; i < MIN(finds->len, TOLD_OF_A_LAYER); i++) {
    const Observation *one = g_ptr_array_index(finds, i);
    json_t *file = json_object();
    json_set_string(file, "path", one->path);
    json_set_string(file, "signature", one->title);
    json_array_append_new(files, file);
  }
  return files;
}

/* Whether @inventory is to be in force in the place of @before: what is found counts at once; what
 * was judged stays judged otherwise. */
static bool
is_better(const LayerInventory *before, const LayerInventory *inventory, bool finds)
{
  if (before == NULL || inventory->clamav == CLAMAV_JUDGED || finds)
    return true;
  if (before->clamav == CLAMAV_JUDGED)
    return false;
  return inventory->clamav != CLAMAV_LOST || before->clamav == CLAMAV_AWAY ||
         before->clamav == CLAMAV_LOST;
}

/* --- storing --- */

typedef struct {
  const LayerInventory *inventory;
  json_t *json;
  char *text;
  json_t *files; /* new_finds() */
} Judged;

static void
judged_clear(Judged *judged)
{
  json_decref(judged->json);
  json_decref(judged->files);
  g_free(judged->text);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Judged, judged_clear)

static bool
tell_finds(SqlConnection *db, const Judged *judged, GError **error)
{
  if (json_array_size(judged->files) == 0)
    return true;
  g_autoptr(json_t) data = json_object();
  json_object_set(data, "files", judged->files);
  return event_tell(db, "malware.found", judged->inventory->layer.text, data, error);
}

static bool
store_judged(SqlConnection *db, void *data, GError **error)
{
  const Judged *judged = data;
  const LayerInventory *inventory = judged->inventory;
  return inventories_write(db, inventory, judged->text, true, error) &&
         forget_looks(db, (void *)(uintptr_t)inventory->layer.text, error) &&
         tell_finds(db, judged, error);
}

/* What is in force does not change. */
static bool
note_judged(SqlConnection *db, void *data, GError **error)
{
  return unjudged_note(db, data, false, error);
}

/* Of a layer whose images are scanned by what is stored. */
static Outcome
end_layer(Pipeline *pipeline, const char *layer, bool settled, Cancellable *cancellable)
{
  bool scanned = scan_images(pipeline, layer, cancellable);
  void *key = (void *)(uintptr_t)layer;
  if (cancellable_is_cancelled(cancellable) ||
      (settled &&
       !sql_transact(pipeline->sql, scanned ? unjudged_settle : unjudged_put_off, key, NULL)))
    return JUDGED_STOP;
  return JUDGED_CHANGED;
}

static Outcome
take_inventory(Pipeline *pipeline, LayerInventory *inventory, Cancellable *cancellable,
               GError **error)
{
  g_autoptr(LayerInventory) before = pipeline_layer_inventory(pipeline, &inventory->layer);
  g_auto(Judged) judged = {inventory, NULL, NULL, new_finds(before, inventory)};
  bool finds = json_array_size(judged.files) > 0;
  if (inventory->clamav == CLAMAV_AWAY && !finds)
    return JUDGED_STOP;
  if (before != NULL)
    clamav_finds_keep(inventory, before);
  judged.json = layer_inventory_to_json(inventory);
  g_autoptr(json_t) former = before == NULL ? NULL : layer_inventory_to_json(before);
  bool settled = inventory->clamav == CLAMAV_JUDGED || inventory->clamav == CLAMAV_REFUSED;
  if (!is_better(before, inventory, finds) || (former != NULL && json_equal(former, judged.json)))
    return !sql_transact(pipeline->sql, note_judged, inventory, error) ? JUDGED_STOP : JUDGED_ALIKE;
  judged.text = json_to_text(judged.json);
  if (!sql_transact(pipeline->sql, store_judged, &judged, error))
    return JUDGED_STOP;
  Outcome outcome = end_layer(pipeline, inventory->layer.text, settled, cancellable);
  if (finds) {
    log_warning("ClamAV finds malicious files in a stored layer", "digest", inventory->layer.text,
                NULL);
    pipeline_rejudge(pipeline);
  }
  return outcome;
}

/* --- a layer --- */

/* *bytes: of the layer, that were read. */
static Outcome
inspect_again(Pipeline *pipeline, const Digest *layer, Cancellable *cancellable, uint64_t *bytes)
{
  void *key = (void *)(uintptr_t)layer->text;
  g_autoptr(GError) error = NULL;
  g_autoptr(LayerInventory) inventory =
      layers_inspect_for(pipeline, layer, NULL, cancellable, &error);
  if (cancellable_is_cancelled(cancellable))
    return JUDGED_STOP;
  bool gone = g_error_matches(error, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND);
  if (inventory == NULL)
    return sql_transact(pipeline->sql, gone ? unjudged_forget : unjudged_put_off, key, NULL)
               ? JUDGED_ALIKE
               : JUDGED_STOP;
  *bytes = inventory->packed_bytes;
  Outcome outcome = take_inventory(pipeline, inventory, cancellable, &error);
  if (error != NULL)
    log_warning("what ClamAV says of a layer cannot be stored", "digest", layer->text, "error",
                error->message, NULL);
  bool there = inventory->clamav != CLAMAV_LOST && inventory->clamav != CLAMAV_AWAY;
  return there ? outcome : JUDGED_STOP;
}

/* What was judged before the end of this process waits for its images to be scanned alone. */
static Outcome
judge_layer(Pipeline *pipeline, const char *text, bool stale, Cancellable *cancellable,
            uint64_t *bytes)
{
  Digest layer;
  UnjudgedRow row;
  g_autofree char *signatures = clamav_signatures();
  Found found = unjudged_row(pipeline->sql, text, signatures, &row, NULL);
  if (found != FOUND)
    return found == FAILED ? JUDGED_STOP : JUDGED_ALIKE;
  if (stale ? !row.stale || row.due : !row.due)
    return JUDGED_ALIKE;
  if (!digest_parse(text, &layer, NULL))
    return sql_transact(pipeline->sql, unjudged_forget, (void *)(uintptr_t)text, NULL)
               ? JUDGED_ALIKE
               : JUDGED_STOP;
  bool settled = row.state == CLAMAV_JUDGED || row.state == CLAMAV_REFUSED;
  return row.due && settled ? end_layer(pipeline, text, true, cancellable)
                            : inspect_again(pipeline, &layer, cancellable, bytes);
}

/* --- what is due --- */

static bool
judge_due(Pipeline *pipeline, Cancellable *cancellable, GError **error)
{
  unsigned changed = 0;
  uint64_t bytes;
  bool going = true;
  for (guint found = PAGE; going && found == PAGE;) {
    g_autoptr(GPtrArray) page = unjudged_due(pipeline->sql, PAGE, error);
    if (page == NULL)
      return false;
    found = page->len;
    for (guint i = 0; going && i < found; i++) {
      Outcome outcome =
          judge_layer(pipeline, g_ptr_array_index(page, i), false, cancellable, &bytes);
      changed += outcome == JUDGED_CHANGED;
      going = outcome != JUDGED_STOP;
    }
  }
  if (changed > 0)
    pipeline_rejudge(pipeline);
  return true;
}

/* Whether clamd takes now what was too large for it, the smallest first, some sizes at a time. */
static bool
look_at_sizes(Pipeline *pipeline, const Job *job, GError **error)
{
  for (unsigned i = 0; i < SIZES_AT_ONCE && !job_cancelled(job); i++) {
    uint64_t size = 0;
    bool takes = false;
    if (!unjudged_too_large(pipeline->sql, &size, error))
      return false;
    if (size == 0 ||
        !clamd_ask_size(malware_settings()->clamd, ANSWER_SECONDS, size, &takes, NULL) || !takes)
      return true;
    if (!unjudged_size_is_taken(pipeline->sql, size, error))
      return false;
  }
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
    log_warning("ClamAV", "address", malware_settings()->clamd, "problem", now, NULL);
  else if (before != NULL)
    log_info("ClamAV answers, and its signatures are fresh", NULL);
}

static JobOutcome
look(Job *job, void *room, GError **error)
{
  Pipeline *pipeline = room;
  g_autofree char *before = clamav_problem();
  g_auto(ClamdVersion) former = {0};
  bool was_away = before != NULL && !clamav_version(&former);
  bool there = clamav_look();
  tell_change(before);
  if (!there)
    return JOB_DONE;
  return (!was_away || unjudged_doubt_refusals(pipeline->sql, error)) &&
                 look_at_sizes(pipeline, job, error) &&
                 judge_due(pipeline, job_cancellable(job), error)
             ? JOB_DONE
             : JOB_AGAIN;
}

static uint32_t
every_few_seconds(const void *room G_GNUC_UNUSED)
{
  return malware_settings()->clamd == NULL ? 0 : LOOK_SECONDS;
}

const JobKind clamav_job = {
    .kind = "clamav", .at_once = 1, .back_off = 10, .every = every_few_seconds, .run = look};

/* --- other signatures --- */

static bool
pace(Job *job, uint64_t bytes)
{
  double seconds = (double)bytes / (double)malware_settings()->clamd_rejudge_bytes_per_second;
  return job_sleep(job, g_get_monotonic_time() + (int64_t)(seconds * G_USEC_PER_SEC));
}

/* Until clamd goes away, or has others again. */
static JobOutcome
judge_stale(Job *job, void *room, GError **error)
{
  Pipeline *pipeline = room;
  g_autofree char *signatures = clamav_signatures();
  if (*signatures == '\0')
    return JOB_DONE;
  g_autoptr(GPtrArray) layers = unjudged_stale(pipeline->sql, signatures, STALE_AT_ONCE, error);
  if (layers == NULL)
    return JOB_AGAIN;
  if (layers->len > 0)
    log_info("ClamAV has other signatures: stored layers are judged again", "signatures",
             signatures, NULL);
  for (guint i = 0; i < layers->len; i++) {
    uint64_t bytes = 0;
    g_autofree char *present = clamav_signatures();
    job_progress(job, i, layers->len);
    if (strcmp(present, signatures) != 0 || !renewal_give_way(pipeline, job))
      return JOB_DONE;
    Outcome outcome =
        judge_layer(pipeline, g_ptr_array_index(layers, i), true, job_cancellable(job), &bytes);
    if (outcome == JUDGED_CHANGED)
      pipeline_rejudge(pipeline);
    if (outcome == JUDGED_STOP || !pace(job, bytes))
      return JOB_DONE;
  }
  return layers->len == STALE_AT_ONCE ? JOB_AGAIN : JOB_DONE;
}

static uint32_t
every_half_minute(const void *room G_GNUC_UNUSED)
{
  const MalwareSettings *settings = malware_settings();
  return settings->clamd == NULL || settings->clamd_rejudge_bytes_per_second == 0 ? 0
                                                                                  : STALE_SECONDS;
}

const JobKind signatures_job = {.kind = "clamav-signatures",
                                .at_once = 1,
                                .back_off = 30,
                                .first = 5,
                                .every = every_half_minute,
                                .run = judge_stale};

/* --- metrics --- */

void
pipeline_count_unjudged(Pipeline *pipeline, uint64_t *unjudged, uint64_t *stale)
{
  int64_t layers = 0, older = 0;
  g_autofree char *signatures = clamav_signatures();
  unjudged_count(pipeline->sql, signatures, &layers, &older, NULL);
  *unjudged = (uint64_t)MAX(layers, 0);
  *stale = (uint64_t)MAX(older, 0);
}

void
unjudged_write_metrics(Pipeline *pipeline, GString *out)
{
  g_auto(ClamdVersion) version = {0};
  uint64_t unjudged = 0, stale = 0;
  if (malware_settings()->clamd == NULL)
    return;
  pipeline_count_unjudged(pipeline, &unjudged, &stale);
  metrics_gauge(out, "assay_clamav_up", "Whether clamd answers.", clamav_version(&version));
  metrics_gauge(out, "assay_clamav_signatures_built_seconds",
                "When ClamAV's signatures were made, in seconds since 1970; 0: it does not tell.",
                (double)version.built);
  metrics_gauge(out, "assay_clamav_signatures",
                "The number of ClamAV's signatures; 0: it does not tell.", version.database);
  metrics_gauge(out, "assay_layers_unjudged", "Layers of which ClamAV did not judge all yet.",
                (double)unjudged);
  metrics_gauge(out, "assay_layers_of_older_signatures",
                "Layers that ClamAV judged by other signatures than it has now.", (double)stale);
}
