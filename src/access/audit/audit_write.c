/* Appending to the chain. */
#include <string.h>

#include "access/audit/audit-private.h"
#include "base/json.h"

bool
audit_head_open(SqlConnection *db, AuditHead *head, GError **error)
{
  g_autoptr(SqlRows) rows = NULL;
  Found found = sql_first(
      db, &rows, error, "SELECT number, hash, event, signed FROM audit_head WHERE id = 1 " SQL_LOCK,
      SQL_END);
  *head = (AuditHead){.number = 0};
  if (found == FOUND) {
    head->number = sql_rows_integer(rows, 0);
    g_strlcpy(head->hash, sql_rows_text(rows, 1), sizeof head->hash);
    head->event = sql_rows_integer(rows, 2);
    head->signed_last = sql_rows_integer(rows, 3);
  }
  return found == FOUND;
}

bool
audit_head_close(SqlConnection *db, const AuditHead *head, GError **error)
{
  return sql_run(db, NULL, error,
                 "UPDATE audit_head SET number = $1, hash = $2, event = $3, signed = $4 "
                 "WHERE id = 1",
                 SQL_INTEGER(head->number), SQL_TEXT(head->hash), SQL_INTEGER(head->event),
                 SQL_INTEGER(head->signed_last), SQL_END);
}

char *
audit_time_text(int64_t time)
{
  g_autoptr(GDateTime) at = g_date_time_new_from_unix_utc(time / G_USEC_PER_SEC);
  g_autofree char *seconds = at == NULL ? NULL : g_date_time_format(at, "%Y-%m-%dT%H:%M:%S");
  return g_strdup_printf("%s.%06dZ", seconds != NULL ? seconds : "", (int)(time % G_USEC_PER_SEC));
}

static char *
record_text(const AuditHead *head, const AuditEntry *entry)
{
  g_autoptr(json_t) record = json_object();
  g_autofree char *time = audit_time_text(entry->time);
  json_set_number(record, "number", (uint64_t)head->number + 1);
  json_set_string(record, "previous", head->hash);
  json_set_string(record, "time", time);
  json_set_string(record, "type", entry->type);
  json_set_string(record, "object", entry->object);
  if (entry->actor != NULL)
    json_object_set(record, "actor", (json_t *)(uintptr_t)entry->actor);
  json_object_update_missing(record, (json_t *)(uintptr_t)entry->more);
  return json_to_text(record);
}

bool
audit_append(SqlConnection *db, AuditHead *head, const AuditEntry *entry, GError **error)
{
  g_autofree char *text = record_text(head, entry);
  const char *who = json_get_string(entry->actor, "name");
  audit_hash(text, head->hash);
  head->number++;
  return sql_run(db, NULL, error,
                 "INSERT INTO audit (number, time, type, who, object, record, hash) "
                 "VALUES ($1, $2, $3, $4, $5, $6, $7)",
                 SQL_INTEGER(head->number), SQL_INTEGER(entry->time), SQL_TEXT(entry->type),
                 SQL_TEXT(who != NULL ? who : ""), SQL_TEXT(entry->object), SQL_TEXT(text),
                 SQL_TEXT(head->hash), SQL_END);
}
