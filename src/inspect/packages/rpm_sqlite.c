/* rpm's SQLite database, opened in memory: SQLite sees no file, and the cage lets it open none. */
#include <sqlite3.h>
#include <string.h>

#include "base/error.h"
#include "inspect/packages/packages.h"
#include "inspect/packages/rpm-private.h"

/* In a database header: which version of the format may read and write it; 2 is write-ahead
 * logging, which a database in memory cannot have (https://sqlite.org/fileformat2.html, 1.3). */
#define VERSION_OFFSET  18
#define VERSION_LEGACY  1
#define HEADER_SIZE_MIN 100
/* Of a header: the largest that rpm itself takes. */
#define VALUE_BYTES_MAX (256 * 1024 * 1024)

static void
close_database(sqlite3 **database)
{
  sqlite3_close(*database);
}

static void
finalize_statement(sqlite3_stmt **statement)
{
  sqlite3_finalize(*statement);
}

/* SQLite owns the copy from here on. */
static bool
load(sqlite3 *database, Slice content)
{
  unsigned char *copy = sqlite3_malloc64(content.size);
  if (copy == NULL)
    return false;
  memcpy(copy, content.data, content.size);
  copy[VERSION_OFFSET] = copy[VERSION_OFFSET + 1] = VERSION_LEGACY;
  return sqlite3_deserialize(
             database, "main", copy, (sqlite3_int64)content.size, (sqlite3_int64)content.size,
             SQLITE_DESERIALIZE_READONLY | SQLITE_DESERIALIZE_FREEONCLOSE) == SQLITE_OK;
}

static bool
sqlite_failed(sqlite3 *database, GError **error)
{
  return error_set(error, ASSAY_ERROR_INVALID, "SQLite: %s", sqlite3_errmsg(database));
}

/* A view of that name, or a table that a module makes up, could be an endless one. */
static bool
is_table(sqlite3 *database)
{
  __attribute__((cleanup(finalize_statement))) sqlite3_stmt *statement = NULL;
  static const char text[] = "SELECT 1 FROM sqlite_schema WHERE name = 'Packages' AND "
                             "type = 'table' AND rootpage > 0";
  return sqlite3_prepare_v2(database, text, -1, &statement, NULL) == SQLITE_OK &&
         sqlite3_step(statement) == SQLITE_ROW;
}

bool
rpm_sqlite_visit(Slice content, RpmHeaderVisitor visit, void *data, GError **error)
{
  __attribute__((cleanup(close_database))) sqlite3 *database = NULL;
  __attribute__((cleanup(finalize_statement))) sqlite3_stmt *statement = NULL;
  if (content.size < HEADER_SIZE_MIN)
    return error_set(error, ASSAY_ERROR_INVALID, "SQLite: the database is cut off");
  if (sqlite3_open_v2(":memory:", &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
      SQLITE_OK)
    return sqlite_failed(database, error);
  if (!load(database, content))
    return error_set(error, ASSAY_ERROR_LIMIT,
                     "SQLite: the database takes more memory than limits.worker_memory_bytes");
  /* A hostile schema must not run functions of its own choice. */
  sqlite3_db_config(database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
  sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
  sqlite3_limit(database, SQLITE_LIMIT_LENGTH, VALUE_BYTES_MAX);
  if (!is_table(database))
    return error_set(error, ASSAY_ERROR_INVALID, "SQLite: there is no table Packages");
  if (sqlite3_prepare_v2(database, "SELECT hnum, blob FROM Packages", -1, &statement, NULL) !=
      SQLITE_OK)
    return sqlite_failed(database, error);
  int code = sqlite3_step(statement);
  for (; code == SQLITE_ROW; code = sqlite3_step(statement)) {
    if (sqlite3_column_int(statement, 0) == 0)
      return error_set(error, ASSAY_ERROR_INVALID, "SQLite: rpm stops at a package's number 0");
    const void *bytes = sqlite3_column_blob(statement, 1);
    Slice header = slice_new(bytes, (size_t)sqlite3_column_bytes(statement, 1));
    if (!visit(header, data, error))
      return false;
  }
  return code == SQLITE_DONE || sqlite_failed(database, error);
}

void
rpm_database_prepare(void)
{
  uint32_t seed;
  sqlite3_initialize();
  sqlite3_randomness(sizeof seed, &seed);
}
