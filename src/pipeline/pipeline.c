/* The story of an image, from top to bottom: a layer arrives and is inspected; a manifest arrives
 * and waits for its layers; they are overlaid and matched. gate.c tells how it ends: a pull. */
#include "pipeline/pipeline.h"

#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "inspect/inspection.h"
#include "pipeline/pipeline-private.h"

#define CONFIG_BYTES_MAX ((size_t)4 * 1024 * 1024)

void
pipeline_advance(Pipeline *pipeline)
{
  __atomic_add_fetch(&pipeline->generation, 1, __ATOMIC_ACQ_REL);
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->listener_lock);
  if (pipeline->listener != NULL)
    pipeline->listener(pipeline->listener_data);
}

void
pipeline_on_change(Pipeline *pipeline, void (*changed)(void *data), void *data)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->listener_lock);
  pipeline->listener = changed;
  pipeline->listener_data = data;
}

uint64_t
pipeline_generation(const Pipeline *pipeline)
{
  return __atomic_load_n(&pipeline->generation, __ATOMIC_ACQUIRE);
}

/* --- jobs --- */

typedef struct {
  bool is_image; /* else a layer */
  Digest digest;
  char *request_id; /* of the push that caused it, for the log; or NULL */
} Job;

static void
queue_job(Pipeline *pipeline, bool is_image, const Digest *digest)
{
  Job *job = g_new0(Job, 1);
  job->is_image = is_image;
  job->digest = *digest;
  job->request_id = g_strdup(log_get_request_id());
  g_thread_pool_push(pipeline->pool, job, NULL);
}

static void
queue_layer(Pipeline *pipeline, const Digest *digest)
{
  g_mutex_lock(&pipeline->lock);
  bool added = g_hash_table_add(pipeline->queued_layers, g_strdup(digest->text));
  g_mutex_unlock(&pipeline->lock);
  if (added)
    queue_job(pipeline, false, digest);
}

/* --- a layer arrives --- */

/* gzip, zstd, or a tar's "ustar" at its place: everything else (configs, signatures, charts'
 * metadata) is no layer. A look at some bytes, no parsing. */
static bool
looks_like_layer(Pipeline *pipeline, const Digest *digest)
{
  uint8_t head[263];
  auto_fd int fd = blob_store_open_blob(pipeline->blobs, digest, NULL, NULL);
  ssize_t got = fd < 0 ? -1 : pread(fd, head, sizeof head, 0);
  if (got < 4)
    return false;
  Slice bytes = slice_new(head, (size_t)got);
  return slice_has_prefix(bytes, SLICE_LITERAL("\x1f\x8b")) ||
         slice_has_prefix(bytes, SLICE_LITERAL("\x28\xb5\x2f\xfd")) ||
         slice_equal_string(slice_sub(bytes, 257, 5), "ustar");
}

void
pipeline_layer_arrived(Pipeline *pipeline, const Digest *digest)
{
  if (looks_like_layer(pipeline, digest) &&
      images_layer_state(pipeline->sql, digest, NULL, NULL) == INVENTORY_ABSENT)
    queue_layer(pipeline, digest);
}

static bool
inspect_stored_layer(Pipeline *pipeline, const Digest *digest, GError **error)
{
  InspectionInput input = {.layer = digest, .allow_uncaged = pipeline->config->allow_uncaged};
  auto_fd int fd = blob_store_open_blob(pipeline->blobs, digest, &input.size, error);
  if (fd < 0)
    return false;
  input.fd = fd;
  g_autoptr(GError) failure = NULL;
  g_autoptr(LayerInventory) inventory =
      inspect_layer(&input, &pipeline->config->limits, pipeline->stop, &failure);
  if (inventory != NULL)
    return images_store_inventory(pipeline->sql, inventory, error);
  /* Kept, so that the image's state can tell why; looked at again when the image is pushed again.
   */
  if (!g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_CANCELLED) &&
      !images_store_layer_failure(pipeline->sql, digest, failure->message, error))
    return false;
  g_propagate_error(error, g_steal_pointer(&failure));
  return false;
}

