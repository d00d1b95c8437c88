/* Layers that are inspected while their bytes arrive; see the header. */
#include "pipeline/early.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/metrics.h"
#include "inspect/inspection.h"
#include "pipeline/pipeline-private.h"

/* Seconds without a step of bytes (PIPELINE_GROWTH_STEP) after which one is given up. */
#define PATIENCE_SECONDS 5
/* Under way at a time; one that is pushed beside so many is inspected when it is whole. */
#define AT_ONCE 2u
/* Kept, with those that ended: an outcome that nobody took, a failure that is not to be repeated
 * with the next request of the same upload. */
#define KEPT_MAX     8u
#define KEPT_SECONDS 60

enum { BY_USED, BY_FAILED, BY_DROPPED };
METRIC(outcomes,
       COUNTER_BY("assay_early_inspections_total",
                  "Layers whose inspection began while their bytes arrived, by what came of "
                  "it.",
                  "outcome", "used", "failed", "dropped"));

typedef enum { ASKED, RUNNING, ENDED } Stage;

typedef struct {
  char *number; /* the job's key */
  char *upload; /* NULL: it is a blob, */
  Digest layer; /* with this digest */
  int fd;
  WorkerGrowth growth;
  uint64_t told; /* bytes, to the worker */
  bool whole;    /* and that there are no more */
  Stage stage;
  int64_t ended; /* g_get_monotonic_time() */
  Cancellable *cancellable;
  LayerInventory *inventory; /* of one that ended; NULL: it failed */
} EarlyLayer;

struct EarlyLayers {
  GMutex lock; /* guards the rest, and what the layers hold except fd, growth and cancellable */
  GCond ended;
  GPtrArray *layers;  /* EarlyLayer, oldest first */
  GPtrArray *dropped; /* EarlyLayer, to be freed without the lock, for they may be large */
  uint64_t count;
};

static void
layer_clear(void *data)
{
  EarlyLayer *layer = data;
  g_free(layer->number);
  g_free(layer->upload);
  fd_clear(&layer->fd);
  worker_growth_clear(&layer->growth);
  cancellable_unref(layer->cancellable);
  layer_inventory_free(layer->inventory);
}

static void
layer_unref(void *layer)
{
  g_atomic_rc_box_release_full(layer, layer_clear);
}

EarlyLayers *
early_layers_new(void)
{
  EarlyLayers *layers = g_new0(EarlyLayers, 1);
  g_mutex_init(&layers->lock);
  g_cond_init(&layers->ended);
  layers->layers = g_ptr_array_new_with_free_func(layer_unref);
  layers->dropped = g_ptr_array_new_with_free_func(layer_unref);
  return layers;
}

void
early_layers_free(EarlyLayers *layers)
{
  g_ptr_array_unref(layers->layers);
  g_ptr_array_unref(layers->dropped);
  g_cond_clear(&layers->ended);
  g_mutex_clear(&layers->lock);
  g_free(layers);
}

static void
unlock(EarlyLayers *early)
{
  g_autoptr(GPtrArray) dropped = g_steal_pointer(&early->dropped);
  early->dropped = g_ptr_array_new_with_free_func(layer_unref);
  g_mutex_unlock(&early->lock);
}

/* --- under the lock --- */

typedef bool (*IsIt)(const EarlyLayer *layer, const char *what);

static bool
is_number(const EarlyLayer *layer, const char *number)
{
  return g_str_equal(layer->number, number);
}

static bool
is_of_upload(const EarlyLayer *layer, const char *upload)
{
  return g_strcmp0(layer->upload, upload) == 0;
}

static bool
has_failed(const EarlyLayer *layer)
{
  return layer->stage == ENDED && layer->inventory == NULL;
}

static bool
is_failure(const EarlyLayer *layer, const char *whichever G_GNUC_UNUSED)
{
  return has_failed(layer);
}

static bool
is_of_digest(const EarlyLayer *layer, const char *digest)
{
  return layer->upload == NULL && g_str_equal(layer->layer.text, digest);
}

static bool
is_good_of_digest(const EarlyLayer *layer, const char *digest)
{
  return is_of_digest(layer, digest) && !has_failed(layer);
}

static EarlyLayer *
find(const EarlyLayers *early, IsIt is_it, const char *what)
{
  for (guint i = 0; i < early->layers->len; i++)
    if (is_it(g_ptr_array_index(early->layers, i), what))
      return g_ptr_array_index(early->layers, i);
  return NULL;
}

