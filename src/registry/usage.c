/* What a namespace holds: the row of it, and counting it anew; see quota.c. */
#include "registry/namespaces.h"
#include "registry/registry-private.h"

/* Of all repositories of a namespace: by its name, the name with a slash, and what follows. */
#define OF_NAMESPACE "repository = $1 OR (repository > $2 AND repository < $3)"

static bool
lock_usage(SqlConnection *db, const char *space, GError **error)
{
  g_autoptr(SqlRows) rows = NULL;
  return sql_first(db, &rows, error, "SELECT 1 FROM namespace_usage WHERE namespace = $1 " SQL_LOCK,
                   SQL_TEXT(space), SQL_END) != FAILED;
}

bool
quota_lock(SqlConnection *db, const char *repository, GError **error)
{
  g_autofree char *name = namespace_of(repository);
  return lock_usage(db, name, error);
}

/* --- counting anew --- */

/* The first column of the first row of a count. */
static bool
take_count(SqlRows *rows, int64_t *count, GError **error)
{
  g_autoptr(SqlRows) owned = rows;
  *count = 0;
  return sql_number(owned, count, error);
}

static bool
count_all(SqlConnection *db, const char *space, NamespaceUsage *usage, GError **error)
{
  int64_t bytes = 0, images = 0, tags = 0;
  g_autofree char *below = g_strconcat(space, "/", NULL), *end = namespace_end(space);
  bool counted =
      take_count(sql_query(db, error,
                           "SELECT CAST(COALESCE(sum(size), 0) AS BIGINT) FROM blobs WHERE "
                           "digest IN (SELECT digest FROM repository_blobs "
                           "WHERE " OF_NAMESPACE ")",
                           SQL_TEXT(space), SQL_TEXT(below), SQL_TEXT(end), SQL_END),
                 &bytes, error) &&
      take_count(sql_query(db, error, "SELECT count(*) FROM manifests WHERE " OF_NAMESPACE,
                           SQL_TEXT(space), SQL_TEXT(below), SQL_TEXT(end), SQL_END),
                 &images, error) &&
      take_count(sql_query(db, error, "SELECT count(*) FROM tags WHERE " OF_NAMESPACE,
                           SQL_TEXT(space), SQL_TEXT(below), SQL_TEXT(end), SQL_END),
                 &tags, error);
  *usage = (NamespaceUsage){(uint64_t)bytes, (uint64_t)images, (uint64_t)tags};
  return counted;
}

bool
quota_count(SqlConnection *db, const char *space, GError **error)
{
  NamespaceUsage usage;
  return count_all(db, space, &usage, error) &&
         sql_run(db, NULL, error,
                 "INSERT INTO namespace_usage (namespace, bytes, images, tags) "
                 "VALUES ($1, $2, $3, $4) ON CONFLICT (namespace) DO UPDATE SET "
                 "bytes = excluded.bytes, images = excluded.images, tags = excluded.tags",
                 SQL_TEXT(space), SQL_INTEGER((int64_t)usage.bytes),
                 SQL_INTEGER((int64_t)usage.images), SQL_INTEGER((int64_t)usage.tags), SQL_END);
}

Found
quota_usage(SqlConnection *db, const char *space, NamespaceUsage *usage, GError **error)
{
  g_autoptr(SqlRows) rows = NULL;
  Found found = sql_first(db, &rows, error,
                          "SELECT bytes, images, tags FROM namespace_usage WHERE namespace = $1",
                          SQL_TEXT(space), SQL_END);
  if (found == FOUND)
    *usage =
        (NamespaceUsage){(uint64_t)sql_rows_integer(rows, 0), (uint64_t)sql_rows_integer(rows, 1),
                         (uint64_t)sql_rows_integer(rows, 2)};
  return found;
}