/* The images that waited for this layer alone. */
static GPtrArray *
take_ready_images(Pipeline *pipeline, const Digest *layer)
{
  GPtrArray *ready = g_ptr_array_new_with_free_func(g_free);
  GHashTableIter iter;
  void *manifest, *missing;
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->lock);
  g_hash_table_remove(pipeline->queued_layers, layer->text);
  g_hash_table_iter_init(&iter, pipeline->waiting);
  while (g_hash_table_iter_next(&iter, &manifest, &missing)) {
    g_hash_table_remove(missing, layer->text);
    if (g_hash_table_size(missing) == 0) {
      g_ptr_array_add(ready, g_strdup(manifest));
      g_hash_table_iter_remove(&iter);
    }
  }
  return ready;
}

static void scan_image(Pipeline *pipeline, const Digest *manifest);

static void
run_layer_job(Pipeline *pipeline, const Digest *digest)
{
  g_autoptr(GError) error = NULL;
  bool inspected = inspect_stored_layer(pipeline, digest, &error);
  if (g_cancellable_is_cancelled(pipeline->stop))
    return;
  if (!inspected)
    log_warning("a layer could not be inspected", "digest", digest->text, "error", error->message,
                NULL);
  g_mutex_lock(&pipeline->lock);
  pipeline->layers_inspected += inspected;
  pipeline->layers_failed += !inspected;
  g_mutex_unlock(&pipeline->lock);
  g_autoptr(GPtrArray) ready = take_ready_images(pipeline, digest);
  for (guint i = 0; i < ready->len; i++) {
    Digest manifest;
    if (digest_parse(g_ptr_array_index(ready, i), &manifest, NULL))
      scan_image(pipeline, &manifest);
  }
}

/* --- a manifest arrives --- */

/* Waits for the layers that are not inspected yet; with none missing, the image is next. */
static void
wait_for_layers(Pipeline *pipeline, const Digest *digest, const Manifest *manifest)
{
  GHashTable *missing = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < manifest->layers->len; i++) {
    const Descriptor *layer = g_ptr_array_index(manifest->layers, i);
    g_hash_table_add(missing, g_strdup(layer->digest.text));
  }
  g_mutex_lock(&pipeline->lock);
  g_hash_table_replace(pipeline->waiting, g_strdup(digest->text), missing);
  g_mutex_unlock(&pipeline->lock);

  /* Looked up after it was said who waits: an inspection that ends in between is not missed. */
  bool ready = manifest->layers->len == 0;
  for (guint i = 0; i < manifest->layers->len; i++) {
    const Descriptor *layer = g_ptr_array_index(manifest->layers, i);
    if (images_layer_state(pipeline->sql, &layer->digest, NULL, NULL) == INVENTORY_ABSENT) {
      queue_layer(pipeline, &layer->digest);
      continue;
    }
    g_mutex_lock(&pipeline->lock);
    GHashTable *left = g_hash_table_lookup(pipeline->waiting, digest->text);
    if (left != NULL) {
      g_hash_table_remove(left, layer->digest.text);
      ready = g_hash_table_size(left) == 0;
    }
    g_mutex_unlock(&pipeline->lock);
  }
  g_mutex_lock(&pipeline->lock);
  ready = ready && g_hash_table_remove(pipeline->waiting, digest->text);
  g_mutex_unlock(&pipeline->lock);
  if (ready)
    queue_job(pipeline, true, digest);
}

void
pipeline_manifest_arrived(Pipeline *pipeline, const char *repository, const Digest *digest,
                          const Manifest *manifest)
{
  g_autoptr(GError) error = NULL;
  if (!manifest_is_container_image(manifest))
    return;
  g_autoptr(ImageSummary) known = pipeline_image_summary(pipeline, digest, NULL);
  if (known != NULL && known->state == SCAN_DONE)
    return;
  /* A worker that was killed or late may do better. */
  bool again = known != NULL && known->state == SCAN_FAILED;
  if ((again && !images_forget_failures(pipeline->sql, manifest, &error)) ||
      !images_set_state(pipeline->sql, digest->text, SCAN_PENDING, NULL, &error)) {
    log_error("an image cannot be queued for its scan", "repository", repository, "digest",
              digest->text, "error", error->message, NULL);
    return;
  }
  wait_for_layers(pipeline, digest, manifest);
}

/* --- its layers are inspected: overlay, match, count --- */

static ImageConfig *
load_config(Pipeline *pipeline, const Manifest *manifest, GError **error)
{
  g_autoptr(GBytes) bytes =
      blob_store_read(pipeline->blobs, &manifest->config->digest, CONFIG_BYTES_MAX, error);
  return bytes == NULL ? NULL : image_config_parse(slice_from_bytes(bytes), error);
}

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
  g_autoptr(ImageConfig) config = load_config(pipeline, manifest, error);
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

