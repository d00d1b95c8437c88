/* Images that are not scanned when they come: their namespaces have them scanned once a day, or by
 * hand. Each is a row that says so, and why; what is due is taken up as what is tried again
 * (backlog.c). Where an image is in several namespaces, the first that wants it scanned counts. */
#include "base/error.h"
#include "pipeline/pipeline-private.h"
#include "registry/namespaces.h"

bool
pipeline_scans_at_push(Pipeline *pipeline, const char *repository)
{
  int64_t when = 0;
  /* Where that cannot be told now, the scan of the image tells more of what is wrong. */
  return *repository == '\0' ||
         !registry_scan_time(pipeline->registry, repository, g_get_real_time(), &when, NULL) ||
         when == 0;
}

/* The first of all that have it. */
static bool
find_time(Pipeline *pipeline, const Digest *manifest, int64_t *when, char **space, GError **error)
{
  g_autoptr(GPtrArray) repositories = registry_repositories_of(pipeline->registry, manifest, error);
  *when = repositories == NULL || repositories->len == 0 ? 0 : INT64_MAX;
  for (guint i = 0; repositories != NULL && i < repositories->len && *when != 0; i++) {
    const char *repository = g_ptr_array_index(repositories, i);
    int64_t here = 0;
    if (!registry_scan_time(pipeline->registry, repository, g_get_real_time(), &here, error))
      return false;
    if (*space != NULL && here >= *when)
      continue;
    *when = here;
    g_free(*space);
    *space = namespace_of(repository);
  }
  return repositories != NULL;
}

static char *
why_in_words(const char *space, int64_t when)
{
  if (when == INT64_MAX)
    return g_strdup_printf("namespace %s has its images scanned by hand (assay image scan)", space);
  g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(when / G_USEC_PER_SEC);
  g_autofree char *words = g_date_time_format(time, "%H:%M UTC");
  return g_strdup_printf("namespace %s has its images scanned at %s, or by hand (assay image scan)",
                         space, words);
}

bool
deferred_is_due(Pipeline *pipeline, const Digest *manifest)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *space = NULL;
  int64_t when = 0;
  if (!find_time(pipeline, manifest, &when, &space, &error) || when == 0)
    return true;
  g_autofree char *why = why_in_words(space, when);
  if (!images_defer(pipeline->sql, manifest->text, when, why, &error)) {
    faults_rest(pipeline, manifest->text, error);
    return false;
  }
  if (when != INT64_MAX)
    jobs_ask_at(pipeline->jobs, &retry_job, "", when);
  pipeline_advance(pipeline);
  keeper_ask(pipeline, manifest->text);
  return false;
}
