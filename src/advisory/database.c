/* Reading the advisory database. Building it is in builder.c, its bytes are in record.c. */
#include "advisory/database.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <string.h>
#include <sys/stat.h>

#include "advisory/database-private.h"
#include "advisory/file-private.h"
#include "advisory/record-private.h"
#include "base/error.h"
#include "base/fd.h"

#define OPEN_ATTEMPTS 3 /* against a rename between our look at the file and LMDB's */

struct AdvisoryDatabase {
  gatomicrefcount references;
  MDB_env *environment;
  MDB_dbi tree;
  char *path;
  char *generation;
  dev_t device;
  ino_t inode;
};

typedef MDB_txn ReadTransaction;
static void
end_read(ReadTransaction **transaction)
{
  if (*transaction != NULL)
    mdb_txn_abort(*transaction);
}
#define auto_read __attribute__((cleanup(end_read)))

static bool
set_lmdb_error(GError **error, int code, const char *path)
{
  return error_set(error, ASSAY_ERROR_IO, "%s: %s (run `assay db update`)", path,
                   mdb_strerror(code));
}

static ReadTransaction *
begin_read(AdvisoryDatabase *database, GError **error)
{
  ReadTransaction *transaction = NULL;
  int code = mdb_txn_begin(database->environment, NULL, MDB_RDONLY, &transaction);
  if (code != 0)
    set_lmdb_error(error, code, database->path);
  return transaction;
}

/* The value of @key; *@found is false when there is none. */
static bool
get_record(AdvisoryDatabase *database, ReadTransaction *transaction, const GByteArray *key,
           Slice *record, bool *found, GError **error)
{
  MDB_val wanted = {key->len, key->data}, value;
  int code = mdb_get(transaction, database->tree, &wanted, &value);
  *found = code == 0;
  if (code == 0)
    *record = slice_new(value.mv_data, value.mv_size);
  return code == 0 || code == MDB_NOTFOUND || set_lmdb_error(error, code, database->path);
}

/* A string record of the head. (transfer full) */
static char *
get_head(AdvisoryDatabase *database, ReadTransaction *transaction, const char *name)
{
  g_autoptr(GByteArray) key = record_key('M', name, NULL);
  Slice record;
  bool found = false;
  if (!get_record(database, transaction, key, &record, &found, NULL) || !found)
    return NULL;
  return slice_to_utf8(record);
}

static bool
read_head(AdvisoryDatabase *database, GError **error)
{
  auto_read ReadTransaction *transaction = begin_read(database, error);
  if (transaction == NULL)
    return false;
  int code = mdb_dbi_open(transaction, NULL, 0, &database->tree);
  if (code != 0)
    return set_lmdb_error(error, code, database->path);
  g_autofree char *format = get_head(database, transaction, "format");
  database->generation = get_head(database, transaction, "generation");
  bool known = g_strcmp0(format, RECORD_FORMAT) == 0 || g_strcmp0(format, RECORD_FORMAT_FIRST) == 0;
  if (!known || database->generation == NULL)
    return error_set(error, ASSAY_ERROR_INVALID,
                     "%s: written by another version of assay (run `assay db update`)",
                     database->path);
  return true;
}

/* Opens with LMDB what @fd is open on; *@moved is set when the path was renamed over meanwhile. */
static bool
open_environment(AdvisoryDatabase *database, int fd, bool *moved, GError **error)
{
  struct stat status, opened;
  int lmdb_fd = -1;
  if (fstat(fd, &status) < 0)
    return error_set_errno(error, errno, "%s", database->path);
  int code = mdb_env_create(&database->environment);
  /* The file's own size: the builder's generous reservation is not the reader's. */
  if (code == 0)
    code = mdb_env_set_mapsize(database->environment, (size_t)status.st_size);
  if (code == 0)
    code = mdb_env_open(database->environment, database->path,
                        MDB_NOSUBDIR | MDB_RDONLY | MDB_NOLOCK | MDB_NOTLS | MDB_NORDAHEAD, 0);
  if (code == 0)
    code = mdb_env_get_fd(database->environment, &lmdb_fd);
  if (code != 0)
    return set_lmdb_error(error, code, database->path);
  if (fstat(lmdb_fd, &opened) < 0)
    return error_set_errno(error, errno, "%s", database->path);
  *moved = opened.st_ino != status.st_ino || opened.st_dev != status.st_dev;
  database->device = opened.st_dev;
  database->inode = opened.st_ino;
  return true;
}

static int
open_file(const char *path, GError **error)
{
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (fd < 0 && errno == ENOENT)
    error_set(error, ASSAY_ERROR_NOT_FOUND,
              "%s: there is no advisory database yet (run `assay db update`)", path);
  else if (fd < 0)
    error_set_errno(error, errno, "%s", path);
  return fd;
}

bool
advisory_database_verify(const char *path, GError **error)
{
  auto_fd int fd = open_file(path, error);
  return fd >= 0 && database_file_check_content(fd, path, error);
}

