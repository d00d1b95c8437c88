/* The story of an image, from top to bottom: a layer arrives and is inspected; a manifest arrives
 * and waits for its layers; they are overlaid and matched. gate.c tells how it ends: a pull. */
#include "pipeline/pipeline.h"
#include "inventory/image.h"

#include "base/error.h"
#include "base/log.h"
#include "base/metrics.h"
#include "inspect/fingerprint.h"
#include "oci/image_config.h"
#include "pipeline/pipeline-private.h"

/* In the order of LayerOutcome. */
METRIC(inspections, COUNTER_BY("assay_inspections_total", "Layers inspected, by outcome.",
                               "outcome", "done", "failed", "postponed"));
METRIC(images_scanned, COUNTER("assay_images_scanned_total", "Images scanned."));

static void
queue_layer(Pipeline *pipeline, const Digest *digest)
{
  if (flight_queue_layer(pipeline, digest))
    jobs_ask(pipeline->jobs, &inspect_job, digest->text);
}

/* --- a layer arrives --- */

/* It may come after its image, or come back to it: the images that are unscanned and need it are
 * taken up. One whose scan is under way is looked at again when that ends: it may have found the
 * layer missing a moment ago. */
static void
retry_images(Pipeline *pipeline, const char *repository, const Digest *layer)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) images =
      repository == NULL ? images_unscanned_without(pipeline->sql, layer, &error)
                         : images_unscanned_with_foreign(pipeline->sql, repository, layer, &error);
  for (guint i = 0; images != NULL && i < images->len; i++)
    pipeline_take_up_image(pipeline, g_ptr_array_index(images, i), true);
  if (images == NULL)
    log_warning("images that a layer is missing from cannot be looked up", "digest", layer->text,
                "error", error->message, NULL);
}

/* Configs, signatures, charts' metadata are no layers: a look at some bytes tells, no parsing. With
 * a full queue the layer comes with its manifest. What another repository had already may be what
 * an image of this one lacked. */
void
pipeline_layer_arrived(Pipeline *pipeline, const char *repository, const Digest *digest)
{
  g_auto(LayerState) known =
      inventories_state(pipeline->sql, digest, detectors_fingerprint(), NULL);
  if ((known.state == INVENTORY_ABSENT || known.state == INVENTORY_POSTPONED) &&
      flight_has_room(pipeline) && pipeline_scans_at_push(pipeline, repository) &&
      layers_look_inspectable(pipeline, digest))
    queue_layer(pipeline, digest);
  else if (known.state == INVENTORY_THERE)
    early_layers_forget(pipeline, digest);
  retry_images(pipeline, known.state == INVENTORY_THERE ? repository : NULL, digest);
}

static void end_flight(Pipeline *pipeline, const Digest *manifest, bool scanned);

static void
postpone_image(Pipeline *pipeline, const Digest *manifest, const char *why, int64_t retry_at)
{
  faults_postpone_image(pipeline, manifest->text, why, retry_at);
  end_flight(pipeline, manifest, false);
}

LayerOutcome
pipeline_inspect_layer(Pipeline *pipeline, const Digest *layer, Cancellable *cancellable,
                       int64_t *retry_at, GError **error)
{
  g_autoptr(GError) failure = NULL;
  LayerOutcome outcome = layers_inspect(pipeline, layer, cancellable, retry_at, &failure);
  if (cancellable_is_cancelled(cancellable)) {
    error_set(error, ASSAY_ERROR_CANCELLED, "the inspection of the layer was cancelled");
    return LAYER_POSTPONED;
  }
  if (outcome != LAYER_INSPECTED)
    log_warning("a layer could not be inspected", "digest", layer->text, "error", failure->message,
                NULL);
  metric_add_at(&inspections, outcome, 1);
  if (failure != NULL)
    g_propagate_error(error, g_steal_pointer(&failure));
  return outcome;
}

/* By a person, and not by the server's stop. */
static bool
was_cancelled(const Pipeline *pipeline, const Job *job)
{
  return job_cancelled(job) && !cancellable_is_cancelled(pipeline->stop);
}

/* A JobKind.dropped, as the next. A person cancelled it: the image stays unscanned until it is
 * pushed again. */
