/* After a change of the detectors, or of the rules that they look by (fingerprint.h): stored images
 * are inspected again in the background, one after the other, those first that are used, while what
 * the older detectors found stays in force. An image whose layers the newer ones fail at keeps it
 * too, and is looked at again at the next start; what fails for another reason (a full disk, no
 * memory) is tried again sooner. */
#include "base/error.h"
#include "base/log.h"
#include "pipeline/pipeline-private.h"

/* Clients that waited for the start come first. */
#define BEGIN_AFTER ((int64_t)3 * G_USEC_PER_SEC)
/* For pushes, before each image. */
#define WAIT_STEP ((int64_t)100 * 1000)
#define WAIT_MOST ((int64_t)10 * G_USEC_PER_SEC)
/* Verdicts that are remembered are dropped so often, all of them: a scan may have changed one. */
#define REJUDGE_AFTER ((int64_t)5 * G_USEC_PER_SEC)

typedef struct {
  Pipeline *pipeline;
  Job *job;
  int64_t rejudged; /* when, by g_get_monotonic_time() */
  unsigned renewed, left;
  bool told;  /* verdicts have other warnings than before */
  bool again; /* one failed for a reason that may pass */
} Renewal;

/* The overlay tells of those that fail: some may be no layers. */
static bool
inspect_layers(const Renewal *renewal, const Manifest *manifest, GError **error)
{
  for (guint i = 0; i < manifest->layers->len; i++) {
    const Descriptor *layer = g_ptr_array_index(manifest->layers, i);
    int64_t retry_at = 0;
    g_autoptr(GError) failure = NULL;
    LayerOutcome outcome = pipeline_inspect_layer(
        renewal->pipeline, &layer->digest, job_cancellable(renewal->job), &retry_at, &failure);
    if (outcome == LAYER_POSTPONED) {
      g_propagate_error(error, g_steal_pointer(&failure));
      return false;
    }
  }
  return true;
}

static bool
inspect_image(const Renewal *renewal, const char *text, GError **error)
{
  Digest digest;
  Pipeline *pipeline = renewal->pipeline;
  g_autoptr(Manifest) manifest = images_load_manifest(pipeline->sql, text, error);
  return manifest != NULL && digest_parse(text, &digest, error) &&
         inspect_layers(renewal, manifest, error) &&
         pipeline_scan_stored_image(pipeline, &digest, job_cancellable(renewal->job), error);
}

/* What the gate warns of, until the image was inspected. */
static void
note_failure(Renewal *renewal, const char *manifest, const char *why, bool passing)
{
  g_autoptr(GError) error = NULL;
  bool noted = false;
  g_autofree char *text =
      g_strdup_printf("%s; %s", why,
                      passing ? "it will be tried again"
                              : "push the image again, built anew, or start the server again, "
                                "which has it tried once more");
  if (!images_note_renewal(renewal->pipeline->sql, manifest, text, &noted, &error))
    log_warning("why an image could not be inspected again cannot be noted", "digest", manifest,
                "error", error->message, NULL);
  renewal->told |= noted;
}

static void
renew_image(Renewal *renewal, const char *manifest)
{
  g_autoptr(GError) error = NULL;
  if (inspect_image(renewal, manifest, &error)) {
    renewal->renewed++;
    return;
  }
  if (job_cancelled(renewal->job))
    return;
  bool passing = fault_kind(error) == FAULT_PASSING;
  renewal->left++;
  renewal->again |= passing;
  note_failure(renewal, manifest, error->message, passing);
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

bool
renewal_give_way(Pipeline *pipeline, Job *job)
{
  Jobs *jobs = pipeline->jobs;
  int64_t end = g_get_monotonic_time() + WAIT_MOST;
  while (jobs_count(jobs, &inspect_job) + jobs_count(jobs, &scan_job) > 0 &&
         g_get_monotonic_time() < end)
    if (!job_sleep(job, g_get_monotonic_time() + WAIT_STEP))
      return false;
  return !job_cancelled(job);
}

/* All images that are of older detectors, by their use. False: the job was cancelled, or *error. */
static bool
walk_images(Renewal *renewal, GError **error)
{
  Pipeline *pipeline = renewal->pipeline;
  g_autoptr(GArray) images = images_of_older_detectors(pipeline->sql, error);
  for (guint i = 0; images != NULL && i < images->len; i++) {
    g_autofree char *manifest = NULL;
    __atomic_store_n(&pipeline->older, images->len - i + renewal->left, __ATOMIC_RELAXED);
    job_progress(renewal->job, i, images->len);
    if (!renewal_give_way(pipeline, renewal->job))
      return false;
    Found found =
        images_older_manifest(pipeline->sql, g_array_index(images, int64_t, i), &manifest, error);
    if (found == FAILED)
      return false;
    if (found == FOUND)
      renew_image(renewal, manifest);
    if (renewal->renewed > 0 || renewal->told)
      rejudge_at_times(renewal, false);
  }
  if (images != NULL)
    __atomic_store_n(&pipeline->older, renewal->left, __ATOMIC_RELAXED);
  return images != NULL;
}

bool
renewal_count(Pipeline *pipeline, GError **error)
{
  g_autoptr(GArray) images = images_of_older_detectors(pipeline->sql, error);
  if (images != NULL)
    __atomic_store_n(&pipeline->older, images->len, __ATOMIC_RELAXED);
  return images != NULL;
}

static void
end_walk(const Renewal *renewal, GError **error)
{
  if (renewal->left > 0 || !images_drop_older_inventories(renewal->pipeline->sql, error))
    return;
  if (renewal->renewed > 0)
    log_info("all stored images were inspected by the present detectors", NULL);
}

static JobOutcome
renew(Job *job, void *room, GError **error)
{
  Renewal renewal = {.pipeline = room, .job = job};
  g_autoptr(GError) failure = NULL;
  bool walked = walk_images(&renewal, &failure);
  /* A walk that was cancelled half-way, too: what it changed stays. */
  if (renewal.renewed > 0 || renewal.told)
    rejudge_at_times(&renewal, true);
  if (walked)
    end_walk(&renewal, &failure);
  if (failure == NULL && renewal.again)
    error_set(&failure, ASSAY_ERROR_BUSY,
              "%u images could not be inspected by the newer detectors yet", renewal.left);
  if (failure == NULL)
    return JOB_DONE;
  g_propagate_error(error, g_steal_pointer(&failure));
  return JOB_AGAIN;
}

const JobKind renew_job = {.kind = "renew", .at_once = 1, .back_off = 60, .run = renew};

void
pipeline_renew(Pipeline *pipeline)
{
  g_autoptr(GError) error = NULL;
  if (pipeline_is_idle(pipeline))
    return;
  if (!renewal_count(pipeline, &error))
    log_warning("images of former rules cannot be counted", "error", error->message, NULL);
  renewal_begin(pipeline);
}

void
renewal_begin(Pipeline *pipeline)
{
  jobs_ask_at(pipeline->jobs, &renew_job, "", g_get_real_time() + BEGIN_AFTER);
}
