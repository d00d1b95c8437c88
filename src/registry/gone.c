/* What is gone; see the header. */
#include "registry/gone-private.h"

#define LOOKED_AT_ONCE 500

bool
gone_note(SqlConnection *db, const char *repository, const Digest *digest, GError **error)
{
  return sql_run(db, NULL, error,
                 "INSERT INTO gone_manifests (repository, digest, gone) VALUES ($1, $2, $3) "
                 "ON CONFLICT (repository, digest) DO UPDATE SET gone = excluded.gone",
                 SQL_TEXT(repository), SQL_TEXT(digest->text), SQL_INTEGER(g_get_real_time()),
                 SQL_END);
}

static void
gone_free(void *data)
{
  Gone *gone = data;
  g_free(gone->repository);
  g_free(gone);
}

GPtrArray *
gone_before(SqlPool *sql, int64_t before, GError **error)
{
  Found found;
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(gone_free);
  g_autoptr(SqlRows) rows = sql_query(
      db, error, "SELECT repository, digest FROM gone_manifests WHERE gone <= $1 LIMIT $2",
      SQL_INTEGER(before), SQL_INTEGER(LOOKED_AT_ONCE), SQL_END);
  while ((found = sql_next(rows, error)) == FOUND) {
    Gone *gone = g_new0(Gone, 1);
    gone->repository = g_strdup(sql_rows_text(rows, 0));
    g_strlcpy(gone->digest.text, sql_rows_text(rows, 1), sizeof gone->digest.text);
    g_ptr_array_add(list, gone);
  }
  return found == FAILED ? NULL : g_steal_pointer(&list);
}

/* The tags of a digest are from this one on, before the same with '/', which follows '.'. */
static char *
first_tag(const Digest *digest, const char *end)
{
  return g_strdup_printf("%.6s-%.64s%s", digest->text, digest_hex(digest), end);
}

GPtrArray *
gone_referrers(SqlPool *sql, const Gone *gone, GError **error)
{
  g_autofree char *first = first_tag(&gone->digest, ""), *end = first_tag(&gone->digest, "/");
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(SqlRows) rows =
      sql_query(db, error,
                "SELECT digest FROM manifests WHERE repository = $1 AND subject = $2 "
                "UNION SELECT digest FROM tags WHERE repository = $1 AND name >= $3 AND name < $4",
                SQL_TEXT(gone->repository), SQL_TEXT(gone->digest.text), SQL_TEXT(first),
                SQL_TEXT(end), SQL_END);
  return sql_texts(rows, error);
}

Found
gone_is_held(SqlConnection *db, const char *repository, const Digest *referrer,
             const Digest *subject, GError **error)
{
  g_autofree char *first = first_tag(subject, ""), *end = first_tag(subject, "/");
  g_autoptr(SqlRows) rows = NULL;
  return sql_first(db, &rows, error,
                   "SELECT 1 FROM manifests WHERE repository = $1 AND digest = $2 "
                   "UNION ALL SELECT 1 FROM tags WHERE repository = $1 AND digest = $3 "
                   "AND (name < $4 OR name >= $5) LIMIT 1",
                   SQL_TEXT(repository), SQL_TEXT(subject->text), SQL_TEXT(referrer->text),
                   SQL_TEXT(first), SQL_TEXT(end), SQL_END);
}

bool
gone_forget(SqlPool *sql, const Gone *gone, int64_t before, GError **error)
{
  return sql_write(sql, NULL, error,
                   "DELETE FROM gone_manifests WHERE repository = $1 AND digest = $2 "
                   "AND gone <= $3",
                   SQL_TEXT(gone->repository), SQL_TEXT(gone->digest.text), SQL_INTEGER(before),
                   SQL_END);
}
