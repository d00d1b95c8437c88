/* Commits that share a sync: what was acknowledged is on the disk after a power cut, one sync
 * serves many, and one that fails is told to all who waited for it. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fd.h"
#include "storage/fault.h"
#include "storage/sql.h"

#ifdef ASSAY_FAULT_INJECTION

#define WRITERS     16
#define WRITES_EACH 12
#define SYNC_LASTS  2000 /* us: long enough that others come meanwhile */
#define CUTS        20
#define ALL_WRITERS (WRITERS * WRITES_EACH)

static const char *const steps[] = {
    "CREATE TABLE numbers (number BIGINT PRIMARY KEY, later BIGINT NOT NULL);",
};
static const Schema test_schema = {"test", steps, G_N_ELEMENTS(steps), NULL};
static const Schema *const schemas[] = {&test_schema, NULL};

/* What the watch of syncs sees and does. */
static struct {
  GMutex lock;
  unsigned syncs, fails; /* so many of the next ones fail */
  GBytes *written;       /* of the log, as the sync that runs began */
  GBytes *durable;       /* as the last one that succeeded began */
} disk;

typedef struct {
  char *folder, *path, *url;
  SqlPool *pool;
  int next;        /* atomic: the number to write next */
  GMutex lock;     /* of the two arrays */
  GArray *told;    /* numbers that were acknowledged */
  GArray *refused; /* those that were not */
} Fixture;

static GBytes *
read_file(const char *path)
{
  char *bytes = NULL;
  gsize size = 0;
  g_autoptr(GError) error = NULL;
  g_file_get_contents(path, &bytes, &size, &error);
  g_assert_no_error(error);
  return g_bytes_new_take(bytes, size);
}

static bool
watch(int fd, bool done)
{
  g_autofree char *link = g_strdup_printf("/proc/self/fd/%d", fd);
  g_autofree char *path = g_file_read_link(link, NULL);
  if (strstr(path, "/cut/") != NULL) /* the database that cut_the_power() opens */
    return true;
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&disk.lock);
  if (done) {
    g_clear_pointer(&disk.durable, g_bytes_unref);
    disk.durable = g_steal_pointer(&disk.written);
    return true;
  }
  disk.syncs++;
  g_clear_pointer(&disk.written, g_bytes_unref);
  disk.written = read_file(path);
  if (disk.fails == 0) {
    g_usleep(SYNC_LASTS);
    return true;
  }
  disk.fails--;
  return false;
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  fixture->folder = g_dir_make_tmp("assay-sql-log-XXXXXX", &error);
  fixture->path = g_build_filename(fixture->folder, "metadata.db", NULL);
  fixture->url = g_strconcat("sqlite:", fixture->path, NULL);
  fixture->told = g_array_new(FALSE, FALSE, sizeof(int));
  fixture->refused = g_array_new(FALSE, FALSE, sizeof(int));
  fault_watch_log(watch);
  fixture->pool = sql_pool_open(fixture->url, schemas, true, &error);
  g_assert_no_error(error);
  disk.syncs = disk.fails = 0;
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  fault_watch_log(NULL);
  sql_pool_close(fixture->pool);
  g_assert_true(directory_remove(AT_FDCWD, fixture->folder, &error));
  g_clear_pointer(&disk.written, g_bytes_unref);
  g_clear_pointer(&disk.durable, g_bytes_unref);
  g_array_unref(fixture->told);
  g_array_unref(fixture->refused);
  g_free(fixture->folder);
  g_free(fixture->path);
  g_free(fixture->url);
}

static bool
write_number(Fixture *fixture, GError **error)
{
  int number = g_atomic_int_add(&fixture->next, 1);
  bool told =
      sql_write(fixture->pool, NULL, error, "INSERT INTO numbers (number, later) VALUES ($1, 0)",
                SQL_INTEGER(number), SQL_END);
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&fixture->lock);
  g_array_append_val(told ? fixture->told : fixture->refused, number);
  return told;
}

