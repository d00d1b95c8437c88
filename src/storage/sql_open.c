/* Opening the metadata database, and bringing its schema up to date. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "storage/migrations.h"
#include "storage/sql-private.h"

static bool
read_version(SqlConnection *connection, size_t *version, GError **error)
{
  g_autoptr(SqlRows) rows = sql_query(
      connection, error, "SELECT coalesce(max(version), 0) FROM schema_migrations", SQL_END);
  if (rows == NULL || !sql_rows_next(rows, error))
    return false;
  *version = (size_t)sql_rows_integer(rows, 0);
  return true;
}

static bool
migrate_one(SqlPool *pool, size_t version, GError **error)
{
  g_autoptr(SqlConnection) connection = sql_acquire(pool, SQL_WRITE, error);
  if (connection == NULL)
    return false;
  sql_trace_statement(migrations[version - 1]);
  int code = sqlite3_exec(connection->handle, migrations[version - 1], NULL, NULL, NULL);
  if (code != SQLITE_OK)
    return sql_set_error(error, connection->handle, code, "schema migration");
  return sql_run(connection, NULL, error, "INSERT INTO schema_migrations (version) VALUES ($1)",
                 SQL_INTEGER((int64_t)version), SQL_END) &&
         sql_commit(connection, error);
}

static bool
check_known(const SqlPool *pool, size_t version, GError **error)
{
  return version <= migration_count ||
         error_set(error, ASSAY_ERROR_UNSUPPORTED,
                   "%s: has schema version %zu, this program knows %zu: it was written by a newer "
                   "assay; run that one",
                   pool->path, version, migration_count);
}

static bool
migrate(SqlPool *pool, GError **error)
{
  static const char table[] =
      "CREATE TABLE IF NOT EXISTS schema_migrations (version BIGINT PRIMARY KEY)";
  sql_trace_statement(table);
  int code = sqlite3_exec(pool->writer->handle, table, NULL, NULL, NULL);
  if (code != SQLITE_OK)
    return sql_set_error(error, pool->writer->handle, code, "schema migrations");
  size_t version = 0;
  if (!read_version(pool->writer, &version, error))
    return false;
  if (!check_known(pool, version, error))
    return false;
  while (version < migration_count)
    if (!migrate_one(pool, ++version, error))
      return false;
  return true;
}

/* SQLite refuses a link anywhere in the path, and the database itself shall be none; the folder is
 * the operator's choice, and may stand behind one. */
static char *
resolve_folder(const char *path)
{
  g_autofree char *folder = g_path_get_dirname(path), *name = g_path_get_basename(path);
  g_autofree char *resolved = realpath(folder, NULL);
  return g_build_filename(resolved != NULL ? resolved : folder, name, NULL);
}

static SqlPool *
pool_new(const char *url, GError **error)
{
  if (!g_str_has_prefix(url, "sqlite:")) {
    error_set(error, ASSAY_ERROR_UNSUPPORTED, "database \"%s\": must be sqlite:PATH", url);
    return NULL;
  }
  SqlPool *pool = g_new0(SqlPool, 1);
  pool->path = resolve_folder(url + strlen("sqlite:"));
  pool->idle_readers = g_ptr_array_new_with_free_func((GDestroyNotify)sql_connection_close);
  g_mutex_init(&pool->writing);
  g_mutex_init(&pool->idle_lock);
  return pool;
}

SqlPool *
sql_pool_open(const char *url, bool durable, GError **error)
{
  g_autoptr(SqlPool) pool = pool_new(url, error);
  if (pool == NULL)
    return NULL;
  pool->durable = durable;
  pool->writer = sql_connection_open(pool, error);
  if (pool->writer == NULL || !migrate(pool, error))
    return NULL;
  return g_steal_pointer(&pool);
}

SqlPool *
sql_pool_open_read_only(const char *url, GError **error)
{
  size_t version = 0;
  g_autoptr(SqlPool) pool = pool_new(url, error);
  if (pool == NULL)
    return NULL;
  pool->read_only = read_only_file_open(pool->path, error);
  if (pool->read_only == NULL)
    return NULL;
  g_autoptr(SqlConnection) connection = sql_acquire(pool, SQL_READ, error);
  if (connection == NULL || !read_version(connection, &version, error))
    return NULL;
  if (version < migration_count) {
    error_set(error, ASSAY_ERROR_UNSUPPORTED,
              "%s: has schema version %zu, this program needs %zu, and the data folder is "
              "read-only: mount it for writing and start the server once",
              pool->path, version, migration_count);
    return NULL;
  }
  return check_known(pool, version, error) ? g_steal_pointer(&pool) : NULL;
}

bool
sql_pool_is_read_only(const SqlPool *pool)
{
  return pool->read_only != NULL;
}

void
sql_pool_close(SqlPool *pool)
{
  if (pool == NULL)
    return;
  g_ptr_array_unref(pool->idle_readers);
  sql_connection_close(pool->writer);
  read_only_file_free(pool->read_only);
  g_mutex_clear(&pool->writing);
  g_mutex_clear(&pool->idle_lock);
  g_free(pool->path);
  g_free(pool);
}
