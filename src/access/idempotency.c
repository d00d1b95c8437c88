/* Keys of requests; see the header. */
#include "access/idempotency.h"

#include <string.h>

#include "base/error.h"

#define KEPT_US ((int64_t)24 * 3600 * G_USEC_PER_SEC)

void
kept_request_clear(KeptRequest *kept)
{
  g_free(kept->fingerprint);
  g_free(kept->attempt);
  g_free(kept->location);
  g_free(kept->answer);
  *kept = (KeptRequest){0};
}

static Found
find(SqlConnection *db, const char *who, const char *key, KeptRequest *kept, GError **error)
{
  g_autoptr(SqlRows) rows = NULL;
  Found found = sql_first(db, &rows, error,
                          "SELECT fingerprint, attempt, status, location, answer "
                          "FROM idempotency_keys WHERE who = $1 AND key = $2 AND ends > $3",
                          SQL_TEXT(who), SQL_TEXT(key), SQL_INTEGER(g_get_real_time()), SQL_END);
  if (found != FOUND)
    return found;
  kept_request_clear(kept);
  kept->fingerprint = g_strdup(sql_rows_text(rows, 0));
  kept->attempt = g_strdup(sql_rows_text(rows, 1));
  kept->status = sql_rows_integer(rows, 2);
  kept->location = g_strdup(sql_rows_text(rows, 3));
  kept->answer = g_strdup(sql_rows_text(rows, 4));
  return FOUND;
}

Found
idempotency_find(SqlPool *sql, const char *who, const char *key, KeptRequest *kept, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  return db == NULL ? FAILED : find(db, who, key, kept, error);
}

bool
idempotency_has_room(SqlPool *sql, const char *who, bool *room, GError **error)
{
  int64_t count = 0;
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return false;
  g_autoptr(SqlRows) rows =
      sql_query(db, error, "SELECT CAST(COUNT(*) AS BIGINT) FROM idempotency_keys WHERE who = $1",
                SQL_TEXT(who), SQL_END);
  if (!sql_number(rows, &count, error))
    return false;
  *room = count < IDEMPOTENCY_KEYS_MOST;
  return true;
}

bool
idempotency_claim(SqlConnection *db, const KeyedRequest *request, GError **error)
{
  int64_t now = g_get_real_time(), claimed = 0;
  g_auto(KeptRequest) kept = {0};
  if (!sql_run(db, NULL, error,
               "DELETE FROM idempotency_keys WHERE who = $1 AND key = $2 AND ends <= $3",
               SQL_TEXT(request->who), SQL_TEXT(request->key), SQL_INTEGER(now), SQL_END) ||
      !sql_run(db, &claimed, error,
               "INSERT INTO idempotency_keys (who, key, fingerprint, attempt, status, ends) "
               "VALUES ($1, $2, $3, $4, 0, $5) ON CONFLICT (who, key) DO NOTHING",
               SQL_TEXT(request->who), SQL_TEXT(request->key), SQL_TEXT(request->fingerprint),
               SQL_TEXT(request->attempt), SQL_INTEGER(now + KEPT_US), SQL_END))
    return false;
  if (claimed > 0)
    return true;
  Found found = find(db, request->who, request->key, &kept, error);
  if (found == FAILED)
    return false;
  return (found == FOUND && strcmp(kept.attempt, request->attempt) == 0) ||
         error_set(error, ASSAY_ERROR_EXISTS,
                   "a request with this idempotency key has been done meanwhile; ask again for its "
                   "answer");
}

bool
idempotency_keep(SqlPool *sql, const KeyedRequest *request, unsigned status, const char *location,
                 const char *answer, GError **error)
{
  return sql_write(sql, NULL, error,
                   "UPDATE idempotency_keys SET status = $4, location = $5, answer = $6 "
                   "WHERE who = $1 AND key = $2 AND attempt = $3",
                   SQL_TEXT(request->who), SQL_TEXT(request->key), SQL_TEXT(request->attempt),
                   SQL_INTEGER(status), SQL_TEXT(location), SQL_TEXT(answer), SQL_END);
}

bool
idempotency_release(SqlPool *sql, const KeyedRequest *request, GError **error)
{
  return sql_write(
      sql, NULL, error, "DELETE FROM idempotency_keys WHERE who = $1 AND key = $2 AND attempt = $3",
      SQL_TEXT(request->who), SQL_TEXT(request->key), SQL_TEXT(request->attempt), SQL_END);
}

bool
idempotency_sweep(SqlPool *sql, int64_t *count, GError **error)
{
  return sql_write(sql, count, error, "DELETE FROM idempotency_keys WHERE ends <= $1",
                   SQL_INTEGER(g_get_real_time()), SQL_END);
}
