/* Small blobs: what a power cut takes of their files is there again after a start, until it is on
 * the disk, and no longer. */
#include "fixture.h"
#include "registry/small_blobs.h"
#include "storage/fault.h"

static int64_t
count_kept(Fixture *fixture)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(SqlConnection) db = sql_acquire(fixture->sql, &error);
  g_autoptr(SqlRows) rows = sql_query(db, &error, "SELECT count(*) FROM small_blobs", SQL_END);
  int64_t count = -1;
  g_assert_true(sql_number(rows, &count, &error));
  return count;
}

static char *
path_of(Fixture *fixture, const Digest *digest)
{
  const char *hex = digest_hex(digest);
  return g_strdup_printf("%s/blobs/sha256/%.2s/%s", fixture->folder, hex, hex);
}

/* Files that are not on the disk may be missing after a power cut, be empty, or hold zeros. */
typedef enum { GONE, EMPTY, ZEROS, WHOLE, AFTER_ALL } Damage;

static void
damage(Fixture *fixture, const Digest *digest, Damage damage)
{
  g_autofree char *path = path_of(fixture, digest);
  struct stat status;
  g_assert_cmpint(stat(path, &status), ==, 0);
  if (damage == GONE)
    g_assert_cmpint(unlink(path), ==, 0);
  if (damage == EMPTY || damage == ZEROS) {
    g_assert_cmpint(truncate(path, 0), ==, 0);
    g_assert_cmpint(truncate(path, damage == ZEROS ? status.st_size : 0), ==, 0);
  }
}

static void
assert_content(Fixture *fixture, const char *repository, const char *text)
{
  g_autoptr(GError) error = NULL;
  Digest digest = digest_of(DIGEST_SHA256, slice_from_string(text));
  uint64_t size = 0;
  auto_fd int fd = registry_blob_open(fixture->registry, repository, &digest, &size, &error);
  g_assert_no_error(error);
  g_autoptr(GBytes) bytes = fd_read_all(fd, 1 << 20, &error);
  Slice found = slice_from_bytes(bytes);
  g_assert_cmpmem(found.data, found.size, text, strlen(text));
}

static void
test_power_cut(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  for (Damage each = GONE; each < AFTER_ALL; each++) {
    g_autofree char *text = g_strdup_printf("small %d", each);
    Digest digest = push_blob(fixture->registry, "r", text);
    g_assert_cmpint(count_kept(fixture), ==, 1);
    damage(fixture, &digest, each);
    close_all(fixture);
    open_all(fixture);
    g_assert_true(registry_restore_blobs(fixture->registry, &error));
    assert_content(fixture, "r", text);
    g_assert_true(registry_settle_blobs(fixture->registry, &error));
    g_assert_cmpint(count_kept(fixture), ==, 0);
    assert_content(fixture, "r", text);
  }
}

/* One that is pushed where its file is waits for the disk itself, as large ones do. */
static void
test_what_is_not_kept(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *large = g_strnfill(100 * 1024, 'x');
  push_blob(fixture->registry, "r", large);
  g_assert_cmpint(count_kept(fixture), ==, 0);
  push_blob(fixture->registry, "r", "twice");
  g_assert_true(registry_settle_blobs(fixture->registry, &error));
  push_blob(fixture->registry, "s", "twice");
  g_assert_cmpint(count_kept(fixture), ==, 0);
  assert_content(fixture, "s", "twice");
}

/* What was deleted does not come back. */
static void
test_deleted(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  Digest digest = push_blob(fixture->registry, "r", "deleted");
  g_assert_true(registry_blob_delete(fixture->registry, "r", &digest, &error));
  g_assert_true(registry_restore_blobs(fixture->registry, &error));
  g_assert_false(blob_store_has(fixture->blobs, &digest, NULL));
  g_assert_true(registry_settle_blobs(fixture->registry, &error));
  g_assert_no_error(error);
  g_assert_false(blob_store_has(fixture->blobs, &digest, NULL));
  g_assert_cmpint(count_kept(fixture), ==, 0);
}

