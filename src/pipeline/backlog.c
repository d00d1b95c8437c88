/* What waits in the database: left there by a stop, a crash or a flood of pushes, or for another
 * try after a fault that may have passed. Taken up at the start, when there is room, and
 * when the next try is due. */
#include "base/error.h"
#include "base/log.h"
#include "pipeline/pipeline-private.h"

/* While others take up, or there is no room. */
#define LOOK_AGAIN ((int64_t)1 * G_USEC_PER_SEC)

static bool
begin_taking_up(Pipeline *pipeline)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->scans.lock);
  if (!pipeline->scans.backlog || pipeline->scans.taking_up || jobs_are_stopping(pipeline->jobs) ||
      g_get_real_time() < pipeline->scans.rest_until ||
      g_hash_table_size(pipeline->scans.in_flight) > IN_FLIGHT_MAX / 2)
    return false;
  pipeline->scans.taking_up = true;
  pipeline->scans.backlog = false;
  return true;
}

static void
take_up(Pipeline *pipeline)
{
  /* As many as are in flight may be among them. */
  const unsigned limit = 2 * IN_FLIGHT_MAX;
  g_autoptr(GError) error = NULL;
  if (!begin_taking_up(pipeline))
    return;
  g_autoptr(GPtrArray) pending = images_pending(pipeline->sql, limit, &error);
  for (guint i = 0; pending != NULL && i < pending->len; i++)
    pipeline_take_up_image(pipeline, g_ptr_array_index(pending, i), false);
  if (pending == NULL)
    log_error("images that wait for their scan cannot be read", "error", error->message, NULL);
  g_mutex_lock(&pipeline->scans.lock);
  pipeline->scans.taking_up = false;
  pipeline->scans.backlog = pipeline->scans.backlog || pending == NULL || pending->len == limit;
  g_mutex_unlock(&pipeline->scans.lock);
}

static JobOutcome
take_up_waiting(Job *job, void *room, GError **error)
{
  take_up(room);
  return JOB_DONE;
}

const JobKind take_up_job = {.kind = "take-up", .at_once = 1, .run = take_up_waiting};

/* A crash may fall between a manifest and the note that its image waits; a full disk, too. */
static bool
take_up_unknown(Pipeline *pipeline, GError **error)
{
  g_autoptr(GPtrArray) unknown = images_unknown(pipeline->sql, error);
  for (guint i = 0; unknown != NULL && i < unknown->len; i++) {
    const char *text = g_ptr_array_index(unknown, i);
    Digest digest;
    g_autoptr(Manifest) manifest = images_load_manifest(pipeline->sql, text, NULL);
    if (manifest != NULL && digest_parse(text, &digest, NULL))
      pipeline_manifest_arrived(pipeline, "", &digest, manifest);
  }
  return unknown != NULL;
}

static JobOutcome
catch_up(Job *job, void *room, GError **error)
{
  Pipeline *pipeline = room;
  take_up(pipeline);
  if (!take_up_unknown(pipeline, error) || !images_sweep(pipeline->sql, error))
    return JOB_AGAIN;
  /* A pull that came first was judged by what is gone. */
  pipeline_rejudge(pipeline);
  return JOB_DONE;
}

const JobKind catch_up_job = {
    .kind = "catch-up", .at_once = 1, .attempts = 20, .back_off = 10, .run = catch_up};

/* --- another try --- */

static bool
take_unlisted(Pipeline *pipeline)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->scans.lock);
  bool unlisted = pipeline->scans.unlisted && g_get_real_time() >= pipeline->scans.rest_until;
  pipeline->scans.unlisted = pipeline->scans.unlisted && !unlisted;
  return unlisted;
}

static void
set_backlog(Pipeline *pipeline)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->scans.lock);
  pipeline->scans.backlog = true;
}

static bool
has_backlog(Pipeline *pipeline)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->scans.lock);
  return pipeline->scans.backlog;
}

/* Asks for itself, for when the next try is due. */
static JobOutcome
try_again(Job *job, void *room, GError **error)
{
  Pipeline *pipeline = room;
  g_autoptr(GError) failure = NULL;
  int64_t begun = g_get_real_time(), next = G_MAXINT64;
  set_backlog(pipeline);
  take_up(pipeline);
  if ((take_unlisted(pipeline) && !take_up_unknown(pipeline, &failure)) ||
      !faults_next_retry(pipeline->sql, begun, &next, &failure))
    faults_rest(pipeline, NULL, failure);
  else
    next = has_backlog(pipeline) ? g_get_real_time() + LOOK_AGAIN : next;
  if (failure == NULL && next != G_MAXINT64)
    jobs_ask_at(pipeline->jobs, &retry_job, "", next);
  return JOB_DONE;
}

const JobKind retry_job = {.kind = "retry", .at_once = 1, .run = try_again};

void
backlog_begin(Pipeline *pipeline)
{
  g_autoptr(GError) error = NULL;
  /* Whatever it was may be over: a start is when people have repaired something. */
  if (!faults_retry_all(pipeline->sql, &error))
    log_error("scans that failed are tried again later", "error", error->message, NULL);
  jobs_ask(pipeline->jobs, &catch_up_job, "");
  jobs_ask(pipeline->jobs, &retry_job, "");
}
