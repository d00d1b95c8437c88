/* The metadata database on SQLite; see the header. */
#include "storage/sql.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "storage/sql-private.h"

#define BUSY_TIMEOUT_MS  10000
#define IDLE_READERS_MAX 16

typedef struct {
  sqlite3_stmt *handle;
  int *places; /* of $1, $2, ... among SQLite's parameters, which are numbered as they come; or 0 */
  int values;  /* the highest of them */
  bool kept, in_use;
} Statement;

struct SqlRows {
  SqlConnection *connection;
  Statement *statement; /* freed with the rows unless it is kept */
  sqlite3_stmt *handle;
};

bool
sql_set_error(GError **error, sqlite3 *handle, int code, const char *what)
{
  AssayErrorCode kind = ASSAY_ERROR_IO;
  if ((code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED)
    kind = ASSAY_ERROR_BUSY;
  else if ((code & 0xff) == SQLITE_CONSTRAINT)
    kind = ASSAY_ERROR_EXISTS;
  const char *text = handle != NULL ? sqlite3_errmsg(handle) : sqlite3_errstr(code);
  bool no_room =
      handle != NULL && (code & 0xff) == SQLITE_IOERR && sqlite3_system_errno(handle) == ENOSPC;
  if ((code & 0xff) == SQLITE_FULL || no_room) {
    kind = ASSAY_ERROR_FULL;
    text = "the disk is full; free some space";
  }
  bool no_writes =
      handle != NULL && (code & 0xff) == SQLITE_IOERR && sqlite3_system_errno(handle) == EROFS;
  if ((code & 0xff) == SQLITE_READONLY || no_writes)
    kind = ASSAY_ERROR_READ_ONLY;
  return error_set(error, kind, "metadata database: %s (%.120s)", text, what);
}

static void
statement_free(void *data)
{
  Statement *statement = data;
  sqlite3_finalize(statement->handle);
  g_free(statement->places);
  g_free(statement);
}

/* SQLite takes "$1" for a name, so that values may be in any order. (transfer full) */
static Statement *
statement_new(sqlite3_stmt *handle)
{
  Statement *statement = g_new0(Statement, 1);
  statement->handle = handle;
  int count = sqlite3_bind_parameter_count(handle);
  for (int place = 1; place <= count; place++)
    statement->values =
        MAX(statement->values, atoi(sqlite3_bind_parameter_name(handle, place) + 1));
  statement->places = g_new0(int, (gsize)statement->values + 1);
  for (int place = 1; place <= count; place++)
    statement->places[atoi(sqlite3_bind_parameter_name(handle, place) + 1)] = place;
  return statement;
}

SqlValue
sql_value_text(const char *text)
{
  if (text == NULL)
    return SQL_NULL;
  return (SqlValue){.type = SQL_VALUE_TEXT, .bytes = slice_from_string(text)};
}

void
sql_connection_close(SqlConnection *connection)
{
  if (connection == NULL)
    return;
  g_hash_table_unref(connection->statements);
  sqlite3_finalize(connection->begin);
  sqlite3_finalize(connection->commit);
  sqlite3_finalize(connection->join);
  sqlite3_finalize(connection->leave);
  sqlite3_close(connection->handle);
  g_free(connection);
}

static int
connect_file(const SqlPool *pool, sqlite3 **handle)
{
  if (pool->read_only != NULL)
    return read_only_file_connect(pool->read_only, handle);
  return sqlite3_open_v2(pool->path, handle,
                         SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
                             SQLITE_OPEN_NOFOLLOW,
                         NULL);
}

/* Where nothing can be written, temporary files may not be either. What a writer would write to one
 * are pages as they were before the statement, or before the transaction that joined others. */
static char *
settings_of(const SqlPool *pool, bool writes)
{
  static const char common[] =
      "PRAGMA foreign_keys = ON; PRAGMA cache_size = -8192; PRAGMA trusted_schema = OFF;";
  if (pool->read_only != NULL)
    return g_strconcat("PRAGMA query_only = ON; PRAGMA temp_store = MEMORY;", common, NULL);
  return g_strdup_printf(
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = %s; %s%s", pool->durable ? "NORMAL" : "OFF",
      writes ? "PRAGMA temp_store = MEMORY;" : "PRAGMA query_only = ON;", common);
}

SqlConnection *
sql_connection_open(SqlPool *pool, bool writes, GError **error)
{
  SqlConnection *connection = g_new0(SqlConnection, 1);
  connection->pool = pool;
  connection->statements = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, statement_free);
  int code = connect_file(pool, &connection->handle);
  if (code == SQLITE_OK) {
    sqlite3_extended_result_codes(connection->handle, 1);
    sqlite3_busy_timeout(connection->handle, BUSY_TIMEOUT_MS);
    g_autofree char *settings = settings_of(pool, writes);
    code = sqlite3_exec(connection->handle, settings, NULL, NULL, NULL);
  }
  if (code != SQLITE_OK) {
    sql_set_error(error, connection->handle, code, pool->path);
    sql_connection_close(connection);
    return NULL;
  }
  return connection;
}

