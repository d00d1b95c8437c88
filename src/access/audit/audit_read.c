/* Reading the audit. */
#include <string.h>

#include "access/audit/audit-private.h"
#include "base/error.h"
#include "base/json.h"

/* What a column says counts, for it was asked by: a record that says something else is not the one
 * that was written, and its hash must show it. */
static void
take_column(json_t *record, const char *key, const char *value)
{
  const char *said = json_get_string(record, key);
  if (g_strcmp0(said != NULL ? said : "", value) == 0)
    return;
  json_set_string(record, key, value);
  json_object_set_new(record, "altered", json_true());
}

static json_t *
read_record(SqlRows *rows)
{
  const char *text = sql_rows_text(rows, 5);
  json_t *record = json_parse(slice_from_string(text), NULL);
  g_autofree char *time = audit_time_text(sql_rows_integer(rows, 1));
  if (!json_is_object(record)) {
    json_decref(record);
    record = json_object();
  }
  if (json_get_integer(record, "number", 0) != sql_rows_integer(rows, 0))
    json_object_set_new(record, "number", json_integer(sql_rows_integer(rows, 0)));
  take_column(record, "time", time);
  take_column(record, "type", sql_rows_text(rows, 2));
  take_column(record, "object", sql_rows_text(rows, 4));
  json_t *actor = json_get_object(record, "actor");
  if (actor != NULL)
    take_column(actor, "name", sql_rows_text(rows, 3));
  json_set_string(record, "hash", sql_rows_text(rows, 6));
  return record;
}

json_t *
audit_records(SqlPool *sql, const AuditFilter *filter, int64_t last, unsigned limit, bool *more,
              GError **error)
{
  Found found;
  const char *type = filter->type != NULL ? filter->type : "";
  bool prefix = *type == '\0' || g_str_has_suffix(type, ".");
  g_autoptr(json_t) records = json_array();
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(SqlRows) rows = sql_query(
      db, error,
      "SELECT number, time, type, who, object, record, hash FROM audit WHERE number > $1 "
      "AND ($2 = '' OR who = $2) AND ($3 = '' OR object = $3) "
      "AND (type = $4 OR ($5 = 1 AND substr(type, 1, length($4)) = $4)) "
      "AND time >= $6 AND time < $7 ORDER BY number LIMIT $8",
      SQL_INTEGER(last), SQL_TEXT(filter->who != NULL ? filter->who : ""),
      SQL_TEXT(filter->object != NULL ? filter->object : ""), SQL_TEXT(type), SQL_INTEGER(prefix),
      SQL_INTEGER(filter->since), SQL_INTEGER(filter->until != 0 ? filter->until : INT64_MAX),
      SQL_INTEGER((int64_t)limit + 1), SQL_END);
  while ((found = sql_next(rows, error)) == FOUND)
    json_array_append_new(records, read_record(rows));
  *more = json_array_size(records) > limit;
  if (*more)
    json_array_remove(records, limit);
  g_clear_pointer(&rows, sql_rows_free);
  return found == ABSENT && sql_settle(sql, error) ? g_steal_pointer(&records) : NULL;
}

bool
audit_head(SqlPool *sql, int64_t *number, char hash[AUDIT_HASH_SIZE], GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  g_autoptr(SqlRows) rows = NULL;
  if (db == NULL || sql_first(db, &rows, error, "SELECT number, hash FROM audit_head WHERE id = 1",
                              SQL_END) != FOUND)
    return false;
  *number = sql_rows_integer(rows, 0);
  g_strlcpy(hash, sql_rows_text(rows, 1), AUDIT_HASH_SIZE);
  return true;
}
