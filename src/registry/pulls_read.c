/* Counts of pulls, by hour and name, as they are listed. */
#include "registry/pulls-private.h"

#include "registry/registry-private.h"

static const JsonMember members[] = {
    {JSON_MEMBER(PullCount, hour), .kind = &json_moment, .required = true},
    {JSON_MEMBER(PullCount, who), .kind = &json_text, .required = true},
    {JSON_MEMBER(PullCount, digest), .kind = &json_digest},
    {JSON_MEMBER(PullCount, pulls), .kind = &json_number},
};
const JsonTable pull_count_table = JSON_TABLE(PullCount, members);

void
pull_count_free(PullCount *count)
{
  if (count == NULL)
    return;
  json_table_clear(&pull_count_table, count);
  g_free(count);
}

static bool
count_rows(SqlConnection *db, const char *repository, const char *digest, uint64_t *total,
           GError **error)
{
  int64_t count = 0;
  g_autoptr(SqlRows) rows =
      digest == NULL
          ? sql_query(db, error, "SELECT count(*) FROM pull_counts WHERE repository = $1",
                      SQL_TEXT(repository), SQL_END)
          : sql_query(db, error,
                      "SELECT count(*) FROM pull_counts WHERE repository = $1 AND digest = $2",
                      SQL_TEXT(repository), SQL_TEXT(digest), SQL_END);
  if (!sql_number(rows, &count, error))
    return false;
  *total = (uint64_t)count;
  return true;
}

static SqlRows *
query(SqlConnection *db, const char *repository, const char *digest, int64_t limit, int64_t offset,
      GError **error)
{
  if (digest == NULL)
    return sql_query(db, error,
                     "SELECT hour, who, digest, pulls FROM pull_counts WHERE repository = $1 "
                     "ORDER BY hour DESC, digest, who LIMIT $2 OFFSET $3",
                     SQL_TEXT(repository), SQL_INTEGER(limit), SQL_INTEGER(offset), SQL_END);
  return sql_query(db, error,
                   "SELECT hour, who, digest, pulls FROM pull_counts WHERE repository = $1 "
                   "AND digest = $4 ORDER BY hour DESC, digest, who LIMIT $2 OFFSET $3",
                   SQL_TEXT(repository), SQL_INTEGER(limit), SQL_INTEGER(offset), SQL_TEXT(digest),
                   SQL_END);
}

GPtrArray *
registry_pulls(Registry *registry, const char *repository, const char *digest, int64_t limit,
               int64_t offset, uint64_t *total, GError **error)
{
  Found found;
  if (!registry_check_name(repository, error) ||
      (!sql_pool_is_read_only(registry->sql) && !registry_write_pulls(registry, error)))
    return NULL;
  g_autoptr(SqlConnection) db = sql_acquire(registry->sql, error);
  if (db == NULL || !registry_check_known(db, repository, error) ||
      !count_rows(db, repository, digest, total, error))
    return NULL;
  g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func((GDestroyNotify)pull_count_free);
  g_autoptr(SqlRows) rows = query(db, repository, digest, limit, offset, error);
  while ((found = sql_next(rows, error)) == FOUND) {
    PullCount *count = g_new0(PullCount, 1);
    g_ptr_array_add(list, count);
    count->hour = sql_rows_integer(rows, 0);
    count->who = g_strdup(sql_rows_text(rows, 1));
    g_strlcpy(count->digest.text, sql_rows_text(rows, 2), sizeof count->digest.text);
    count->pulls = (uint64_t)sql_rows_integer(rows, 3);
  }
  return found == FAILED ? NULL : g_steal_pointer(&list);
}