#ifdef ASSAY_FAULT_INJECTION
/* Test builds write the schema and each statement that they prepare to $ASSAY_SQL_TRACE, for the
 * test that has a PostgreSQL take them, too. */
void
sql_trace_statement(const char *text)
{
  const char *path = g_getenv("ASSAY_SQL_TRACE");
  FILE *trace = path == NULL ? NULL : fopen(path, "a");
  if (trace == NULL)
    return;
  fprintf(trace, "%s\n;;\n", text);
  fclose(trace);
}
#else
void
sql_trace_statement(const char *text)
{
}
#endif

static sqlite3_stmt *
prepare(SqlConnection *connection, const char *text, GError **error)
{
  sqlite3_stmt *handle = NULL;
  sql_trace_statement(text);
  int code =
      sqlite3_prepare_v3(connection->handle, text, -1, SQLITE_PREPARE_PERSISTENT, &handle, NULL);
  if (code != SQLITE_OK)
    sql_set_error(error, connection->handle, code, text);
  return handle;
}

/* The kept statement, or one of its own when that is in use further up the stack. */
static SqlRows *
rows_new(SqlConnection *connection, const char *text, GError **error)
{
  Statement *kept = g_hash_table_lookup(connection->statements, text);
  Statement *statement = kept;
  if (kept == NULL || kept->in_use) {
    sqlite3_stmt *handle = prepare(connection, text, error);
    if (handle == NULL)
      return NULL;
    statement = statement_new(handle);
    statement->kept = kept == NULL;
    if (statement->kept)
      g_hash_table_insert(connection->statements, g_strdup(text), statement);
  }
  SqlRows *rows = g_new0(SqlRows, 1);
  rows->connection = connection;
  rows->statement = statement;
  rows->handle = statement->handle;
  statement->in_use = true;
  return rows;
}

static int
bind_value(const Statement *statement, int number, const SqlValue *value)
{
  sqlite3_stmt *handle = statement->handle;
  int index = number <= statement->values ? statement->places[number] : 0;
  if (index == 0)
    return SQLITE_RANGE;
  switch (value->type) {
  case SQL_VALUE_INTEGER:
    return sqlite3_bind_int64(handle, index, value->integer);
  case SQL_VALUE_DOUBLE:
    return sqlite3_bind_double(handle, index, value->number);
  case SQL_VALUE_TEXT:
    return sqlite3_bind_text64(handle, index, (const char *)value->bytes.data, value->bytes.size,
                               SQLITE_TRANSIENT, SQLITE_UTF8);
  case SQL_VALUE_BYTES:
    return value->bytes.size == 0 ? sqlite3_bind_zeroblob(handle, index, 0)
                                  : sqlite3_bind_blob64(handle, index, value->bytes.data,
                                                        value->bytes.size, SQLITE_TRANSIENT);
  case SQL_VALUE_NULL:
  case SQL_VALUE_END:
    break;
  }
  return sqlite3_bind_null(handle, index);
}

static SqlRows *
query_valist(SqlConnection *connection, GError **error, const char *text, va_list args)
{
  g_autoptr(SqlRows) rows = rows_new(connection, text, error);
  if (rows == NULL)
    return NULL;
  int number = 0;
  for (SqlValue value = va_arg(args, SqlValue); value.type != SQL_VALUE_END;
       value = va_arg(args, SqlValue)) {
    int code = bind_value(rows->statement, ++number, &value);
    if (code != SQLITE_OK) {
      sql_set_error(error, NULL, code, text);
      return NULL;
    }
  }
  return g_steal_pointer(&rows);
}

SqlRows *
sql_query(SqlConnection *connection, GError **error, const char *text, ...)
{
  va_list args;
  va_start(args, text);
  SqlRows *rows = query_valist(connection, error, text, args);
  va_end(args);
  return rows;
}

bool
sql_run_valist(SqlConnection *connection, int64_t *changed, GError **error, const char *text,
               va_list args)
{
  g_autoptr(SqlRows) rows = query_valist(connection, error, text, args);
  if (rows == NULL)
    return false;
  int code = sqlite3_step(rows->handle);
  if (code != SQLITE_DONE && code != SQLITE_ROW)
    return sql_set_error(error, connection->handle, code, text);
  if (changed != NULL)
    *changed = sqlite3_changes64(connection->handle);
  return true;
}

bool
sql_run(SqlConnection *connection, int64_t *changed, GError **error, const char *text, ...)
{
  va_list args;
  va_start(args, text);
  bool ran = sql_run_valist(connection, changed, error, text, args);
  va_end(args);
  return ran;
}

