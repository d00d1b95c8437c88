/* Which images are to be judged again, which standings go, and the sums of a day. */
#include "pipeline/pipeline-private.h"

#include "base/calendar.h"

/* What changed is told so long. */
#define CHANGES_KEPT ((int64_t)90 * 86400 * G_USEC_PER_SEC)

/* --- which --- */

GPtrArray *
standings_missing(SqlPool *sql, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(SqlRows) rows =
      sql_query(db, error,
                "SELECT images.manifest FROM images JOIN manifests ON manifests.digest = "
                "images.manifest WHERE images.state <> $1 AND NOT EXISTS (SELECT 1 FROM standings "
                "WHERE standings.repository = manifests.repository AND standings.manifest = "
                "manifests.digest)",
                SQL_INTEGER(SCAN_NOT_APPLICABLE), SQL_END);
  return sql_texts(rows, error);
}

GPtrArray *
standings_stale(SqlPool *sql, const Rules *rules, const char *last, unsigned limit, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(SqlRows) rows =
      sql_query(db, error,
                "SELECT DISTINCT manifest FROM standings WHERE manifest > $1 AND stamp + 0 <> $2 "
                "ORDER BY manifest LIMIT $3",
                SQL_TEXT(last), SQL_INTEGER(rules->stamp), SQL_INTEGER(limit), SQL_END);
  return sql_texts(rows, error);
}

GPtrArray *
standings_expired(SqlPool *sql, int64_t now, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(SqlRows) rows =
      sql_query(db, error, "SELECT manifest FROM standings WHERE expires > 0 AND expires <= $1",
                SQL_INTEGER(now), SQL_END);
  return sql_texts(rows, error);
}

bool
standings_forget(SqlConnection *db, const char *manifest, GError **error)
{
  return sql_run(db, NULL, error,
                 "DELETE FROM standings WHERE manifest = $1 AND NOT EXISTS (SELECT 1 FROM "
                 "manifests WHERE manifests.repository = standings.repository AND "
                 "manifests.digest = standings.manifest)",
                 SQL_TEXT(manifest), SQL_END);
}

bool
standings_sweep(SqlConnection *db, GError **error)
{
  return sql_run(db, NULL, error,
                 "DELETE FROM standings WHERE NOT EXISTS (SELECT 1 FROM manifests WHERE "
                 "manifests.repository = standings.repository AND "
                 "manifests.digest = standings.manifest)",
                 SQL_END);
}

/* --- by day --- */

static bool
count_day(SqlConnection *db, void *data, GError **error)
{
  g_autofree char *day = calendar_today();
  return sql_run(db, NULL, error, "DELETE FROM day_counts WHERE day = $1", SQL_TEXT(day),
                 SQL_END) &&
         sql_run(db, NULL, error,
                 "INSERT INTO day_counts (day, namespace, images, allowed, warned, refused, "
                 "unscanned, unknown, negligible, low, medium, high, critical, fixable) "
                 "SELECT $1, namespace, count(*), sum(CASE WHEN gate = 0 THEN 1 ELSE 0 END), "
                 "sum(CASE WHEN gate = 1 THEN 1 ELSE 0 END), "
                 "sum(CASE WHEN gate = 2 THEN 1 ELSE 0 END), sum(unscanned), sum(unknown), "
                 "sum(negligible), sum(low), sum(medium), sum(high), sum(critical), "
                 "sum(fixable_unknown + fixable_negligible + fixable_low + fixable_medium + "
                 "fixable_high + fixable_critical) FROM standings GROUP BY namespace",
                 SQL_TEXT(day), SQL_END) &&
         sql_run(db, NULL, error, "DELETE FROM standing_changes WHERE id < $1",
                 SQL_INTEGER(g_get_real_time() - CHANGES_KEPT), SQL_END);
}

bool
standings_count_day(SqlPool *sql, GError **error)
{
  return sql_transact_later(sql, count_day, NULL, error);
}
