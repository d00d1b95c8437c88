/* Reading the advisory database. Building it is in builder.c, its bytes are in record.c and
 * table.c.
 */
#include "advisory/database/database.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "advisory/database/database-private.h"
#include "advisory/database/record-private.h"
#include "advisory/database/table-private.h"
#include "base/error.h"
#include "base/fd.h"
#include "inventory/ecosystem.h"

struct AdvisoryDatabase {
  gatomicrefcount references;
  Table *table;
  char *path;
  char *generation;
  bool first_format; /* RECORD_FORMAT_FIRST */
  struct stat opened;
};

/* The value of @key; *block is NULL when there is none. */
static bool
get_record(AdvisoryDatabase *database, const GByteArray *key, GBytes **block, Slice *record,
           GError **error)
{
  return table_find(database->table, slice_new(key->data, key->len), block, record, error);
}

/* A string record; NULL without *error when there is none. (transfer full) */
static char *
get_text(AdvisoryDatabase *database, char letter, const char *name, GError **error)
{
  g_autoptr(GByteArray) key = record_key(letter, name, NULL);
  g_autoptr(GBytes) block = NULL;
  Slice record;
  return get_record(database, key, &block, &record, error) && block != NULL ? slice_to_utf8(record)
                                                                            : NULL;
}

bool
advisory_format_is_known(const char *format)
{
  return g_strcmp0(format, RECORD_FORMAT) == 0 || g_strcmp0(format, RECORD_FORMAT_FIRST) == 0;
}

static bool
read_head(AdvisoryDatabase *database, GError **error)
{
  g_autoptr(GError) failure = NULL;
  g_autofree char *format = get_text(database, 'M', "format", &failure);
  /* They are read as the newest: their records say what they do not have. */
  if (g_strcmp0(format, RECORD_FORMAT_UNRATED) == 0 ||
      g_strcmp0(format, RECORD_FORMAT_WITHOUT_SYMBOLS) == 0) {
    g_free(format);
    format = g_strdup(RECORD_FORMAT);
  }
  if (failure == NULL)
    database->generation = get_text(database, 'M', "generation", &failure);
  if (failure != NULL) {
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
  }
  database->first_format = g_strcmp0(format, RECORD_FORMAT_FIRST) == 0;
  return (advisory_format_is_known(format) && database->generation != NULL) ||
         error_set(error, ASSAY_ERROR_UNSUPPORTED,
                   "%s: written by another version of assay (run `assay db update`)",
                   database->path);
}

static char *
user_name(uid_t user)
{
  char text[1024];
  struct passwd entry, *found = NULL;
  int failure = getpwuid_r(user, &entry, text, sizeof text, &found);
  return failure == 0 && found != NULL ? g_strdup(found->pw_name)
                                       : g_strdup_printf("%u", (unsigned)user);
}

static bool
not_permitted(const char *path, GError **error)
{
  struct stat status = {0};
  if (lstat(path, &status) < 0)
    return error_set_errno(error, EACCES, "%s", path);
  g_autofree char *owner = user_name(status.st_uid), *own = user_name(geteuid());
  return error_set(error, ASSAY_ERROR_IO,
                   "%s: cannot be opened: permission denied (its owner is %s, this runs as %s): "
                   "chown %s %s",
                   path, owner, own, own, path);
}

/* A pipe would keep us waiting, and a terminal become ours. */
static int
open_file(const char *path, GError **error)
{
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (fd < 0 && errno == ENOENT)
    error_set(error, ASSAY_ERROR_NOT_FOUND,
              "%s: there is no advisory database yet (run `assay db update`)", path);
  else if (fd < 0 && errno == EACCES)
    not_permitted(path, error);
  else if (fd < 0)
    error_set_errno(error, errno, "%s", path);
  return fd;
}

AdvisoryDatabase *
advisory_database_open(const char *path, GError **error)
{
  g_autoptr(AdvisoryDatabase) database = g_new0(AdvisoryDatabase, 1);
  g_atomic_ref_count_init(&database->references);
  database->path = g_strdup(path);
  auto_fd int fd = open_file(path, error);
  if (fd < 0)
    return NULL;
  if (fstat(fd, &database->opened) < 0) {
    error_set_errno(error, errno, "%s", path);
    return NULL;
  }
  database->table = table_open(fd_steal(&fd), path, error);
  return database->table != NULL && read_head(database, error) ? g_steal_pointer(&database) : NULL;
}

bool
advisory_database_verify(AdvisoryDatabase *database, GError **error)
{
  return table_verify(database->table, error);
}

