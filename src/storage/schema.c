/* Bringing the tables of all rooms up to date. `schema_rooms` says how many steps of each room have
 * run. Before, all rooms shared one list of nine steps, and `schema_migrations` had a row for each
 * of them that had run; it now has a tenth row, for which a program of that time refuses to open
 * the database. */
#include "storage/schema-private.h"

#include "base/error.h"
#include "storage/sql-private.h"

#define FORMER_LAST 9
#define TAKEN_OVER  (FORMER_LAST + 1)

static const char bookkeeping[] =
    "CREATE TABLE IF NOT EXISTS schema_migrations (version BIGINT PRIMARY KEY);"
    "CREATE TABLE IF NOT EXISTS schema_rooms (room TEXT " SQL_BYTE_ORDER
    " PRIMARY KEY, version BIGINT NOT NULL);";

/* How many of the room's steps ran in a database whose last of the shared list was @last. */
static size_t
taken_over(const Schema *schema, int64_t last)
{
  size_t count = 0;
  while (schema->former != NULL && schema->former[count] != 0 && schema->former[count] <= last)
    count++;
  return count;
}

static bool
read_former(SqlConnection *db, int64_t *last, GError **error)
{
  g_autoptr(SqlRows) rows =
      sql_query(db, error, "SELECT coalesce(max(version), 0) FROM schema_migrations", SQL_END);
  return sql_number(rows, last, error);
}

static bool
refuse_newer(const SqlPool *pool, GError **error)
{
  return error_set(error, ASSAY_ERROR_UNSUPPORTED,
                   "%s: a newer assay has changed this database: run that version, or restore the "
                   "copy of the data folder from before its first start",
                   pool->path);
}

static bool
write_version(SqlConnection *db, const char *room, size_t version, GError **error)
{
  return sql_run(db, NULL, error,
                 "INSERT INTO schema_rooms (room, version) VALUES ($1, $2) "
                 "ON CONFLICT (room) DO UPDATE SET version = excluded.version",
                 SQL_TEXT(room), SQL_INTEGER((int64_t)version), SQL_END);
}

/* Notes the steps that ran while all rooms shared one list (none, in a new database). */
typedef struct {
  const Schema *const *schemas;
  int64_t last;
} TakeOver;

/* A SqlWork. */
static bool
take_over(SqlConnection *db, void *data, GError **error)
{
  const TakeOver *from = data;
  for (const Schema *const *schema = from->schemas; *schema != NULL; schema++)
    if (!write_version(db, (*schema)->room, taken_over(*schema, from->last), error))
      return false;
  return sql_run(db, NULL, error, "INSERT INTO schema_migrations (version) VALUES ($1)",
                 SQL_INTEGER(TAKEN_OVER), SQL_END);
}

static bool
find_schema(const Schema *const *schemas, const char *room, size_t *index)
{
  for (*index = 0; schemas[*index] != NULL; ++*index)
    if (g_str_equal(schemas[*index]->room, room))
      return true;
  return false;
}

/* The number of steps that ran, in the order of @schemas. (transfer full) */
static size_t *
read_versions(SqlPool *pool, SqlConnection *db, const Schema *const *schemas, GError **error)
{
  Found found;
  g_autoptr(SqlRows) rows =
      sql_query(db, error, "SELECT room, version FROM schema_rooms ORDER BY room", SQL_END);
  if (rows == NULL)
    return NULL;
  size_t count = 0, index;
  while (schemas[count] != NULL)
    count++;
  g_autofree size_t *versions = g_new0(size_t, count + 1);
  while ((found = sql_next(rows, error)) == FOUND) {
    int64_t version = sql_rows_integer(rows, 1);
    if (!find_schema(schemas, sql_rows_text(rows, 0), &index) || version < 0 ||
        (size_t)version > schemas[index]->count) {
      refuse_newer(pool, error);
      return NULL;
    }
    versions[index] = (size_t)version;
  }
  if (found == FAILED)
    return NULL;
  return g_steal_pointer(&versions);
}

typedef struct {
  const Schema *schema;
  size_t version;
} Step;

/* A SqlWork. */
static bool
run_step(SqlConnection *db, void *data, GError **error)
{
  const Step *step = data;
  const Schema *schema = step->schema;
  g_autofree char *named = g_strdup_printf("/* step %zu of %s */ %s", step->version, schema->room,
                                           schema->steps[step->version - 1]);
  return sql_run_script(db, named, error) && write_version(db, schema->room, step->version, error);
}

bool
schemas_bring_up(SqlPool *pool, const Schema *const *schemas, GError **error)
{
  int64_t last = 0;
  if (!sql_run_script(pool->writer, bookkeeping, error) || !read_former(pool->writer, &last, error))
    return false;
  if (last > TAKEN_OVER)
    return refuse_newer(pool, error);
  TakeOver from = {schemas, last};
  if (last < TAKEN_OVER && !sql_transact(pool, take_over, &from, error))
    return false;
  g_autofree size_t *versions = read_versions(pool, pool->writer, schemas, error);
  if (versions == NULL)
    return false;
  for (size_t i = 0; schemas[i] != NULL; i++)
    for (size_t version = versions[i] + 1; version <= schemas[i]->count; version++) {
      Step step = {schemas[i], version};
      if (sql_transact(pool, run_step, &step, error))
        continue;
      g_prefix_error(error, "step %zu of the tables of %s: ", version, schemas[i]->room);
      return false;
    }
  return true;
}

static bool
refuse_older(const SqlPool *pool, GError **error)
{
  return error_set(error, ASSAY_ERROR_UNSUPPORTED,
                   "%s: an older assay wrote this database, and the data folder is read-only: "
                   "mount it for writing and start the server once, which upgrades it",
                   pool->path);
}

bool
schemas_check(SqlPool *pool, const Schema *const *schemas, GError **error)
{
  int64_t last = 0;
  g_autoptr(SqlConnection) db = sql_acquire(pool, error);
  if (db == NULL || !read_former(db, &last, error))
    return false;
  if (last != TAKEN_OVER)
    return last > TAKEN_OVER ? refuse_newer(pool, error) : refuse_older(pool, error);
  g_autofree size_t *versions = read_versions(pool, db, schemas, error);
  if (versions == NULL)
    return false;
  for (size_t i = 0; schemas[i] != NULL; i++)
    if (versions[i] < schemas[i]->count)
      return refuse_older(pool, error);
  return true;
}
