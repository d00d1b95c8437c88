/* Which bills of materials are kept, in the metadata database. */
#include "pipeline/pipeline-private.h"
#include "pipeline/sboms-private.h"

void
kept_sbom_clear(KeptSbom *kept)
{
  g_free(kept->format);
  g_free(kept->referrer);
}

Found
sboms_find(SqlPool *sql, const char *repository, const char *manifest, KeptSbom *kept,
           GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return FAILED;
  g_autoptr(SqlRows) rows =
      sql_query(db, error,
                "SELECT format, detectors, referrer, CASE WHEN referrer IS NULL OR EXISTS "
                "(SELECT 1 FROM manifests WHERE manifests.repository = image_sboms.repository "
                "AND manifests.digest = image_sboms.referrer) THEN 1 ELSE 0 END "
                "FROM image_sboms WHERE repository = $1 AND manifest = $2",
                SQL_TEXT(repository), SQL_TEXT(manifest), SQL_END);
  Found found = sql_next(rows, error);
  if (found != FOUND)
    return found;
  kept->format = g_strdup(sql_rows_text(rows, 0));
  kept->detectors = (uint32_t)sql_rows_integer(rows, 1);
  kept->referrer = g_strdup(sql_rows_text(rows, 2));
  kept->current = sql_rows_integer(rows, 3) != 0;
  return FOUND;
}

bool
sboms_note(SqlPool *sql, const char *repository, const char *manifest, const KeptSbom *kept,
           GError **error)
{
  return sql_write(sql, NULL, error,
                   "INSERT INTO image_sboms (repository, manifest, format, detectors, referrer) "
                   "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (repository, manifest) DO UPDATE SET "
                   "format = excluded.format, detectors = excluded.detectors, "
                   "referrer = excluded.referrer",
                   SQL_TEXT(repository), SQL_TEXT(manifest), SQL_TEXT(kept->format),
                   SQL_INTEGER(kept->detectors), SQL_TEXT(kept->referrer), SQL_END);
}

/* Of a row: neither the image nor its bill is there. */
#define BOTH_GONE                                                                                  \
  "NOT EXISTS (SELECT 1 FROM manifests WHERE manifests.repository = image_sboms.repository "       \
  "AND (manifests.digest = image_sboms.manifest OR manifests.digest = image_sboms.referrer))"

bool
sboms_forget(SqlConnection *db, const char *manifest, GError **error)
{
  return sql_run(db, NULL, error,
                 "DELETE FROM image_sboms WHERE (manifest = $1 OR referrer = $1) AND " BOTH_GONE,
                 SQL_TEXT(manifest), SQL_END);
}

bool
sboms_sweep(SqlConnection *db, GError **error)
{
  return sql_run(db, NULL, error, "DELETE FROM image_sboms WHERE " BOTH_GONE, SQL_END);
}

/* By how the images stand, for these rows know their namespace; what has no slash in its name is
 * its own. */
GPtrArray *
sboms_due(SqlPool *sql, const char *space, SbomFormat format, const char *repository,
          const char *manifest, unsigned limit, GError **error)
{
  Found found;
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(GPtrArray) due = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(SqlRows) rows = sql_query(
      db, error,
      "SELECT standings.repository, standings.manifest FROM standings "
      "JOIN images ON images.manifest = standings.manifest "
      "LEFT JOIN image_sboms ON image_sboms.repository = standings.repository "
      "AND image_sboms.manifest = standings.manifest "
      "LEFT JOIN manifests ON manifests.repository = image_sboms.repository "
      "AND manifests.digest = image_sboms.referrer "
      "WHERE (standings.namespace = $1 OR standings.repository = $1) AND images.state = $2 "
      "AND (standings.repository > $3 OR "
      "(standings.repository = $3 AND standings.manifest > $4)) "
      "AND (image_sboms.manifest IS NULL OR image_sboms.format <> $5 "
      "OR image_sboms.detectors <> images.detectors "
      "OR (image_sboms.referrer IS NOT NULL AND manifests.digest IS NULL)) "
      "ORDER BY standings.repository, standings.manifest LIMIT $6",
      SQL_TEXT(space), SQL_INTEGER(SCAN_DONE), SQL_TEXT(repository), SQL_TEXT(manifest),
      SQL_TEXT(sbom_format_names[format]), SQL_INTEGER(limit), SQL_END);
  while ((found = sql_next(rows, error)) == FOUND) {
    g_ptr_array_add(due, g_strdup(sql_rows_text(rows, 0)));
    g_ptr_array_add(due, g_strdup(sql_rows_text(rows, 1)));
  }
  return found == FAILED ? NULL : g_steal_pointer(&due);
}