static bool
scan_stored_image(Pipeline *pipeline, const Digest *digest, GError **error)
{
  g_autoptr(Manifest) manifest = images_load_manifest(pipeline->sql, digest->text, error);
  if (manifest == NULL)
    return false;
  g_autoptr(ImageInventory) inventory = images_load_layers(pipeline->sql, manifest, error);
  if (inventory == NULL || !check_diff_ids(pipeline, manifest, inventory->layers, error))
    return false;
  /* When the database changes before the image is stored, matching all images misses this one. */
  for (;;) {
    g_autoptr(AdvisoryDatabase) advisories = pipeline_advisories(pipeline);
    if (!images_store_scan(pipeline->sql, digest->text, inventory, advisories, error))
      return false;
    g_autoptr(AdvisoryDatabase) now = pipeline_advisories(pipeline);
    if (now == advisories)
      return true;
  }
}

static void
scan_image(Pipeline *pipeline, const Digest *manifest)
{
  g_autoptr(GError) error = NULL;
  bool scanned = scan_stored_image(pipeline, manifest, &error);
  if (scanned) {
    log_info("image scanned", "digest", manifest->text, NULL);
  } else {
    log_warning("an image could not be scanned", "digest", manifest->text, "error", error->message,
                NULL);
    images_set_state(pipeline->sql, manifest->text, SCAN_FAILED, error->message, NULL);
  }
  pipeline_advance(pipeline);
  g_mutex_lock(&pipeline->lock);
  pipeline->images_scanned += scanned;
  g_cond_broadcast(&pipeline->changed);
  g_mutex_unlock(&pipeline->lock);
}

/* False when no job is to begin any more. */
static bool
begin_job(Pipeline *pipeline)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->lock);
  pipeline->running += !pipeline->stopping;
  return !pipeline->stopping;
}

static void
end_job(Pipeline *pipeline)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->lock);
  pipeline->running--;
  g_cond_broadcast(&pipeline->changed);
}

static void
run_job(void *data, void *user_data)
{
  Pipeline *pipeline = user_data;
  g_autofree Job *job = data;
  g_autofree char *request_id = job->request_id;
  if (!begin_job(pipeline))
    return;
  log_set_request_id(request_id);
  if (job->is_image)
    scan_image(pipeline, &job->digest);
  else
    run_layer_job(pipeline, &job->digest);
  log_set_request_id(NULL);
  end_job(pipeline);
}

/* --- what is known of an image --- */

ImageInventory *
pipeline_image_inventory(Pipeline *pipeline, const Digest *manifest, GError **error)
{
  g_autoptr(Manifest) parsed = images_load_manifest(pipeline->sql, manifest->text, error);
  return parsed == NULL ? NULL : images_load_layers(pipeline->sql, parsed, error);
}

MatchResult *
pipeline_image_findings(Pipeline *pipeline, const Digest *manifest, GError **error)
{
  g_autoptr(AdvisoryDatabase) advisories = pipeline_advisories(pipeline);
  if (advisories == NULL) {
    error_set(error, ASSAY_ERROR_NOT_FOUND,
              "there are no advisories yet: run `assay db update` or `assay db import`");
    return NULL;
  }
  g_autoptr(ImageInventory) inventory = pipeline_image_inventory(pipeline, manifest, error);
  return inventory == NULL ? NULL : match_image(advisories, inventory, error);
}

/* --- start and stop --- */

bool
pipeline_reload_policy(Pipeline *pipeline, const char *path, GError **error)
{
  PolicySet *policy = policy_set_load(path, error);
  if (policy == NULL)
    return false;
  g_mutex_lock(&pipeline->lock);
  PolicySet *former = pipeline->policy;
  pipeline->policy = policy;
  g_mutex_unlock(&pipeline->lock);
  policy_set_unref(former);
  pipeline_advance(pipeline);
  return true;
}

/* What a stop or a crash interrupted. */
static bool
take_up_pending(Pipeline *pipeline, GError **error)
{
  g_autoptr(GPtrArray) pending = images_pending(pipeline->sql, error);
  if (pending == NULL)
    return false;
  for (guint i = 0; i < pending->len; i++) {
    g_autoptr(GError) failure = NULL;
    const char *text = g_ptr_array_index(pending, i);
    Digest digest;
    g_autoptr(Manifest) manifest = images_load_manifest(pipeline->sql, text, &failure);
    if (manifest != NULL && digest_parse(text, &digest, &failure))
      wait_for_layers(pipeline, &digest, manifest);
    else
      images_set_state(pipeline->sql, text, SCAN_FAILED, failure->message, NULL);
  }
  return true;
}