static bool
write_later(Fixture *fixture, int number)
{
  return sql_write_later(fixture->pool, NULL, NULL,
                         "INSERT INTO numbers (number, later) VALUES ($1, 1)", SQL_INTEGER(number),
                         SQL_END);
}

static void *
write_some(void *data)
{
  for (unsigned i = 0; i < WRITES_EACH; i++) {
    g_autoptr(GError) error = NULL;
    if (!write_number(data, &error))
      g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_IO);
  }
  return NULL;
}

static void
begin_writers(Fixture *fixture, GThread **threads)
{
  for (size_t i = 0; i < WRITERS; i++)
    threads[i] = g_thread_new("writer", write_some, fixture);
}

static void
end_writers(GThread **threads)
{
  for (size_t i = 0; i < WRITERS; i++)
    g_thread_join(threads[i]);
}

/* How many of @told @pool holds. */
static unsigned
count_present(SqlPool *pool, const GArray *told)
{
  unsigned present = 0;
  g_autoptr(GError) error = NULL;
  g_autoptr(SqlConnection) db = sql_acquire(pool, &error);
  for (guint i = 0; i < told->len; i++) {
    g_autoptr(SqlRows) rows = NULL;
    present += sql_first(db, &rows, &error, "SELECT 1 FROM numbers WHERE number = $1",
                         SQL_INTEGER(g_array_index(told, int, i)), SQL_END) == FOUND;
  }
  g_assert_no_error(error);
  return present;
}

/* The database as a power cut at this moment leaves it: nothing of the log that no sync covered.
 * All that was acknowledged until now is in it. */
static void
cut_the_power(Fixture *fixture)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *folder = g_build_filename(fixture->folder, "cut", NULL);
  g_autofree char *path = g_build_filename(folder, "metadata.db", NULL);
  g_autofree char *url = g_strconcat("sqlite:", path, NULL), *log = g_strconcat(path, "-wal", NULL);
  g_mutex_lock(&fixture->lock);
  g_autoptr(GArray) told = g_array_copy(fixture->told);
  g_mutex_unlock(&fixture->lock);
  g_mutex_lock(&disk.lock);
  g_autoptr(GBytes) durable = g_bytes_ref(disk.durable), file = read_file(fixture->path);
  g_mutex_unlock(&disk.lock);
  g_assert_cmpint(mkdir(folder, 0700), ==, 0);
  g_assert_true(g_file_set_contents(path, g_bytes_get_data(file, NULL),
                                    (gssize)g_bytes_get_size(file), &error));
  g_assert_true(g_file_set_contents(log, g_bytes_get_data(durable, NULL),
                                    (gssize)g_bytes_get_size(durable), &error));
  SqlPool *pool = sql_pool_open(url, schemas, true, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(count_present(pool, told), ==, told->len);
  sql_pool_close(pool);
  g_assert_true(directory_remove(AT_FDCWD, folder, &error));
}

static void
test_one_writer(Fixture *fixture, gconstpointer data)
{
  for (unsigned i = 1; i <= 10; i++) {
    g_assert_true(write_number(fixture, NULL));
    g_assert_cmpuint(disk.syncs, ==, i);
    cut_the_power(fixture);
  }
}

static void
test_many_writers(Fixture *fixture, gconstpointer data)
{
  GThread *threads[WRITERS];
  begin_writers(fixture, threads);
  end_writers(threads);
  g_assert_cmpuint(fixture->told->len, ==, ALL_WRITERS);
  g_assert_cmpuint(disk.syncs, <, ALL_WRITERS / 3);
  cut_the_power(fixture);
}

static void
test_power_cuts(Fixture *fixture, gconstpointer data)
{
  GThread *threads[WRITERS];
  begin_writers(fixture, threads);
  for (unsigned i = 0; i < CUTS; i++)
    cut_the_power(fixture);
  end_writers(threads);
}

