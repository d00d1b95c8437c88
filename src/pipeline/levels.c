/* What a namespace looks for in its images. A layer is inspected once for all that there is, for
 * namespaces share layers, and what was found is kept. What a namespace does not look for is left
 * out wherever its images are judged, counted or shown. So a change counts at once, and no layer is
 * read again. */
#include <string.h>

#include "pipeline/pipeline-private.h"
#include "registry/namespaces.h"
#include "verdict/completeness.h"

static bool
without_all(Pipeline *pipeline, const Digest *manifest, FindingKinds *without, GError **error)
{
  g_autoptr(GPtrArray) repositories = registry_repositories_of(pipeline->registry, manifest, error);
  *without = repositories == NULL || repositories->len == 0 ? 0 : ~(FindingKinds)0;
  for (guint i = 0; repositories != NULL && i < repositories->len && *without != 0; i++) {
    FindingKinds here;
    if (!registry_kinds_without(pipeline->registry, g_ptr_array_index(repositories, i), &here,
                                error))
      return false;
    *without &= here;
  }
  return repositories != NULL;
}

bool
pipeline_without(Pipeline *pipeline, const char *repository, const Digest *manifest,
                 FindingKinds *without, GError **error)
{
  return repository == NULL
             ? without_all(pipeline, manifest, without, error)
             : registry_kinds_without(pipeline->registry, repository, without, error);
}

static void
leave_out_gaps(ImageSummary *summary, FindingKinds kinds)
{
  GPtrArray *kept = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GPtrArray) wanted = completeness_without(summary->gaps, kinds);
  for (guint i = 0; i < wanted->len; i++)
    g_ptr_array_add(kept, g_strdup(g_ptr_array_index(wanted, i)));
  g_ptr_array_unref(summary->gaps);
  summary->gaps = kept;
}

void
image_summary_leave_out(ImageSummary *summary, FindingKinds kinds)
{
  leave_out_gaps(summary, kinds);
  if ((kinds & FINDING_KIND_BIT(FINDING_VULNERABILITY)) != 0) {
    memset(summary->counts, 0, sizeof summary->counts);
    memset(summary->fixable, 0, sizeof summary->fixable);
    /* What is of no package is counted there, too. */
    for (int kind = 0; kind < FINDING_KINDS; kind++)
      for (int i = 0; i <= SEVERITY_CRITICAL; i++)
        summary->counts[i] += summary->observed.counts[kind][i];
  }
  for (int kind = 0; kind < FINDING_KINDS; kind++)
    for (int i = 0; i <= SEVERITY_CRITICAL && (kinds & FINDING_KIND_BIT(kind)) != 0; i++) {
      summary->counts[i] -= summary->observed.counts[kind][i];
      summary->observed.counts[kind][i] = 0;
    }
}

/* --- a change --- */

bool
pipeline_mark_without(SqlConnection *db, void *name, GError **error)
{
  g_autofree char *first = g_strconcat(name, "/", NULL), *end = g_strconcat(name, "0", NULL);
  return sql_run(db, NULL, error,
                 "UPDATE standings SET stamp = 0 WHERE repository = $1 OR "
                 "(repository > $2 AND repository < $3)",
                 SQL_TEXT(name), SQL_TEXT(first), SQL_TEXT(end), SQL_END);
}

static GPtrArray *
images_of(SqlPool *sql, const char *name, GError **error)
{
  g_autofree char *first = g_strconcat(name, "/", NULL), *end = g_strconcat(name, "0", NULL);
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(SqlRows) rows = sql_query(db, error,
                                      "SELECT manifest FROM standings WHERE repository = $1 OR "
                                      "(repository > $2 AND repository < $3)",
                                      SQL_TEXT(name), SQL_TEXT(first), SQL_TEXT(end), SQL_END);
  return sql_texts(rows, error);
}

bool
pipeline_without_changed(Pipeline *pipeline, const char *name, GError **error)
{
  g_autoptr(GPtrArray) images = images_of(pipeline->sql, name, error);
  pipeline_rejudge(pipeline);
  /* One that is being judged now may be written down once more by what was set before. */
  for (guint i = 0; images != NULL && i < images->len; i++)
    keeper_ask(pipeline, g_ptr_array_index(images, i));
  return images != NULL;
}