static void
cancel_scan(const char *text, void *room)
{
  Digest manifest;
  if (!digest_parse(text, &manifest, NULL))
    return;
  faults_cancel_image(room, text);
  end_flight(room, &manifest, false);
}

/* And so do those that wait for the layer. */
static void
cancel_inspection(const char *text, void *room)
{
  Digest layer;
  if (!digest_parse(text, &layer, NULL))
    return;
  g_autoptr(GPtrArray) waited = flight_take_ready(room, &layer, true);
  for (guint i = 0; i < waited->len; i++)
    cancel_scan(g_ptr_array_index(waited, i), room);
}

/* How it ended is noted with the layer, whose next try is that of the images that need it. */
static JobOutcome
inspect_layer_job(Job *job, void *room, GError **error)
{
  Pipeline *pipeline = room;
  g_autoptr(GError) failure = NULL;
  int64_t retry_at = 0;
  Digest digest;
  if (!digest_parse(job_key(job), &digest, error))
    return JOB_FAILED;
  LayerOutcome outcome =
      pipeline_inspect_layer(pipeline, &digest, job_cancellable(job), &retry_at, &failure);
  if (was_cancelled(pipeline, job)) {
    cancel_inspection(digest.text, pipeline);
    return JOB_DONE;
  }
  if (cancellable_is_cancelled(pipeline->stop))
    return JOB_AGAIN;
  g_autoptr(GPtrArray) ready = flight_take_ready(pipeline, &digest, outcome == LAYER_POSTPONED);
  for (guint i = 0; i < ready->len; i++) {
    Digest manifest;
    if (outcome != LAYER_POSTPONED)
      jobs_ask(pipeline->jobs, &scan_job, g_ptr_array_index(ready, i));
    else if (digest_parse(g_ptr_array_index(ready, i), &manifest, NULL))
      postpone_image(pipeline, &manifest, failure->message, retry_at);
  }
  return JOB_DONE;
}

const JobKind inspect_job = {
    .kind = "inspect", .finishes = true, .run = inspect_layer_job, .dropped = cancel_inspection};

/* --- a manifest arrives --- */

/* Whether a layer is to be inspected, now. */
static bool
is_due(const LayerState *layer, bool again)
{
  switch (layer->state) {
  case INVENTORY_ABSENT:
    return true;
  case INVENTORY_FAILED:
    return again;
  case INVENTORY_POSTPONED:
    return again || layer->retry_at <= g_get_real_time();
  case INVENTORY_THERE:
    break;
  }
  return false;
}

void
pipeline_wait_for_layers(Pipeline *pipeline, const Digest *digest, const Manifest *manifest,
                         bool again)
{
  if (pipeline_is_idle(pipeline) || !flight_begin(pipeline, digest->text, again))
    return;
  /* Looked up after it was said who waits: an inspection that ends in between is not missed. */
  flight_note_waiting(pipeline, digest->text, manifest);
  g_autofree char *why = NULL;
  int64_t retry_at = 0;
  bool ready = manifest->layers->len == 0;
  for (guint i = 0; i < manifest->layers->len; i++) {
    const Descriptor *layer = g_ptr_array_index(manifest->layers, i);
    g_auto(LayerState) state =
        inventories_state(pipeline->sql, &layer->digest, detectors_fingerprint(), NULL);
    if (is_due(&state, again))
      queue_layer(pipeline, &layer->digest);
    else if (state.state != INVENTORY_POSTPONED)
      ready = flight_stop_waiting_for(pipeline, digest->text, layer->digest.text);
    else if (retry_at < state.retry_at) {
      retry_at = state.retry_at;
      g_free(why);
      why = g_steal_pointer(&state.failure);
    }
  }
  if (why != NULL && flight_end_waiting(pipeline, digest->text))
    postpone_image(pipeline, digest, why, retry_at);
  else if (ready && flight_end_waiting(pipeline, digest->text))
    jobs_ask(pipeline->jobs, &scan_job, digest->text);
}

void
pipeline_take_up_image(Pipeline *pipeline, const char *text, bool again)
{
  g_autoptr(GError) error = NULL;
  Digest digest;
  g_autoptr(Manifest) manifest = images_load_manifest(pipeline->sql, text, &error);
  if (manifest != NULL && digest_parse(text, &digest, &error))
    pipeline_wait_for_layers(pipeline, &digest, manifest, again);
  else if (g_error_matches(error, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND))
    sql_transact_later(pipeline->sql, images_forget, (void *)(uintptr_t)text, NULL);
  else
    faults_note_image(pipeline, text, error);
}