bool
sql_run_script(SqlConnection *connection, const char *text, GError **error)
{
  sql_trace_statement(text);
  int code = sqlite3_exec(connection->handle, text, NULL, NULL, NULL);
  return code == SQLITE_OK || sql_set_error(error, connection->handle, code, text);
}

Found
sql_next(SqlRows *rows, GError **error)
{
  if (rows == NULL)
    return FAILED;
  int code = sqlite3_step(rows->handle);
  if (code == SQLITE_ROW)
    return FOUND;
  if (code == SQLITE_DONE)
    return ABSENT;
  sql_set_error(error, rows->connection->handle, code, sqlite3_sql(rows->handle));
  return FAILED;
}

Found
sql_first(SqlConnection *connection, SqlRows **rows, GError **error, const char *text, ...)
{
  va_list args;
  va_start(args, text);
  g_autoptr(SqlRows) found = query_valist(connection, error, text, args);
  va_end(args);
  Found first = sql_next(found, error);
  *rows = first == FAILED ? NULL : g_steal_pointer(&found);
  return first;
}

bool
sql_number(SqlRows *rows, int64_t *number, GError **error)
{
  Found found = sql_next(rows, error);
  if (found == FOUND && !sql_rows_is_null(rows, 0))
    *number = sql_rows_integer(rows, 0);
  return found != FAILED;
}

GPtrArray *
sql_texts(SqlRows *rows, GError **error)
{
  Found found;
  g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
  while ((found = sql_next(rows, error)) == FOUND)
    g_ptr_array_add(texts, g_strdup(sql_rows_text(rows, 0)));
  return found == ABSENT ? g_steal_pointer(&texts) : NULL;
}

int64_t
sql_rows_integer(SqlRows *rows, int column)
{
  return sqlite3_column_int64(rows->handle, column);
}

double
sql_rows_double(SqlRows *rows, int column)
{
  return sqlite3_column_double(rows->handle, column);
}

bool
sql_rows_is_null(SqlRows *rows, int column)
{
  return sqlite3_column_type(rows->handle, column) == SQLITE_NULL;
}

const char *
sql_rows_text(SqlRows *rows, int column)
{
  return (const char *)sqlite3_column_text(rows->handle, column);
}

Slice
sql_rows_bytes(SqlRows *rows, int column)
{
  const void *data = sqlite3_column_blob(rows->handle, column);
  return slice_new(data, (size_t)sqlite3_column_bytes(rows->handle, column));
}

void
sql_rows_free(SqlRows *rows)
{
  if (rows == NULL)
    return;
  if (rows->statement->kept) {
    sqlite3_reset(rows->handle);
    sqlite3_clear_bindings(rows->handle);
    rows->statement->in_use = false;
  } else {
    statement_free(rows->statement);
  }
  g_free(rows);
}

int
sql_run_bare(SqlConnection *connection, sqlite3_stmt **kept, const char *text)
{
  int code = *kept != NULL ? SQLITE_OK
                           : sqlite3_prepare_v3(connection->handle, text, -1,
                                                SQLITE_PREPARE_PERSISTENT, kept, NULL);
  if (code != SQLITE_OK)
    return code;
  sqlite3_step(*kept);
  return sqlite3_reset(*kept);
}

SqlConnection *
sql_acquire(SqlPool *pool, GError **error)
{
  SqlConnection *connection = NULL;
  g_mutex_lock(&pool->idle_lock);
  if (pool->idle_readers->len > 0)
    connection = g_ptr_array_steal_index_fast(pool->idle_readers, pool->idle_readers->len - 1);
  g_mutex_unlock(&pool->idle_lock);
  return connection != NULL ? connection : sql_connection_open(pool, false, error);
}

SqlConnection *
sql_acquire_snapshot(SqlPool *pool, GError **error)
{
  g_autoptr(SqlConnection) connection = sql_acquire(pool, error);
  if (connection == NULL)
    return NULL;
  int code = sql_run_bare(connection, &connection->begin, "BEGIN");
  if (code != SQLITE_OK) {
    sql_set_error(error, connection->handle, code, "BEGIN");
    return NULL;
  }
  connection->snapshot = true;
  return g_steal_pointer(&connection);
}

void
sql_release(SqlConnection *connection)
{
  if (connection == NULL)
    return;
  SqlPool *pool = connection->pool;
  bool ended =
      !connection->snapshot || sql_run_bare(connection, &connection->commit, "COMMIT") == SQLITE_OK;
  connection->snapshot = false;
  g_mutex_lock(&pool->idle_lock);
  bool keep = ended && pool->idle_readers->len < IDLE_READERS_MAX;
  if (keep)
    g_ptr_array_add(pool->idle_readers, connection);
  g_mutex_unlock(&pool->idle_lock);
  if (!keep)
    sql_connection_close(connection);
}