AdvisoryDatabase *
advisory_database_open(const char *path, GError **error)
{
  for (int attempt = 0; attempt < OPEN_ATTEMPTS; attempt++) {
    bool moved = false;
    auto_fd int fd = open_file(path, error);
    if (fd < 0 || !database_file_check_size(fd, path, error))
      return NULL;
    g_autoptr(AdvisoryDatabase) database = g_new0(AdvisoryDatabase, 1);
    g_atomic_ref_count_init(&database->references);
    database->path = g_strdup(path);
    if (!open_environment(database, fd, &moved, error))
      return NULL;
    if (!moved)
      return read_head(database, error) ? g_steal_pointer(&database) : NULL;
  }
  error_set(error, ASSAY_ERROR_BUSY, "%s: is being replaced again and again", path);
  return NULL;
}

AdvisoryDatabase *
advisory_database_ref(AdvisoryDatabase *database)
{
  g_atomic_ref_count_inc(&database->references);
  return database;
}

void
advisory_database_unref(AdvisoryDatabase *database)
{
  if (database == NULL || !g_atomic_ref_count_dec(&database->references))
    return;
  if (database->environment != NULL)
    mdb_env_close(database->environment);
  g_free(database->path);
  g_free(database->generation);
  g_free(database);
}

const char *
advisory_database_generation(const AdvisoryDatabase *database)
{
  return database->generation;
}

bool
advisory_database_is_stale(const AdvisoryDatabase *database)
{
  struct stat status;
  return stat(database->path, &status) == 0 &&
         (status.st_dev != database->device || status.st_ino != database->inode);
}

bool
advisory_database_lookup(AdvisoryDatabase *database, const char *ecosystem, const char *package,
                         AdvisoryVisitor visit, void *data, GError **error)
{
  g_autoptr(GByteArray) key = record_key('R', ecosystem, package);
  auto_read ReadTransaction *transaction = begin_read(database, error);
  Slice record;
  bool found;
  if (transaction == NULL || !get_record(database, transaction, key, &record, &found, error))
    return false;
  return !found || record_decode_ranges(record, ecosystem, package, visit, data, error);
}

AdvisoryDetails *
advisory_database_details(AdvisoryDatabase *database, const char *id, GError **error)
{
  auto_read ReadTransaction *transaction = begin_read(database, error);
  g_autoptr(GByteArray) key = record_key('D', id, NULL);
  g_autofree char *main_id = NULL;
  Slice record;
  bool found;
  if (transaction == NULL || !get_record(database, transaction, key, &record, &found, error))
    return NULL;
  if (!found) {
    g_autoptr(GByteArray) alias_key = record_key('A', id, NULL);
    if (!get_record(database, transaction, alias_key, &record, &found, error) || !found)
      return NULL;
    main_id = slice_to_utf8(record);
    g_autoptr(GByteArray) main_key = record_key('D', main_id, NULL);
    if (!get_record(database, transaction, main_key, &record, &found, error) || !found)
      return NULL;
  }
  return record_decode_details(record, main_id != NULL ? main_id : id, error);
}

bool
advisory_database_covers(AdvisoryDatabase *database, const char *ecosystem,
                         const char *architecture)
{
  g_autoptr(GByteArray) key = record_key('E', ecosystem, NULL);
  auto_read ReadTransaction *transaction = begin_read(database, NULL);
  Slice record, each;
  bool found = false;
  if (transaction == NULL || !get_record(database, transaction, key, &record, &found, NULL) ||
      !found)
    return false;
  const char *wanted = advisory_architecture(architecture);
  if (record.size == 0 || wanted == NULL || strcmp(wanted, ADVISORY_NO_ARCHITECTURE) == 0)
    return true;
  while (slice_next_field(&record, ',', &each))
    if (slice_equal_string(each, wanted))
      return true;
  return false;
}

void
advisory_feed_status_free(AdvisoryFeedStatus *status)
{
  if (status == NULL)
    return;
  const char *const texts[] = {status->feed, status->type, status->source, status->source_date};
  for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
    g_free((gpointer)(uintptr_t)texts[i]); /* const for those who only pass a status on */
  g_free(status);
}

static void
free_feed_status(gpointer status)
{
  advisory_feed_status_free(status);
}

bool
database_visit_records(AdvisoryDatabase *database, char letter, DatabaseRecordVisitor visit,
                       void *data, GError **error)
{
  auto_read ReadTransaction *transaction = begin_read(database, error);
  MDB_cursor *cursor;
  if (transaction == NULL)
    return false;
  int code = mdb_cursor_open(transaction, database->tree, &cursor);
  if (code != 0)
    return set_lmdb_error(error, code, database->path);
  MDB_val key = {1, &letter}, value;
  bool visited = true;
  for (code = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
       visited && code == 0 && key.mv_size > 0 && *(const char *)key.mv_data == letter;
       code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT))
    visited = visit(slice_sub(slice_new(key.mv_data, key.mv_size), 1, key.mv_size),
                    slice_new(value.mv_data, value.mv_size), data, error);
  mdb_cursor_close(cursor);
  return visited;
}

static bool
take_feed(Slice name, Slice record, void *feeds, GError **error)
{
  AdvisoryFeedStatus *status = record_decode_feed(record, name, error);
  if (status != NULL)
    g_ptr_array_add(feeds, status);
  return status != NULL;
}

GPtrArray *
advisory_database_feeds(AdvisoryDatabase *database, GError **error)
{
  g_autoptr(GPtrArray) feeds = g_ptr_array_new_with_free_func(free_feed_status);
  return database_visit_records(database, 'F', take_feed, feeds, error) ? g_steal_pointer(&feeds)
                                                                        : NULL;
}
