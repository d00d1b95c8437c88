/* Deferred images (deferred.c) that are to be scanned all the same: somebody asks for it, or their
 * namespaces say otherwise now. */
#include "base/error.h"
#include "pipeline/pipeline-private.h"

#define AT_ONCE 100u

static bool
begin_scan(Pipeline *pipeline, const char *manifest, bool by_hand, GError **error)
{
  if (!(by_hand ? images_ask(pipeline->sql, manifest, error)
                : images_set_state(pipeline->sql, manifest, SCAN_PENDING, error)))
    return false;
  pipeline_advance(pipeline);
  pipeline_take_up_image(pipeline, manifest, true);
  return true;
}

bool
pipeline_scan_now(Pipeline *pipeline, const Digest *manifest, ScanState *state, GError **error)
{
  g_autofree char *other = NULL;
  if (!pipeline_image_exists(pipeline, manifest, &other, error))
    return false;
  if (other != NULL)
    return error_set(error, ASSAY_ERROR_INVALID,
                     "it is no image but %s; have the images in it scanned, if there are any",
                     other);
  g_autoptr(ImageSummary) summary = pipeline_image_summary(pipeline, manifest, error);
  if (summary == NULL)
    return false;
  *state = summary->state;
  if (summary->state == SCAN_DONE || summary->state == SCAN_PENDING || pipeline_is_idle(pipeline))
    return true;
  *state = SCAN_PENDING;
  return begin_scan(pipeline, manifest->text, true, error);
}

/* --- when the settings change --- */

static bool
look_again(Pipeline *pipeline, const char *text, GError **error)
{
  Digest manifest;
  return digest_parse(text, &manifest, error) &&
         (!deferred_is_due(pipeline, &manifest) || begin_scan(pipeline, text, false, error));
}

static JobOutcome
look_at_deferred(Job *job, void *room, GError **error)
{
  Pipeline *pipeline = room;
  const char *name = *job_key(job) == '\0' ? NULL : job_key(job);
  g_autofree char *last = g_strdup("");
  for (guint found = AT_ONCE; found == AT_ONCE;) {
    g_autoptr(GPtrArray) page = images_deferred(pipeline->sql, name, last, AT_ONCE, error);
    if (page == NULL)
      return JOB_AGAIN;
    found = page->len;
    for (guint i = 0; i < found; i++)
      if (job_cancelled(job) || !look_again(pipeline, g_ptr_array_index(page, i), error))
        return JOB_AGAIN;
    g_free(last);
    last = g_strdup(found > 0 ? g_ptr_array_index(page, found - 1) : "");
  }
  return JOB_DONE;
}

/* Also for what was moved to another namespace. */
static uint32_t
every_hour(const void *room)
{
  return 3600;
}

const JobKind deferred_job = {.kind = "deferred",
                              .at_once = 1,
                              .attempts = 20,
                              .back_off = 10,
                              .every = every_hour,
                              .run = look_at_deferred};

void
pipeline_scan_time_changed(Pipeline *pipeline, const char *name)
{
  jobs_ask(pipeline->jobs, &deferred_job, name);
}
