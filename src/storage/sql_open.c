/* Opening the metadata database, and bringing its schema up to date. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "storage/schema-private.h"
#include "storage/sql-private.h"

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

/* SQLite makes the log's file when it is first asked, as the schema was. What its steps, or a
 * process that was killed, left there is not on the disk yet. */
static bool
open_log(SqlPool *pool, GError **error)
{
  pool->log = sql_log_open(pool->path, error);
  if (pool->log == NULL)
    return false;
  sql_log_end_commit(pool->log, true);
  return sql_settle(pool, error);
}

SqlPool *
sql_pool_open(const char *url, const Schema *const *schemas, bool durable, GError **error)
{
  g_autoptr(SqlPool) pool = pool_new(url, error);
  if (pool == NULL)
    return NULL;
  pool->durable = durable;
  pool->writer = sql_connection_open(pool, true, error);
  if (pool->writer == NULL || !schemas_bring_up(pool, schemas, error) ||
      (durable && !open_log(pool, error)))
    return NULL;
  return g_steal_pointer(&pool);
}

SqlPool *
sql_pool_open_read_only(const char *url, const Schema *const *schemas, GError **error)
{
  g_autoptr(SqlPool) pool = pool_new(url, error);
  if (pool == NULL)
    return NULL;
  pool->read_only = read_only_file_open(pool->path, error);
  if (pool->read_only == NULL || !schemas_check(pool, schemas, error))
    return NULL;
  return g_steal_pointer(&pool);
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
  sql_log_free(pool->log);
  g_ptr_array_unref(pool->idle_readers);
  sql_connection_close(pool->writer);
  read_only_file_free(pool->read_only);
  g_mutex_clear(&pool->writing);
  g_mutex_clear(&pool->idle_lock);
  g_free(pool->path);
  g_free(pool);
}