static void
end(EarlyLayers *early, EarlyLayer *layer, int outcome)
{
  cancellable_cancel(layer->cancellable);
  metric_add_at(&outcomes, outcome, 1);
  g_ptr_array_add(early->dropped, g_atomic_rc_box_acquire(layer));
  g_ptr_array_remove(early->layers, layer);
}

/* Nobody will use it. Its worker is ended, if it runs. */
static void
drop(EarlyLayers *early, EarlyLayer *layer)
{
  end(early, layer, has_failed(layer) ? BY_FAILED : BY_DROPPED);
}

/* For another: an outcome that waits for its inspection to take it is not given up. */
static bool
has_room(EarlyLayers *early)
{
  unsigned under_way = 0;
  for (guint i = 0; i < early->layers->len; i++)
    under_way += ((const EarlyLayer *)g_ptr_array_index(early->layers, i))->stage != ENDED;
  if (under_way >= AT_ONCE)
    return false;
  EarlyLayer *useless = early->layers->len < KEPT_MAX ? NULL : find(early, is_failure, NULL);
  if (useless != NULL)
    drop(early, useless);
  return early->layers->len < KEPT_MAX;
}

/* False: nobody reads it any more. */
static bool
tell(EarlyLayer *layer, uint64_t bytes, bool whole)
{
  if (layer->stage == ENDED || layer->whole || bytes < layer->told)
    return false;
  layer->told = bytes;
  if (whole)
    layer->whole = worker_growth_end(&layer->growth, bytes);
  else
    worker_growth_tell(&layer->growth, bytes);
  return true;
}

/* --- bytes come --- */

/* Of bytes that inspection can read. (transfer full) */
static EarlyLayer *
layer_new(Pipeline *pipeline, const char *upload)
{
  g_autoptr(GError) error = NULL;
  WorkerGrowth growth;
  auto_fd int fd = blob_store_open_upload(pipeline->blobs, upload, &error);
  if (fd < 0 || !inspect_looks_like_layer(fd) ||
      !worker_growth_init(&growth, PATIENCE_SECONDS, &error)) {
    if (error != NULL)
      log_warning("a layer cannot be inspected before it is whole", "error", error->message, NULL);
    return NULL;
  }
  EarlyLayer *layer = g_atomic_rc_box_new0(EarlyLayer);
  layer->upload = g_strdup(upload);
  layer->fd = fd_steal(&fd);
  layer->growth = growth;
  layer->cancellable = cancellable_new();
  return layer;
}

/* Only one request at a time brings bytes of an upload. */
static bool
begin(Pipeline *pipeline, const char *upload, uint64_t bytes)
{
  EarlyLayers *early = pipeline->early;
  EarlyLayer *layer = layer_new(pipeline, upload);
  if (layer == NULL)
    return false;
  g_mutex_lock(&early->lock);
  bool kept = has_room(early);
  g_autofree char *number = g_strdup_printf("%" G_GUINT64_FORMAT, ++early->count);
  layer->number = g_strdup(number);
  if (kept) {
    g_ptr_array_add(early->layers, layer);
    tell(layer, bytes, false);
  }
  unlock(early);
  if (kept)
    jobs_ask(pipeline->jobs, &early_job, number);
  else
    layer_unref(layer);
  return kept;
}

bool
pipeline_layer_grows(Pipeline *pipeline, const char *upload, uint64_t bytes)
{
  EarlyLayers *early = pipeline->early;
  g_mutex_lock(&early->lock);
  EarlyLayer *layer = find(early, is_of_upload, upload);
  bool known = layer != NULL, read = known && tell(layer, bytes, false);
  bool room = known || has_room(early);
  unlock(early);
  return known ? read : room && begin(pipeline, upload, bytes);
}

void
pipeline_layer_ends(Pipeline *pipeline, const char *upload, uint64_t bytes)
{
  EarlyLayers *early = pipeline->early;
  g_mutex_lock(&early->lock);
  EarlyLayer *layer = find(early, is_of_upload, upload);
  if (layer != NULL)
    tell(layer, bytes, true);
  unlock(early);
}

void
pipeline_layer_becomes(Pipeline *pipeline, const char *upload, const Digest *digest)
{
  EarlyLayers *early = pipeline->early;
  g_mutex_lock(&early->lock);
  EarlyLayer *layer = find(early, is_of_upload, upload);
  if (layer != NULL && (digest == NULL || !layer->whole || has_failed(layer)))
    drop(early, layer);
  else if (layer != NULL) {
    layer->layer = *digest;
    g_clear_pointer(&layer->upload, g_free);
  }
  unlock(early);
}

