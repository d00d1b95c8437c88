/* Endpoints that were made by the API; see the header. */
#include "access/endpoint/endpoint_store.h"

#include "base/error.h"
#include "base/json.h"
#include "jobs/outbox.h"

#define DEFINITION_MAX 20000u /* values in it */

void
stored_endpoint_free(StoredEndpoint *stored)
{
  if (stored == NULL)
    return;
  endpoint_settings_free(stored->settings);
  g_free(stored);
}

/* NULL: the row is broken. (transfer full) */
static StoredEndpoint *
read_row(SqlRows *rows, GError **error)
{
  g_autoptr(json_t) object =
      json_parse_bounded(slice_from_string(sql_rows_text(rows, 0)), DEFINITION_MAX, error);
  EndpointSettings *settings = object == NULL ? NULL : endpoint_settings_parse(object, error);
  if (settings == NULL)
    return NULL;
  StoredEndpoint *stored = g_new0(StoredEndpoint, 1);
  stored->settings = settings;
  stored->version = sql_rows_integer(rows, 1);
  return stored;
}

GPtrArray *
endpoint_store_list(SqlPool *sql, GError **error)
{
  g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func((GDestroyNotify)stored_endpoint_free);
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return NULL;
  Found found;
  g_autoptr(SqlRows) rows = sql_query(
      db, error, "SELECT definition, version FROM endpoints ORDER BY name LIMIT 10000", SQL_END);
  while ((found = sql_next(rows, error)) == FOUND) {
    StoredEndpoint *stored = read_row(rows, error);
    if (stored == NULL)
      return NULL;
    g_ptr_array_add(list, stored);
  }
  return found == FAILED ? NULL : g_steal_pointer(&list);
}

Found
endpoint_store_find(SqlPool *sql, const char *name, StoredEndpoint **stored, GError **error)
{
  *stored = NULL;
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return FAILED;
  g_autoptr(SqlRows) rows = NULL;
  Found found =
      sql_first(db, &rows, error, "SELECT definition, version FROM endpoints WHERE name = $1",
                SQL_TEXT(name), SQL_END);
  if (found == FOUND && (*stored = read_row(rows, error)) == NULL)
    return FAILED;
  return found;
}

/* --- changes --- */

typedef struct {
  const char *name;
  json_t *definition; /* NULL: it is deleted */
  int64_t version;
} Change;

static bool
write_row(SqlConnection *db, const Change *change, int64_t *changed, GError **error)
{
  g_autofree char *text = change->definition == NULL ? NULL : json_to_text(change->definition);
  const SqlValue name = SQL_TEXT(change->name), version = SQL_INTEGER(change->version);
  if (text == NULL)
    return sql_run(db, changed, error, "DELETE FROM endpoints WHERE name = $1 AND version = $2",
                   name, version, SQL_END);
  if (change->version == 0)
    return sql_run(db, changed, error,
                   "INSERT INTO endpoints (name, definition, version, changed) "
                   "VALUES ($1, $2, 1, $3) ON CONFLICT (name) DO NOTHING",
                   name, SQL_TEXT(text), SQL_INTEGER(g_get_real_time()), SQL_END);
  return sql_run(db, changed, error,
                 "UPDATE endpoints SET definition = $3, version = version + 1, changed = $4 "
                 "WHERE name = $1 AND version = $2",
                 name, version, SQL_TEXT(text), SQL_INTEGER(g_get_real_time()), SQL_END);
}

static bool
make_change(SqlConnection *db, void *data, GError **error)
{
  const Change *change = data;
  int64_t changed = 0;
  if (!write_row(db, change, &changed, error))
    return false;
  if (changed == 0)
    return error_set(error, ASSAY_ERROR_EXISTS,
                     "endpoint %s: it %s meanwhile; look at it again, and repeat the change",
                     change->name, change->version == 0 ? "was made" : "has changed");
  const char *type = change->definition == NULL ? "endpoint.deleted"
                     : change->version == 0     ? "endpoint.created"
                                                : "endpoint.changed";
  return event_tell(db, type, change->name, change->definition, error);
}

bool
endpoint_store_put(SqlPool *sql, const EndpointSettings *settings, int64_t version, GError **error)
{
  g_autoptr(json_t) definition = endpoint_settings_to_json(settings);
  Change change = {settings->name, definition, version};
  return sql_transact(sql, make_change, &change, error);
}

bool
endpoint_store_delete(SqlPool *sql, const char *name, int64_t version, GError **error)
{
  Change change = {name, NULL, version};
  return sql_transact(sql, make_change, &change, error);
}
