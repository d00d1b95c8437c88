/* The job of retention; see the header. */
#include "server/retention.h"

#include "base/log.h"
#include "base/metrics.h"
#include "jobs/actor.h"
#include "registry/retention.h"

/* After a start, when those that were cut off have pulled and pushed again. */
#define FIRST_SECONDS 900

METRIC(runs,
       COUNTER_BY("assay_retention_runs_total", "Runs of retention, one a namespace, by outcome.",
                  "outcome", "done", "failed"));
METRIC(images_deleted,
       COUNTER("assay_retention_images_deleted_total", "Images that retention has deleted."));

enum { RUN_DONE, RUN_FAILED };

typedef struct {
  ServerContext *context;
  Job *job;
} Run;

static bool
cancelled(void *data)
{
  const Run *run = data;
  return job_cancelled(run->job);
}

/* A failure in one keeps nobody else's from its run. */
static bool
run_namespace(Run *run, const char *space, GError **error)
{
  const RetentionWatch watch = {cancelled, run};
  uint64_t count = 0;
  bool done = registry_retention_run(run->context->registry, space, &watch, &count, error);
  g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT, count);
  metric_add_at(&runs, done ? RUN_DONE : RUN_FAILED, 1);
  metric_add(&images_deleted, count);
  if (count > 0)
    log_info("images were deleted by retention", "namespace", space, "count", text, NULL);
  return done;
}

static bool
run_all(Run *run, GError **error)
{
  bool done = true;
  g_autoptr(GPtrArray) spaces = registry_retention_spaces(run->context->registry, error);
  for (guint i = 0; spaces != NULL && i < spaces->len && !job_cancelled(run->job); i++) {
    g_autoptr(GError) failure = NULL;
    if (run_namespace(run, g_ptr_array_index(spaces, i), &failure))
      continue;
    if (done)
      g_propagate_error(error, g_steal_pointer(&failure));
    done = false;
  }
  return spaces != NULL && done;
}

static JobOutcome
run(Job *job, void *room, GError **error)
{
  Run run = {room, job};
  const Actor actor = {.kind = "system", .name = "retention"};
  actor_set(&actor);
  bool done =
      *job_key(job) == '\0' ? run_all(&run, error) : run_namespace(&run, job_key(job), error);
  actor_set(NULL);
  return done ? JOB_DONE : JOB_FAILED;
}

static uint32_t
interval(const void *room)
{
  const ServerContext *context = room;
  return context->config->registry.retention;
}

static const JobKind retention_job = {
    .kind = RETENTION_JOB, .at_once = 1, .first = FIRST_SECONDS, .every = interval, .run = run};

void
retention_add(ServerContext *context)
{
  static const JobKind *const kinds[] = {&retention_job, NULL};
  if (!context->read_only)
    jobs_add(context->jobs, kinds, context);
}

void
retention_run_soon(ServerContext *context, const char *space)
{
  jobs_ask(context->jobs, &retention_job, space);
}
