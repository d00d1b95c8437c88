/* The job of collection; see the header. */
#include "server/collection.h"

#include "base/json.h"
#include "base/log.h"
#include "base/metrics.h"
#include "jobs/event.h"

/* After a start, when clients that were cut off have come back. */
#define FIRST_SECONDS 600

METRIC(runs, COUNTER_BY("assay_gc_runs_total", "Collections, by outcome.", "outcome", "done",
                        "failed", "cancelled"));
METRIC(blobs_removed, COUNTER("assay_gc_blobs_removed_total",
                              "Blobs that nobody needed any more and that were removed."));
METRIC(bytes_freed, COUNTER("assay_gc_bytes_freed_total", "What they held."));
METRIC(files_failed,
       COUNTER("assay_gc_failures_total", "Files of them that could not be removed at once."));
METRIC(waiting_bytes, GAUGE("assay_gc_waiting_bytes",
                            "Bytes that nobody needs, within the grace at the last collection."));
METRIC(last_success, GAUGE("assay_gc_last_success_timestamp_seconds",
                           "When the last collection that was done ended; 0: none yet."));

enum { RUN_DONE, RUN_FAILED, RUN_CANCELLED };

struct Collection {
  ServerContext *context;
  GMutex lock; /* guards the rest */
  uint64_t asked;
  bool by_hand; /* the next run is one that was asked for, by `how` */
  CollectAsked how;
  CollectionRun running, last;
};

/* --- a run --- */

typedef struct {
  Collection *collection;
  Job *job;
} Step;

static bool
step(const Collected *so_far, uint64_t done, uint64_t total, void *data)
{
  const Step *step = data;
  Collection *collection = step->collection;
  job_progress(step->job, done, total);
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&collection->lock);
  collection->running.collected = *so_far;
  collection->running.done = done;
  collection->running.total = total;
  return !job_cancelled(step->job);
}

static CollectAsked
begin(Collection *collection)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&collection->lock);
  CollectAsked how = {collection->context->config->registry.gc.grace, false};
  if (collection->by_hand)
    how = collection->how;
  collection->by_hand = false;
  collection->running =
      (CollectionRun){.run = collection->asked, .begun = g_get_real_time(), .grace = how.grace};
  return how;
}

static void
end(Collection *collection, const Collected *collected, const char *error)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&collection->lock);
  g_free(collection->last.error);
  collection->last = collection->running;
  collection->last.collected = *collected;
  collection->last.ended = g_get_real_time();
  collection->last.error = g_strdup(error);
  collection->running = (CollectionRun){.run = 0};
}

static void
count(const Collected *collected, int outcome)
{
  metric_add_at(&runs, (unsigned)outcome, 1);
  metric_add(&blobs_removed, collected->blobs);
  metric_add(&bytes_freed, collected->bytes);
  metric_add(&files_failed, collected->failed);
  metric_set(&waiting_bytes, (double)collected->waiting_bytes);
  if (outcome == RUN_DONE)
    metric_set(&last_success, (double)(g_get_real_time() / G_USEC_PER_SEC));
}

static void
tell_log(const Collected *collected)
{
  g_autofree char *blobs = g_strdup_printf("%" G_GUINT64_FORMAT, collected->blobs),
                  *bytes = g_strdup_printf("%" G_GUINT64_FORMAT, collected->bytes);
  if (collected->blobs > 0)
    log_info("what nobody needs was collected", "blobs", blobs, "bytes", bytes, NULL);
}

static bool
tell_event(SqlConnection *db, void *data, GError **error)
{
  const Collected *collected = data;
  g_autoptr(json_t) object = json_object();
  json_set_number(object, "blobs", collected->blobs);
  json_set_number(object, "bytes", collected->bytes);
  return event_tell(db, "registry.collected", "registry", object, error);
}

/* What is known of layers that are gone goes with them, whoever removed them. */
static bool
collect(Step *at, const CollectAsked *how, Collected *collected, GError **error)
{
  ServerContext *context = at->collection->context;
  const CollectWatch watch = {step, at};
  return registry_collect(context->registry, how, &watch, collected, error) &&
         pipeline_forget_lost_layers(context->pipeline, job_cancellable(at->job), error) &&
         (collected->blobs == 0 || sql_transact(context->sql, tell_event, collected, error));
}

static JobOutcome
run(Job *job, void *room, GError **error)
{
  Collection *collection = room;
  g_autoptr(GError) failure = NULL;
  Step at = {collection, job};
  Collected collected = {0};
  const CollectAsked how = begin(collection);
  bool whole = collect(&at, &how, &collected, &failure);
  bool cancelled = !whole && failure == NULL;
  tell_log(&collected);
  count(&collected, whole ? RUN_DONE : cancelled ? RUN_CANCELLED : RUN_FAILED);
  end(collection, &collected, whole ? NULL : cancelled ? "it was cancelled" : failure->message);
  if (failure == NULL)
    return JOB_DONE;
  g_propagate_prefixed_error(error, g_steal_pointer(&failure),
                             "collection ended early, and continues at its next run: ");
  return JOB_FAILED;
}

static uint32_t
interval(const void *room)
{
  const Collection *collection = room;
  return collection->context->config->registry.gc.interval;
}

static const JobKind gc_job = {
    .kind = COLLECTION_JOB, .at_once = 1, .first = FIRST_SECONDS, .every = interval, .run = run};

Collection *
collection_new(ServerContext *context)
{
  static const JobKind *const kinds[] = {&gc_job, NULL};
  Collection *collection = g_new0(Collection, 1);
  collection->context = context;
  g_mutex_init(&collection->lock);
  if (!context->read_only)
    jobs_add(context->jobs, kinds, collection);
  return collection;
}

void
collection_free(Collection *collection)
{
  if (collection == NULL)
    return;
  g_mutex_clear(&collection->lock);
  g_free(collection->last.error);
  g_free(collection);
}

uint64_t
collection_ask(Collection *collection, const CollectAsked *how)
{
  g_mutex_lock(&collection->lock);
  uint64_t number = ++collection->asked;
  /* Of two that ask before it begins, both get what they asked for. */
  if (!collection->by_hand)
    collection->how = *how;
  collection->how.grace = MIN(collection->how.grace, how->grace);
  collection->how.forget_deleted |= how->forget_deleted;
  collection->by_hand = true;
  g_mutex_unlock(&collection->lock);
  jobs_ask(collection->context->jobs, &gc_job, "");
  return number;
}

void
collection_status(Collection *collection, CollectionStatus *status)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&collection->lock);
  *status = (CollectionStatus){collection->running, collection->last};
  status->last.error = g_strdup(status->last.error);
}

void
collection_status_clear(CollectionStatus *status)
{
  g_clear_pointer(&status->last.error, g_free);
}
