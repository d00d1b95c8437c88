/* After a change of the detectors: stored images are inspected again in the background, one after
 * the other, while what the older detectors found stays in force. An image whose layers the newer
 * ones fail at keeps it too, and is looked at again at the next start; what fails for another
 * reason (a full disk, no memory) is tried again sooner. */
#include "base/error.h"
#include "base/log.h"
#include "pipeline/pipeline-private.h"

/* Clients that waited for the start come first. */
#define BEGIN_AFTER ((int64_t)3 * G_USEC_PER_SEC)
#define TRY_AGAIN   ((int64_t)60 * G_USEC_PER_SEC)
#define PAGE        100u
/* Verdicts that are remembered are dropped so often, all of them: a scan may have changed one. */
#define REJUDGE_AFTER ((int64_t)5 * G_USEC_PER_SEC)

typedef struct {
  Pipeline *pipeline;
  int64_t rejudged; /* when, by g_get_monotonic_time() */
  unsigned renewed, left;
  bool again; /* one failed for a reason that may pass */
} Renewal;

/* False when the pipeline stops. */
static bool
wait_for(Pipeline *pipeline, int64_t time)
{
  int64_t end = g_get_monotonic_time() + time;
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->lock);
  while (!pipeline->draining && g_get_monotonic_time() < end)
    g_cond_wait_until(&pipeline->renew, &pipeline->lock, end);
  return !pipeline->draining;
}

/* The overlay tells of those that fail: some may be no layers. */
static bool
inspect_layers(Pipeline *pipeline, const Manifest *manifest, GError **error)
{
  for (guint i = 0; i < manifest->layers->len; i++) {
    const Descriptor *layer = g_ptr_array_index(manifest->layers, i);
    int64_t retry_at = 0;
    g_autoptr(GError) failure = NULL;
    LayerOutcome outcome = pipeline_inspect_layer(pipeline, &layer->digest, &retry_at, &failure);
    if (outcome == LAYER_POSTPONED) {
      g_propagate_error(error, g_steal_pointer(&failure));
      return false;
    }
  }
  return true;
}

static bool
inspect_image(Pipeline *pipeline, const char *text, GError **error)
{
  Digest digest;
  g_autoptr(Manifest) manifest = images_load_manifest(pipeline->sql, text, error);
  return manifest != NULL && digest_parse(text, &digest, error) &&
         inspect_layers(pipeline, manifest, error) &&
         pipeline_scan_stored_image(pipeline, &digest, error);
}

static void
renew_image(Renewal *renewal, const char *manifest)
{
  g_autoptr(GError) error = NULL;
  if (inspect_image(renewal->pipeline, manifest, &error)) {
    renewal->renewed++;
    return;
  }
  if (g_cancellable_is_cancelled(renewal->pipeline->stop))
    return;
  bool passing = fault_kind(error) == FAULT_PASSING;
  renewal->left++;
  renewal->again |= passing;
  log_warning(passing ? "an image could not be inspected by the newer detectors; it will be tried "
                        "again, and what the older ones found is in force"
                      : "an image could not be inspected by the newer detectors; what the older "
                        "ones found is in force",
              "digest", manifest, "error", error->message, NULL);
}

static void
rejudge_at_times(Renewal *renewal, bool at_once)
{
  int64_t now = g_get_monotonic_time();
  if (!at_once && now < renewal->rejudged + REJUDGE_AFTER)
    return;
  renewal->rejudged = now;
  pipeline_rejudge(renewal->pipeline);
}

/* All images that are of older detectors. False: the pipeline stops, or *error. */
static bool
walk_images(Renewal *renewal, GError **error)
{
  g_autofree char *last = g_strdup("");
  for (guint found = PAGE; found == PAGE;) {
    g_autoptr(GPtrArray) page =
        images_of_older_detectors(renewal->pipeline->sql, last, PAGE, error);
    if (page == NULL)
      return false;
    found = page->len;
    for (guint i = 0; i < found; i++) {
      if (!wait_for(renewal->pipeline, 0))
        return false;
      renew_image(renewal, g_ptr_array_index(page, i));
      rejudge_at_times(renewal, false);
    }
    if (found > 0) {
      g_free(last);
      last = g_strdup(g_ptr_array_index(page, found - 1));
    }
  }
  return true;
}

static void
end_walk(Renewal *renewal, GError **error)
{
  if (renewal->renewed > 0)
    rejudge_at_times(renewal, true);
  if (renewal->left > 0 || !images_drop_older_inventories(renewal->pipeline->sql, error))
    return;
  if (renewal->renewed > 0)
    log_info("all stored images were inspected by the present detectors", NULL);
}

static void *
renew(void *data)
{
  Renewal renewal = {.pipeline = data, .again = true};
  int64_t pause = BEGIN_AFTER;
  while (renewal.again && wait_for(renewal.pipeline, pause)) {
    g_autoptr(GError) error = NULL;
    renewal.left = 0;
    renewal.again = false;
    pause = TRY_AGAIN;
    if (walk_images(&renewal, &error))
      end_walk(&renewal, &error);
    if (error == NULL)
      continue;
    log_error("images of older detectors cannot be looked up", "error", error->message, NULL);
    renewal.again = true;
  }
  return NULL;
}

void
renewal_start(Pipeline *pipeline)
{
  pipeline->renewer = g_thread_new("renewal", renew, pipeline);
}

void
renewal_end(Pipeline *pipeline)
{
  if (pipeline->renewer == NULL)
    return;
  g_mutex_lock(&pipeline->lock);
  pipeline->draining = true;
  g_cond_signal(&pipeline->renew);
  g_mutex_unlock(&pipeline->lock);
  g_thread_join(pipeline->renewer);
  pipeline->renewer = NULL;
}