Pipeline *
pipeline_new(const Config *config, const char *data_folder, Registry *registry, BlobStore *blobs,
             SqlPool *sql, GError **error)
{
  g_autoptr(Pipeline) pipeline = g_new0(Pipeline, 1);
  pipeline->config = config;
  pipeline->data_folder = g_strdup(data_folder);
  pipeline->registry = registry;
  pipeline->blobs = blobs;
  pipeline->sql = sql;
  pipeline->generation = 1;
  g_mutex_init(&pipeline->lock);
  g_mutex_init(&pipeline->listener_lock);
  g_cond_init(&pipeline->changed);
  pipeline->stop = g_cancellable_new();
  pipeline->queued_layers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  pipeline->waiting =
      g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_hash_table_unref);
  guint workers = config->limits.workers != 0 ? config->limits.workers : g_get_num_processors();
  pipeline->pool = g_thread_pool_new(run_job, pipeline, (int)workers, FALSE, NULL);
  if (!pipeline_reload_policy(pipeline, config->policy, error) || !take_up_pending(pipeline, error))
    return NULL;
  pipeline_start_watching(pipeline);
  return g_steal_pointer(&pipeline);
}

void
pipeline_stop(Pipeline *pipeline, int64_t end)
{
  g_mutex_lock(&pipeline->lock);
  pipeline->stopping = true;
  while (pipeline->running > 0 && g_cond_wait_until(&pipeline->changed, &pipeline->lock, end))
    continue;
  g_mutex_unlock(&pipeline->lock);
  g_cancellable_cancel(pipeline->stop);
}

void
pipeline_free(Pipeline *pipeline)
{
  if (pipeline == NULL)
    return;
  pipeline_stop(pipeline, 0);
  pipeline_end_watching(pipeline);
  g_thread_pool_free(pipeline->pool, FALSE, TRUE);
  g_hash_table_unref(pipeline->queued_layers);
  g_hash_table_unref(pipeline->waiting);
  advisory_database_unref(pipeline->advisories);
  policy_set_unref(pipeline->policy);
  g_object_unref(pipeline->stop);
  g_mutex_clear(&pipeline->lock);
  g_mutex_clear(&pipeline->listener_lock);
  g_cond_clear(&pipeline->changed);
  g_free(pipeline->data_folder);
  g_free(pipeline);
}

void
pipeline_write_metrics(Pipeline *pipeline, GString *out)
{
  g_mutex_lock(&pipeline->lock);
  g_string_append_printf(
      out,
      "# HELP assay_inspections_total Layers inspected, by outcome.\n"
      "# TYPE assay_inspections_total counter\n"
      "assay_inspections_total{outcome=\"done\"} %" G_GUINT64_FORMAT "\n"
      "assay_inspections_total{outcome=\"failed\"} %" G_GUINT64_FORMAT "\n"
      "# HELP assay_inspections_queued Layers waiting for or under inspection.\n"
      "# TYPE assay_inspections_queued gauge\n"
      "assay_inspections_queued %u\n"
      "# HELP assay_images_scanned_total Images scanned.\n"
      "# TYPE assay_images_scanned_total counter\n"
      "assay_images_scanned_total %" G_GUINT64_FORMAT "\n"
      "# HELP assay_rematches_total Times that all images were matched with new advisories.\n"
      "# TYPE assay_rematches_total counter\n"
      "assay_rematches_total %" G_GUINT64_FORMAT "\n"
      "# HELP assay_rematch_seconds How long the last of them took.\n"
      "# TYPE assay_rematch_seconds gauge\n"
      "assay_rematch_seconds %f\n"
      "# HELP assay_advisories_available Whether an advisory database is open.\n"
      "# TYPE assay_advisories_available gauge\n"
      "assay_advisories_available %d\n",
      pipeline->layers_inspected, pipeline->layers_failed,
      g_hash_table_size(pipeline->queued_layers), pipeline->images_scanned, pipeline->rematches,
      pipeline->rematch_seconds, pipeline->advisories != NULL);
  g_mutex_unlock(&pipeline->lock);
}