/* It costs no sync, goes to the disk with the next one, and before that with sql_settle(). */
static void
test_later(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GArray) later = g_array_new(FALSE, FALSE, sizeof(int));
  for (int number = 1000; number < 1010; number++) {
    g_assert_true(write_later(fixture, number));
    g_array_append_val(later, number);
  }
  g_assert_cmpuint(disk.syncs, ==, 0);
  g_assert_cmpuint(count_present(fixture->pool, later), ==, later->len);
  g_assert_true(sql_settle(fixture->pool, NULL));
  g_assert_cmpuint(disk.syncs, ==, 1);
  g_array_append_vals(fixture->told, later->data, later->len);
  cut_the_power(fixture);
  g_assert_true(sql_settle(fixture->pool, NULL));
  g_assert_cmpuint(disk.syncs, ==, 1);
}

/* One that changes nothing waits for what it may have read. */
static void
test_without_changes(Fixture *fixture, gconstpointer data)
{
  static const char nothing[] = "DELETE FROM numbers WHERE number = -1";
  g_assert_true(sql_write(fixture->pool, NULL, NULL, nothing, SQL_END));
  g_assert_cmpuint(disk.syncs, ==, 0);
  g_assert_true(write_later(fixture, 1));
  g_assert_true(sql_write(fixture->pool, NULL, NULL, nothing, SQL_END));
  g_assert_cmpuint(disk.syncs, ==, 1);
}

/* All who waited get the error; what comes next writes the log anew, until that succeeds. */
static void
test_failed_sync(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  disk.fails = 3;
  g_assert_false(write_number(fixture, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_IO);
  g_assert_cmpuint(disk.syncs, ==, 1);
  g_clear_error(&error);
  g_assert_false(write_number(fixture, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_IO);
  g_assert_cmpuint(disk.syncs, ==, 2);
  g_clear_error(&error);
  g_assert_false(sql_settle(fixture->pool, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_IO);
  g_assert_cmpuint(disk.syncs, ==, 3);
  /* The first was committed before its sync failed; the other did not begin. */
  g_assert_cmpuint(count_present(fixture->pool, fixture->refused), ==, 1);
  g_assert_true(write_number(fixture, &error));
  g_assert_cmpuint(disk.syncs, ==, 5);
  disk.fails = 1;
  g_assert_false(write_number(fixture, NULL));
  g_assert_true(sql_settle(fixture->pool, NULL));
  g_array_append_vals(fixture->told, fixture->refused->data, 1);
  cut_the_power(fixture);
}

static void
test_failures_among_many(Fixture *fixture, gconstpointer data)
{
  GThread *threads[WRITERS];
  begin_writers(fixture, threads);
  for (unsigned i = 0; i < 5; i++) {
    g_usleep(3 * SYNC_LASTS);
    g_mutex_lock(&disk.lock);
    disk.fails = 1;
    g_mutex_unlock(&disk.lock);
    cut_the_power(fixture);
  }
  end_writers(threads);
  disk.fails = 0; /* the writers may have ended before the last was due */
  g_assert_cmpuint(fixture->refused->len, >, 0);
  g_assert_cmpuint(fixture->told->len + fixture->refused->len, ==, ALL_WRITERS);
  g_assert_true(write_number(fixture, NULL));
  cut_the_power(fixture);
}

#endif

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
#ifdef ASSAY_FAULT_INJECTION
#define ADD(name, function) g_test_add("/sql-log/" name, Fixture, NULL, set_up, function, tear_down)
  ADD("one-writer", test_one_writer);
  ADD("many-writers", test_many_writers);
  ADD("power-cuts", test_power_cuts);
  ADD("later", test_later);
  ADD("without-changes", test_without_changes);
  ADD("failed-sync", test_failed_sync);
  ADD("failures-among-many", test_failures_among_many);
#endif
  return g_test_run();
}