/* A layer that was deleted took its inventory with it; pushed again, it may not look like one. */
static bool
has_all_layers(Pipeline *pipeline, const Manifest *manifest, uint32_t detectors)
{
  for (guint i = 0; i < manifest->layers->len; i++) {
    const Descriptor *layer = g_ptr_array_index(manifest->layers, i);
    g_auto(LayerState) known = inventories_state(pipeline->sql, &layer->digest, detectors, NULL);
    if (known.state == INVENTORY_ABSENT || known.state == INVENTORY_POSTPONED)
      return false;
  }
  return true;
}

void
pipeline_manifest_arrived(Pipeline *pipeline, const char *repository, const Digest *digest,
                          const Manifest *manifest)
{
  if (pipeline_is_idle(pipeline))
    return;
  g_autoptr(GError) error = NULL;
  bool is_image = images_is_image(pipeline->blobs, manifest);
  ScanState state = is_image ? SCAN_PENDING : SCAN_NOT_APPLICABLE;
  g_autoptr(ImageSummary) known = pipeline_image_summary(pipeline, digest, NULL);
  bool scanned = known != NULL && known->state == SCAN_DONE;
  if (scanned && has_all_layers(pipeline, manifest, known->detectors)) {
    keeper_ask(pipeline, digest->text); /* another repository may have it now */
    return;
  }
  /* The same bytes may come under one media type by which they are an image, and under another. */
  if (known != NULL && !is_image && known->state != SCAN_NONE)
    return;
  bool fresh = known == NULL || known->state == SCAN_NONE || known->state == SCAN_DEFERRED ||
               known->state == SCAN_NOT_APPLICABLE;
  if (is_image && fresh && !deferred_is_due(pipeline, digest))
    return;
  if (!images_set_state(pipeline->sql, digest->text, state, &error)) {
    faults_rest(pipeline, digest->text, error);
    return;
  }
  /* What was said by the scan before is remembered no more. */
  if (scanned)
    pipeline_rejudge(pipeline);
  if (is_image)
    pipeline_wait_for_layers(pipeline, digest, manifest, true);
}

void
pipeline_blob_deleted(Pipeline *pipeline, const Digest *digest)
{
  g_autoptr(GError) error = NULL;
  if (!images_forget_layer(pipeline->sql, digest, &error))
    log_warning("what is known of a deleted layer stays until the next start", "digest",
                digest->text, "error", error->message, NULL);
}

bool
pipeline_forget_lost_layers(Pipeline *pipeline, Cancellable *cancellable, GError **error)
{
  for (bool more = true; more;)
    if (cancellable_is_cancelled(cancellable) ||
        !images_forget_lost_layers(pipeline->sql, &more, error))
      return false;
  return true;
}

/* --- its layers are inspected: overlay, match, count --- */

/* A layer's bytes are checked by its digest; that they are what the config speaks of, by the
 * diff_id. An artifact in the dress of an image, with nothing to unpack, may have any config. */
static bool
check_diff_ids(Pipeline *pipeline, const Manifest *manifest, const GPtrArray *layers,
               GError **error)
{
  bool unpacks = false;
  for (guint i = 0; i < layers->len; i++)
    unpacks |= *((const LayerInventory *)g_ptr_array_index(layers, i))->diff_id.text != '\0';
  if (layers->len > 0 && !unpacks)
    return true;
  g_autoptr(ImageConfig) config = images_load_config(pipeline->blobs, manifest, error);
  if (config == NULL)
    return false;
  if (config->diff_ids->len != layers->len)
    return error_set(error, ASSAY_ERROR_MISMATCH,
                     "the image config names %u layers, the manifest %u", config->diff_ids->len,
                     layers->len);
  for (guint i = 0; i < layers->len; i++) {
    const LayerInventory *layer = g_ptr_array_index(layers, i);
    const Digest *expected = g_ptr_array_index(config->diff_ids, i);
    if (*layer->diff_id.text != '\0' && !digest_equal(&layer->diff_id, expected))
      return error_set(error, ASSAY_ERROR_MISMATCH,
                       "layer %s: unpacked it has the digest %s, but the image config says %s",
                       layer->layer.text, layer->diff_id.text, expected->text);
  }
  return true;
}