/* The disk does not take it: the database keeps it, and the file is written anew. */
static void
test_failing_disk(Fixture *fixture, gconstpointer data)
{
#ifdef ASSAY_FAULT_INJECTION
  bool settled = false;
  unsigned failed = 0;
  for (int call = 0; !settled; call++) {
    g_autoptr(GError) error = NULL;
    g_autofree char *text = g_strdup_printf("failing %d", call);
    Digest digest = push_blob(fixture->registry, "r", text);
    io_fault_after(call, EIO);
    settled = registry_settle_blobs(fixture->registry, &error);
    io_fault_after(-1, 0);
    failed += !settled;
    g_assert_cmpint(count_kept(fixture) == 0, ==, settled);
    if (!settled)
      damage(fixture, &digest, EMPTY);
    g_assert_true(registry_restore_blobs(fixture->registry, NULL));
    assert_content(fixture, "r", text);
    g_assert_true(registry_settle_blobs(fixture->registry, NULL));
    g_assert_cmpint(count_kept(fixture), ==, 0);
  }
  g_assert_cmpuint(failed, >, 1);
#else
  g_test_skip("built without fault_injection");
#endif
}

/* The kernel tells of what it lost once: a second sync proves nothing. */
static void
test_sync_tells_once(Fixture *fixture, gconstpointer data)
{
#ifdef ASSAY_FAULT_INJECTION
  unsigned failed = 0;
  for (int call = 0; call < 8; call++) {
    g_autoptr(GError) error = NULL;
    g_autofree char *text = g_strdup_printf("told once %d", call);
    Digest digest = push_blob(fixture->registry, "r", text);
    io_fault_after(call, EIO);
    bool settled = registry_settle_blobs(fixture->registry, NULL);
    io_fault_after(-1, 0);
    if (!settled) {
      failed++;
      damage(fixture, &digest, ZEROS);
    }
    g_assert_true(registry_settle_blobs(fixture->registry, &error));
    g_assert_no_error(error);
    assert_content(fixture, "r", text);
    g_assert_cmpint(count_kept(fixture), ==, 0);
  }
  g_assert_cmpuint(failed, >, 1);
#else
  g_test_skip("built without fault_injection");
#endif
}

/* The disk takes nothing at a start: what is torn is missing, and comes back when it does. */
static void
test_start_on_a_failing_disk(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  Digest torn = push_blob(fixture->registry, "r", "torn"),
         whole = push_blob(fixture->registry, "r", "whole");
  g_autofree char *uploads = g_build_filename(fixture->folder, "uploads", NULL);
  damage(fixture, &torn, ZEROS);
  close_all(fixture);
  open_all(fixture);
  g_assert_cmpint(rmdir(uploads), ==, 0); /* where files begin */
  g_assert_true(registry_restore_blobs(fixture->registry, &error));
  g_assert_no_error(error);
  g_assert_false(blob_store_has(fixture->blobs, &torn, NULL));
  g_assert_true(blob_store_has(fixture->blobs, &whole, NULL));
  g_assert_false(registry_settle_blobs(fixture->registry, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_IO);
  g_clear_error(&error);
  g_assert_cmpint(count_kept(fixture), ==, 2);
  close_all(fixture);
  open_all(fixture);
  g_assert_true(registry_restore_blobs(fixture->registry, &error));
  g_assert_true(registry_settle_blobs(fixture->registry, &error));
  assert_content(fixture, "r", "torn");
  assert_content(fixture, "r", "whole");
  g_assert_cmpint(count_kept(fixture), ==, 0);
}

/* What is lent counts instead of what the file has. */
static void
test_lent(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  for (Damage each = GONE; each < WHOLE; each++) {
    g_autofree char *text = g_strdup_printf("lent %d", each);
    Digest digest = push_blob(fixture->registry, "r", text);
    damage(fixture, &digest, each);
    g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));
    blob_store_lend(fixture->blobs, &digest, bytes);
    uint64_t size = 0;
    g_assert_true(blob_store_has(fixture->blobs, &digest, &size));
    g_assert_cmpuint(size, ==, strlen(text));
    assert_content(fixture, "r", text);
    g_autoptr(GBytes) read = blob_store_read(fixture->blobs, &digest, 100, &error);
    g_assert_true(g_bytes_equal(read, bytes));
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
#define ADD(path, function)                                                                        \
  g_test_add("/small-blobs/" path, Fixture, NULL, set_up, function, tear_down)
  ADD("power-cut", test_power_cut);
  ADD("what-is-not-kept", test_what_is_not_kept);
  ADD("deleted", test_deleted);
  ADD("failing-disk", test_failing_disk);
  ADD("sync-tells-once", test_sync_tells_once);
  ADD("start-on-a-failing-disk", test_start_on_a_failing_disk);
  ADD("lent", test_lent);
  return g_test_run();
}