/* --- a worker reads them --- */

static LayerInventory *
inspect(Pipeline *pipeline, EarlyLayer *layer, Cancellable *of_job)
{
  g_autoptr(GError) error = NULL;
  InspectionInput input = {
      .fd = layer->fd, .growth = &layer->growth, .allow_uncaged = pipeline->options.allow_uncaged};
  cancellable_forward(of_job, layer->cancellable);
  LayerInventory *inventory =
      inspect_layer(&input, pipeline->options.inspection, layer->cancellable, &error);
  cancellable_forward_end(of_job, layer->cancellable);
  /* Why is told when it is inspected whole, if that fails as well. */
  return inventory;
}

static JobOutcome
run(Job *job, void *room, GError **error G_GNUC_UNUSED)
{
  Pipeline *pipeline = room;
  EarlyLayers *early = pipeline->early;
  g_mutex_lock(&early->lock);
  EarlyLayer *layer = find(early, is_number, job_key(job));
  if (layer != NULL) {
    g_atomic_rc_box_acquire(layer);
    layer->stage = RUNNING;
  }
  g_mutex_unlock(&early->lock);
  if (layer == NULL)
    return JOB_DONE;
  LayerInventory *inventory = inspect(pipeline, layer, job_cancellable(job));
  g_mutex_lock(&early->lock);
  layer->stage = ENDED;
  layer->ended = g_get_monotonic_time();
  layer->inventory = inventory;
  g_cond_broadcast(&early->ended);
  g_mutex_unlock(&early->lock);
  layer_unref(layer);
  return JOB_DONE;
}

/* A person cancelled it before it ran. */
static void
forget(const char *number, void *room)
{
  EarlyLayers *early = ((Pipeline *)room)->early;
  g_mutex_lock(&early->lock);
  EarlyLayer *layer = find(early, is_number, number);
  if (layer != NULL)
    drop(early, layer);
  unlock(early);
}

const JobKind early_job = {
    .kind = "inspect-arriving", .at_once = AT_ONCE, .run = run, .dropped = forget};

/* --- and the blob is inspected --- */

/* Until it ends, is dropped, or nobody wants it any more. */
static void
wait_for_end(Pipeline *pipeline, const EarlyLayer *layer, Cancellable *cancellable)
{
  EarlyLayers *early = pipeline->early;
  while (layer->stage != ENDED && !cancellable_is_cancelled(layer->cancellable) &&
         !cancellable_is_cancelled(cancellable) && !jobs_are_stopping(pipeline->jobs))
    g_cond_wait_until(&early->ended, &early->lock, g_get_monotonic_time() + G_USEC_PER_SEC / 10);
}

LayerInventory *
early_layers_take(Pipeline *pipeline, const Digest *digest, Cancellable *cancellable)
{
  EarlyLayers *early = pipeline->early;
  LayerInventory *inventory = NULL;
  g_mutex_lock(&early->lock);
  EarlyLayer *layer = find(early, is_good_of_digest, digest->text);
  if (layer != NULL) {
    g_atomic_rc_box_acquire(layer);
    wait_for_end(pipeline, layer, cancellable);
    inventory = g_steal_pointer(&layer->inventory);
    bool kept = g_ptr_array_find(early->layers, layer, NULL);
    if (kept && inventory != NULL)
      end(early, layer, BY_USED);
    else if (kept)
      drop(early, layer);
    layer_unref(layer);
  }
  unlock(early);
  if (inventory != NULL)
    inventory->layer = *digest;
  return inventory;
}

void
early_layers_forget(Pipeline *pipeline, const Digest *digest)
{
  EarlyLayers *early = pipeline->early;
  g_mutex_lock(&early->lock);
  for (EarlyLayer *layer; (layer = find(early, is_of_digest, digest->text)) != NULL;)
    drop(early, layer);
  unlock(early);
}

void
early_layers_tidy(Pipeline *pipeline)
{
  EarlyLayers *early = pipeline->early;
  int64_t before = g_get_monotonic_time() - KEPT_SECONDS * (int64_t)G_USEC_PER_SEC;
  g_mutex_lock(&early->lock);
  for (guint i = early->layers->len; i-- > 0;) {
    EarlyLayer *layer = g_ptr_array_index(early->layers, i);
    bool wanted = layer->upload == NULL && !has_failed(layer) &&
                  flight_layer_is_queued(pipeline, &layer->layer);
    if (layer->stage == ENDED && layer->ended < before && !wanted)
      drop(early, layer);
  }
  unlock(early);
}