/* Counted by the open advisories. Where these were replaced meanwhile, the counting of all images
 * may have passed this one: it is counted again. */
bool
pipeline_store_scan(Pipeline *pipeline, const Digest *digest, const ImageInventory *inventory,
                    bool again, GError **error)
{
  g_autoptr(AdvisoryDatabase) used = pipeline_advisories(pipeline);
  g_auto(ImageChain) chain = {0};
  /* Without it, an image is scanned all the same. */
  bool chained = chains_of(pipeline, digest->text, &chain, NULL);
  for (;;) {
    g_autoptr(GError) failure = NULL;
    bool stored = images_store_scan(pipeline->sql, digest->text, inventory, chained ? &chain : NULL,
                                    used, again, &failure);
    bool lost = advisories_lost(pipeline, used, &failure);
    if (!stored && !lost) {
      g_propagate_error(error, g_steal_pointer(&failure));
      return false;
    }
    g_autoptr(AdvisoryDatabase) latest = pipeline_advisories(pipeline);
    if (latest == used) {
      keeper_ask(pipeline, digest->text);
      return true;
    }
    /* Packages that came with this image. */
    if (latest != NULL && !rematch_packages(pipeline->sql, latest, pipeline->stop, &failure) &&
        !advisories_lost(pipeline, latest, &failure)) {
      g_propagate_error(error, g_steal_pointer(&failure));
      return false;
    }
    advisory_database_unref(used);
    used = g_steal_pointer(&latest);
  }
}

bool
pipeline_scan_stored_image(Pipeline *pipeline, const Digest *digest, Cancellable *cancellable,
                           GError **error)
{
  g_autoptr(Manifest) manifest = images_load_manifest(pipeline->sql, digest->text, error);
  if (manifest == NULL)
    return false;
  LayerLooks looks = {.pipeline = pipeline,
                      .image = digest,
                      .manifest = manifest,
                      .detectors = detectors_fingerprint(),
                      .inspects = true,
                      .cancellable = cancellable};
  g_autoptr(ImageInventory) inventory = looks_load_layers(&looks, error);
  return inventory != NULL && check_diff_ids(pipeline, manifest, inventory->layers, error) &&
         pipeline_store_scan(pipeline, digest, inventory, false, error);
}

/* A push that came while the scan was being stored may have marked the image as waiting after that;
 * one that came after a deletion may have been given the deleted image's failure. */
static void
look_again(Pipeline *pipeline, const Digest *manifest)
{
  g_autoptr(ImageSummary) summary = pipeline_image_summary(pipeline, manifest, NULL);
  if (summary != NULL && (summary->state == SCAN_PENDING || summary->state == SCAN_FAILED ||
                          summary->state == SCAN_WAITING))
    pipeline_take_up_image(pipeline, manifest->text, true);
}

static void
end_flight(Pipeline *pipeline, const Digest *manifest, bool scanned)
{
  bool again = false, others = false;
  pipeline_advance(pipeline);
  flight_end(pipeline, manifest->text, &again, &others);
  metric_add(&images_scanned, scanned);
  keeper_ask(pipeline, manifest->text);
  if (again)
    look_again(pipeline, manifest);
  if (others)
    jobs_ask(pipeline->jobs, &take_up_job, "");
}

/* How it ended is noted with the image. */
static JobOutcome
scan_image(Job *job, void *room, GError **error)
{
  Pipeline *pipeline = room;
  g_autoptr(GError) failure = NULL;
  Digest manifest;
  if (!digest_parse(job_key(job), &manifest, error))
    return JOB_FAILED;
  bool scanned = pipeline_scan_stored_image(pipeline, &manifest, job_cancellable(job), &failure);
  if (!scanned && was_cancelled(pipeline, job)) {
    cancel_scan(manifest.text, pipeline);
    return JOB_DONE;
  }
  if (scanned)
    log_info("image scanned", "digest", manifest.text, NULL);
  else
    faults_note_image(pipeline, manifest.text, failure);
  end_flight(pipeline, &manifest, scanned);
  return JOB_DONE;
}

const JobKind scan_job = {
    .kind = "scan", .finishes = true, .run = scan_image, .dropped = cancel_scan};
