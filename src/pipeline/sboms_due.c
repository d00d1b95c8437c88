/* The job that keeps bills of materials beside images: of one image after its verdict, and of all
 * that lack theirs, at the start, when a namespace asks for them, and once an hour. */
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "pipeline/pipeline-private.h"
#include "pipeline/sboms-private.h"
#include "registry/namespaces.h"

/* Between two looks for whoever waits meanwhile. */
#define KEPT_AT_ONCE 20u

/* A cancelled sweep begins where it was. */
typedef struct {
  Pipeline *pipeline;
  Job *job;
} Sweep;

static bool
is_passing(const GError *failure)
{
  return failure->domain != REGISTRY_ERROR && fault_kind(failure) == FAULT_PASSING;
}

/* --- one image --- */

static bool
keep_in(Pipeline *pipeline, const char *repository, const char *manifest, GError **error)
{
  g_autofree char *name = namespace_of(repository);
  g_autoptr(Namespace) space = registry_namespace_or_none(pipeline->registry, name, error);
  return space != NULL && (space->sbom == SBOM_NONE ||
                           sboms_keep(pipeline, repository, manifest, space->sbom, error));
}

/* A full namespace keeps no other from having it. */
static JobOutcome
keep_image(Pipeline *pipeline, const char *manifest, GError **error)
{
  Digest digest;
  g_autoptr(GError) failure = NULL;
  if (!digest_parse(manifest, &digest, error))
    return JOB_FAILED;
  g_autoptr(GPtrArray) repositories = registry_repositories_of(pipeline->registry, &digest, error);
  if (repositories == NULL)
    return JOB_AGAIN;
  for (guint i = 0; i < repositories->len; i++) {
    g_autoptr(GError) one = NULL;
    if (!keep_in(pipeline, g_ptr_array_index(repositories, i), manifest, &one) && failure == NULL)
      failure = g_steal_pointer(&one);
  }
  if (failure == NULL)
    return JOB_DONE;
  bool again = is_passing(failure);
  g_propagate_prefixed_error(error, g_steal_pointer(&failure),
                             "the bill of materials of %s cannot be kept: ", manifest);
  return again ? JOB_AGAIN : JOB_FAILED;
}

/* --- all that lack theirs --- */

static void
set_place(SbomPlace *place, const char *space, const char *repository, const char *manifest)
{
  SbomPlace next = {g_strdup(space), g_strdup(repository), g_strdup(manifest)};
  g_free(place->space);
  g_free(place->repository);
  g_free(place->manifest);
  *place = next;
}

/* The namespace that the place is in, or the next one that asks. (transfer full); NULL without
 * *error: there is none any more. */
static Namespace *
next_space(const Sweep *sweep, GError **error)
{
  SbomPlace *place = &sweep->pipeline->sboms;
  Registry *registry = sweep->pipeline->registry;
  if (place->repository != NULL)
    return registry_namespace_or_none(registry, place->space, error);
  for (bool more = true; more && !job_cancelled(sweep->job);) {
    g_autoptr(GPtrArray) next = registry_namespaces(registry, place->space, 1, &more, error);
    if (next == NULL || next->len == 0)
      return NULL;
    Namespace *space = g_ptr_array_index(next, 0);
    set_place(place, space->name, NULL, NULL);
    if (space->sbom != SBOM_NONE)
      return g_ptr_array_steal_index(next, 0);
  }
  return NULL;
}

static bool
keep_some(const Sweep *sweep, const Namespace *space, bool *more, GError **error)
{
  SbomPlace *place = &sweep->pipeline->sboms;
  const char *repository = place->repository != NULL ? place->repository : "";
  const char *manifest = place->manifest != NULL ? place->manifest : "";
  g_autoptr(GPtrArray) due = space->sbom == SBOM_NONE
                                 ? g_ptr_array_new_with_free_func(g_free)
                                 : sboms_due(sweep->pipeline->sql, space->name, space->sbom,
                                             repository, manifest, KEPT_AT_ONCE, error);
  if (due == NULL)
    return false;
  *more = due->len == 2 * KEPT_AT_ONCE;
  for (guint i = 0; i < due->len && !job_cancelled(sweep->job); i += 2) {
    g_autoptr(GError) failure = NULL;
    const char *of = g_ptr_array_index(due, i), *image = g_ptr_array_index(due, i + 1);
    if (!sboms_keep(sweep->pipeline, of, image, space->sbom, &failure))
      log_warning("the bill of materials of an image cannot be kept; it is tried again within an "
                  "hour",
                  "repository", of, "digest", image, "error", failure->message, NULL);
    set_place(place, space->name, of, image);
  }
  if (!*more)
    set_place(place, space->name, NULL, NULL);
  return true;
}

/* Some of them: who was pushed meanwhile comes before the others. */
static JobOutcome
keep_due(Pipeline *pipeline, Job *job, GError **error)
{
  g_autoptr(GError) failure = NULL;
  const Sweep sweep = {pipeline, job};
  bool more = false;
  for (;;) {
    g_autoptr(Namespace) space = next_space(&sweep, &failure);
    if (job_cancelled(job))
      return JOB_AGAIN;
    if (space == NULL || !keep_some(&sweep, space, &more, &failure))
      break;
    if (more)
      return JOB_AGAIN;
  }
  set_place(&pipeline->sboms, NULL, NULL, NULL);
  if (failure == NULL)
    return JOB_DONE;
  g_propagate_error(error, g_steal_pointer(&failure));
  return JOB_AGAIN;
}

static JobOutcome
keep_sboms(Job *job, void *room, GError **error)
{
  const char *manifest = job_key(job);
  return *manifest == '\0' ? keep_due(room, job, error) : keep_image(room, manifest, error);
}

static uint32_t
every_hour(const void *room)
{
  return 3600;
}

const JobKind sbom_job = {.kind = "keep-sboms",
                          .at_once = 1,
                          .attempts = 20,
                          .back_off = 5,
                          .every = every_hour,
                          .run = keep_sboms};

void
pipeline_keep_sboms(Pipeline *pipeline)
{
  jobs_ask(pipeline->jobs, &sbom_job, "");
}