AdvisoryDatabase *
advisory_database_open_verified(const char *path, GError **error)
{
  g_autoptr(AdvisoryDatabase) database = advisory_database_open(path, error);
  return database != NULL && advisory_database_verify(database, error) ? g_steal_pointer(&database)
                                                                       : NULL;
}

uint64_t
advisory_database_size(const AdvisoryDatabase *database)
{
  return (uint64_t)database->opened.st_size;
}

bool
advisory_database_is_damaged(const AdvisoryDatabase *database)
{
  return table_is_damaged(database->table);
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
  table_free(database->table);
  g_free(database->path);
  g_free(database->generation);
  g_free(database);
}

const char *
advisory_database_format(const AdvisoryDatabase *database)
{
  return database->first_format ? RECORD_FORMAT_FIRST : RECORD_FORMAT;
}

const char *
advisory_database_generation(const AdvisoryDatabase *database)
{
  return database->generation;
}

/* Also when the file that is open was written to, which nobody should. */
bool
advisory_database_is_stale(const AdvisoryDatabase *database)
{
  const struct stat *opened = &database->opened;
  struct stat status;
  return stat(database->path, &status) == 0 &&
         (status.st_dev != opened->st_dev || status.st_ino != opened->st_ino ||
          status.st_size != opened->st_size || status.st_mtim.tv_sec != opened->st_mtim.tv_sec ||
          status.st_mtim.tv_nsec != opened->st_mtim.tv_nsec);
}

bool
advisory_database_is_at(const AdvisoryDatabase *database, const char *path)
{
  struct stat status;
  return lstat(path, &status) == 0 && status.st_dev == database->opened.st_dev &&
         status.st_ino == database->opened.st_ino;
}

bool
database_speaks_of(const AdvisoryDatabase *database, const char *ecosystem)
{
  const Ecosystem *row = database->first_format ? ecosystem_find(ecosystem) : NULL;
  return row == NULL || !row->application;
}

bool
advisory_database_lookup(AdvisoryDatabase *database, const char *ecosystem, const char *package,
                         AdvisoryVisitor visit, void *data, GError **error)
{
  g_autoptr(GByteArray) key = record_key('R', ecosystem, package);
  g_autoptr(GBytes) block = NULL;
  Slice record;
  if (!database_speaks_of(database, ecosystem))
    return true;
  if (!get_record(database, key, &block, &record, error))
    return false;
  return block == NULL || record_decode_ranges(record, ecosystem, package, visit, data, error);
}

static AdvisoryDetails *
get_details(AdvisoryDatabase *database, const char *id, GError **error)
{
  g_autoptr(GByteArray) key = record_key('D', id, NULL);
  g_autoptr(GBytes) block = NULL;
  Slice record;
  return get_record(database, key, &block, &record, error) && block != NULL
             ? record_decode_details(record, id, error)
             : NULL;
}

AdvisoryDetails *
advisory_database_details(AdvisoryDatabase *database, const char *id, GError **error)
{
  g_autoptr(GError) failure = NULL;
  g_autofree char *main_id = NULL;
  AdvisoryDetails *details = get_details(database, id, &failure);
  if (details == NULL && failure == NULL)
    main_id = get_text(database, 'A', id, &failure);
  if (main_id != NULL)
    details = get_details(database, main_id, &failure);
  if (failure != NULL)
    g_propagate_error(error, g_steal_pointer(&failure));
  return details;
}

bool
advisory_database_covers(AdvisoryDatabase *database, const char *ecosystem,
                         const char *architecture)
{
  g_autoptr(GByteArray) key = record_key('E', ecosystem, NULL);
  g_autoptr(GBytes) block = NULL;
  Slice record, each;
  if (!database_speaks_of(database, ecosystem) ||
      !get_record(database, key, &block, &record, NULL) || block == NULL)
    return false;
  const char *wanted = advisory_architecture(architecture);
  if (record.size == 0 || wanted == NULL || strcmp(wanted, ADVISORY_NO_ARCHITECTURE) == 0)
    return true;
  while (slice_next_field(&record, ',', &each))
    if (slice_equal_string(each, wanted))
      return true;
  return false;
}

static void
free_feed_status(gpointer status)
{
  advisory_feed_status_free(status);
}

/* Leaves the letter out. */
typedef struct {
  DatabaseRecordVisitor visit;
  void *data;
} Visit;

static bool
visit_record(Slice key, Slice record, void *data, GError **error)
{
  const Visit *visit = data;
  return visit->visit(slice_sub(key, 1, key.size), record, visit->data, error);
}

bool
database_visit_records(AdvisoryDatabase *database, char letter, DatabaseRecordVisitor visit,
                       void *data, GError **error)
{
  Visit to = {visit, data};
  return table_visit(database->table, slice_new(&letter, 1), visit_record, &to, error);
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
