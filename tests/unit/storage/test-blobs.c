/* The blob store: whole or not there, through lying digests, resumed uploads, races and failing
 * disks. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fd.h"
#include "storage/blobs.h"
#include "storage/fault.h"

typedef struct {
  char *folder;
  BlobStore *store;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  fixture->folder = g_dir_make_tmp("assay-blobs-XXXXXX", &error);
  fixture->store = blob_store_open(fixture->folder, true, &error);
  g_assert_no_error(error);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  blob_store_close(fixture->store);
  g_assert_true(directory_remove(AT_FDCWD, fixture->folder, &error));
  g_free(fixture->folder);
}

static void
assert_holds(BlobStore *store, const Digest *digest, const char *text)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) bytes = blob_store_read(store, digest, 1000, &error);
  g_assert_no_error(error);
  g_assert_true(slice_equal_string(slice_from_bytes(bytes), text));
}

static void
test_put_read_delete(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  for (DigestAlgorithm algorithm = DIGEST_SHA256; algorithm <= DIGEST_SHA512; algorithm++) {
    Digest digest = digest_of(algorithm, SLICE_LITERAL("hello"));
    uint64_t size = 0;
    g_assert_false(blob_store_has(fixture->store, &digest, NULL));
    g_assert_true(blob_store_put(fixture->store, &digest, SLICE_LITERAL("hello"), &error));
    g_assert_true(blob_store_has(fixture->store, &digest, &size));
    g_assert_cmpuint(size, ==, 5);
    assert_holds(fixture->store, &digest, "hello");
    g_assert_null(blob_store_read(fixture->store, &digest, 4, &error));
    g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_LIMIT);
    g_clear_error(&error);
    g_assert_true(blob_store_delete(fixture->store, &digest, &error));
    g_assert_cmpint(blob_store_open_blob(fixture->store, &digest, NULL, &error), ==, -1);
    g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND);
    g_clear_error(&error);
  }
}

static void
test_lying_digest(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  Digest lie = digest_of(DIGEST_SHA256, SLICE_LITERAL("other"));
  g_autoptr(BlobUpload) upload = blob_upload_new(fixture->store, DIGEST_SHA256, &error);
  g_autofree char *id = g_strdup(blob_upload_id(upload));
  g_assert_true(blob_upload_append(upload, SLICE_LITERAL("hello"), &error));
  g_assert_false(blob_upload_finish(upload, &lie, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_MISMATCH);
  g_clear_error(&error);
  g_assert_false(blob_store_has(fixture->store, &lie, NULL));
  g_assert_null(blob_upload_resume(fixture->store, id, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND);
}

static void
test_resume(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *id = NULL;
  {
    g_autoptr(BlobUpload) upload = blob_upload_new(fixture->store, DIGEST_SHA256, &error);
    id = g_strdup(blob_upload_id(upload));
    g_assert_true(blob_upload_append(upload, SLICE_LITERAL("hel"), &error));
  }
  g_autoptr(BlobUpload) upload = blob_upload_resume(fixture->store, id, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(blob_upload_size(upload), ==, 3);
  g_assert_true(blob_upload_append(upload, SLICE_LITERAL("lo"), &error));
  /* Announced as sha256, finished by another algorithm. */
  Digest digest = digest_of(DIGEST_SHA512, SLICE_LITERAL("hello"));
  g_assert_true(blob_upload_finish(upload, &digest, &error));
  g_assert_no_error(error);
  assert_holds(fixture->store, &digest, "hello");
}

static void
test_ids_are_no_paths(Fixture *fixture, gconstpointer data)
{
  static const char *const ids[] = {"", ".", "..", "../blobs", "/etc/passwd", "x"};
  for (size_t i = 0; i < G_N_ELEMENTS(ids); i++) {
    g_autoptr(GError) error = NULL;
    g_test_message("case \"%s\"", ids[i]);
    g_assert_null(blob_upload_resume(fixture->store, ids[i], &error));
    g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND);
  }
}

static bool
is_named(const char *id, void *data)
{
  const char *const *name = data;
  return g_strcmp0(id, *name) == 0;
}

static void
test_expiry(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  const char *used = NULL;
  g_autoptr(BlobUpload) upload = blob_upload_new(fixture->store, DIGEST_SHA256, &error);
  g_assert_cmpuint(blob_store_expire_uploads(fixture->store, 3600, is_named, &used), ==, 0);
  struct timespec past[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
  g_autofree char *path =
      g_build_filename(fixture->folder, "uploads", blob_upload_id(upload), NULL);
  g_assert_cmpint(utimensat(AT_FDCWD, path, past, 0), ==, 0);
  used = blob_upload_id(upload);
  g_assert_cmpuint(blob_store_expire_uploads(fixture->store, 3600, is_named, &used), ==, 0);
  g_assert_false(blob_upload_is_gone(upload));
  used = NULL;
  g_assert_cmpuint(blob_store_expire_uploads(fixture->store, 3600, is_named, &used), ==, 1);
  g_assert_true(blob_upload_is_gone(upload));
}

/* A blob that is there keeps its bytes whatever is done with the handle that brought it. */
static void
test_stored_upload_is_closed(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(BlobUpload) upload = blob_upload_new(fixture->store, DIGEST_SHA256, &error);
  g_assert_true(blob_upload_append(upload, SLICE_LITERAL("hello"), &error));
  Digest digest = digest_of(DIGEST_SHA256, SLICE_LITERAL("hello")),
         other = digest_of(DIGEST_SHA512, SLICE_LITERAL("hello"));
  g_assert_true(blob_upload_finish(upload, &digest, &error));
  g_assert_true(blob_upload_finish(upload, &digest, &error));
  g_assert_false(blob_upload_append(upload, SLICE_LITERAL("!"), &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_MISMATCH);
  g_clear_error(&error);
  g_assert_false(blob_upload_finish(upload, &other, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_MISMATCH);
  g_clear_error(&error);
  assert_holds(fixture->store, &digest, "hello");
  /* Removed behind its back: not "stored" by doing nothing. */
  g_assert_true(blob_store_delete(fixture->store, &digest, &error));
  g_assert_false(blob_upload_finish(upload, &digest, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND);
  g_assert_true(blob_upload_is_gone(upload));
}

/* What was sealed for one digest is not taken for another. */
static void
test_sealed_for_another(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(BlobUpload) upload = blob_upload_new(fixture->store, DIGEST_SHA256, &error);
  Digest first = digest_of(DIGEST_SHA256, SLICE_LITERAL("hel")),
         whole = digest_of(DIGEST_SHA256, SLICE_LITERAL("hello"));
  g_assert_true(blob_upload_append(upload, SLICE_LITERAL("hel"), &error));
  g_assert_true(blob_upload_seal(upload, &first, &error));
  g_assert_true(blob_upload_append(upload, SLICE_LITERAL("lo"), &error));
  g_assert_true(blob_upload_finish(upload, &whole, &error));
  assert_holds(fixture->store, &whole, "hello");
  g_assert_false(blob_store_has(fixture->store, &first, NULL));
}

static void
test_list(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  for (DigestAlgorithm algorithm = DIGEST_SHA256; algorithm <= DIGEST_SHA512; algorithm++) {
    Digest digest = digest_of(algorithm, SLICE_LITERAL("hello"));
    g_assert_true(blob_store_put(fixture->store, &digest, SLICE_LITERAL("hello"), &error));
    unsigned found = 0;
    for (unsigned first = 0; first < 256; first++) {
      g_autoptr(GArray) blobs = blob_store_list(fixture->store, algorithm, (uint8_t)first);
      found += blobs->len;
      if (blobs->len > 0)
        g_assert_true(digest_equal(&g_array_index(blobs, Digest, 0), &digest));
    }
    g_assert_cmpuint(found, ==, 1);
  }
}

#define RACERS 8
#define ROUNDS 50

static void *
race(void *data)
{
  Fixture *fixture = data;
  for (int round = 0; round < ROUNDS; round++) {
    g_autoptr(GError) error = NULL;
    g_autofree char *text = g_strdup_printf("blob %d", round);
    Digest digest = digest_of(DIGEST_SHA256, slice_from_string(text));
    g_assert_true(blob_store_put(fixture->store, &digest, slice_from_string(text), &error));
    assert_holds(fixture->store, &digest, text);
  }
  return NULL;
}

static void
test_concurrent_puts(Fixture *fixture, gconstpointer data)
{
  GThread *threads[RACERS];
  for (int i = 0; i < RACERS; i++)
    threads[i] = g_thread_new("racer", race, fixture);
  for (int i = 0; i < RACERS; i++)
    g_thread_join(threads[i]);
}

#ifdef ASSAY_FAULT_INJECTION
typedef void (*Inject)(int calls, int errno_value);

/* Every system call of a push fails in turn, for good or once: an error is told, what is visible is
 * whole, and the same push ends well when it is repeated. The number of calls that there are. */
static int
walk_faults(Fixture *fixture, Inject inject, int errno_value, const char *name)
{
  bool stored = false;
  int call = 0;
  for (; !stored; call++) {
    g_autoptr(GError) error = NULL;
    g_autofree char *text = g_strdup_printf("%s %d at %d", name, errno_value, call);
    Digest digest = digest_of(DIGEST_SHA256, slice_from_string(text));
    inject(call, errno_value);
    stored = blob_store_put(fixture->store, &digest, slice_from_string(text), &error);
    io_fault_after(-1, 0);
    g_test_message("%s: call %d: %s", name, call, stored ? "stored" : error->message);
    if (!stored)
      g_assert_error(error, ASSAY_ERROR,
                     (errno_value == ENOSPC ? ASSAY_ERROR_FULL : ASSAY_ERROR_IO));
    if (stored || blob_store_has(fixture->store, &digest, NULL))
      assert_holds(fixture->store, &digest, text);
    g_clear_error(&error);
    g_assert_true(blob_store_put(fixture->store, &digest, slice_from_string(text), &error));
    assert_holds(fixture->store, &digest, text);
  }
  return call;
}
#endif

static void
test_failing_disk(Fixture *fixture, gconstpointer data)
{
#ifdef ASSAY_FAULT_INJECTION
  static const int faults[] = {ENOSPC, EIO};
  for (size_t i = 0; i < G_N_ELEMENTS(faults); i++) {
    g_assert_cmpint(walk_faults(fixture, io_fault_after, faults[i], "after"), >, 5);
    g_assert_cmpint(walk_faults(fixture, io_fault_once, faults[i], "once"), >, 5);
  }
#else
  g_test_skip("built without fault_injection");
#endif
}

/* Bytes that the disk lost at fsync() are not believed to be there at a second one. */
static void
test_failed_sync_ends_the_upload(Fixture *fixture, gconstpointer data)
{
#ifdef ASSAY_FAULT_INJECTION
  g_autoptr(GError) error = NULL;
  g_autoptr(BlobUpload) upload = blob_upload_new(fixture->store, DIGEST_SHA256, &error);
  Digest digest = digest_of(DIGEST_SHA256, SLICE_LITERAL("hello"));
  g_assert_true(blob_upload_append(upload, SLICE_LITERAL("hello"), &error));
  io_fault_once(0, EIO);
  g_assert_false(blob_upload_finish(upload, &digest, &error));
  io_fault_after(-1, 0);
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_IO);
  g_clear_error(&error);
  g_assert_true(blob_upload_is_gone(upload));
  g_assert_false(blob_upload_finish(upload, &digest, &error));
  g_assert_false(blob_store_has(fixture->store, &digest, NULL));
#else
  g_test_skip("built without fault_injection");
#endif
}

/* Neither the write nor taking it back works: what is behind the end is no part of the blob. */
static void
test_half_a_chunk(Fixture *fixture, gconstpointer data)
{
#ifdef ASSAY_FAULT_INJECTION
  g_autoptr(GError) error = NULL;
  g_autoptr(BlobUpload) upload = blob_upload_new(fixture->store, DIGEST_SHA256, &error);
  g_autofree char *path =
      g_build_filename(fixture->folder, "uploads", blob_upload_id(upload), NULL);
  g_assert_true(blob_upload_append(upload, SLICE_LITERAL("hello"), &error));
  io_fault_after(0, ENOSPC);
  g_assert_false(blob_upload_append(upload, SLICE_LITERAL("lost"), &error));
  io_fault_after(-1, 0);
  g_clear_error(&error);
  g_assert_true(g_file_set_contents_full(path, "hello, and half of a chunk", -1,
                                         G_FILE_SET_CONTENTS_NONE, 0600, &error));
  Digest digest = digest_of(DIGEST_SHA256, SLICE_LITERAL("hello"));
  g_assert_true(blob_upload_finish(upload, &digest, &error));
  assert_holds(fixture->store, &digest, "hello");
#else
  g_test_skip("built without fault_injection");
#endif
}

/* A chunk that only half fits is not there at all, and the upload can go on. */
static void
test_append_after_fault(Fixture *fixture, gconstpointer data)
{
#ifdef ASSAY_FAULT_INJECTION
  g_autoptr(GError) error = NULL;
  g_autoptr(BlobUpload) upload = blob_upload_new(fixture->store, DIGEST_SHA256, &error);
  g_assert_true(blob_upload_append(upload, SLICE_LITERAL("hel"), &error));
  io_fault_after(0, ENOSPC);
  g_assert_false(blob_upload_append(upload, SLICE_LITERAL("lo"), &error));
  io_fault_after(-1, 0);
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_FULL);
  g_clear_error(&error);
  g_assert_cmpuint(blob_upload_size(upload), ==, 3);
  g_assert_true(blob_upload_append(upload, SLICE_LITERAL("lo"), &error));
  Digest digest = digest_of(DIGEST_SHA256, SLICE_LITERAL("hello"));
  g_assert_true(blob_upload_finish(upload, &digest, &error));
  assert_holds(fixture->store, &digest, "hello");
#else
  g_test_skip("built without fault_injection");
#endif
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add("/blobs/" name, Fixture, NULL, set_up, function, tear_down)
  ADD("put-read-delete", test_put_read_delete);
  ADD("lying-digest", test_lying_digest);
  ADD("resume", test_resume);
  ADD("ids-are-no-paths", test_ids_are_no_paths);
  ADD("expiry", test_expiry);
  ADD("stored-upload-is-closed", test_stored_upload_is_closed);
  ADD("sealed-for-another", test_sealed_for_another);
  ADD("list", test_list);
  ADD("concurrent-puts", test_concurrent_puts);
  ADD("failing-disk", test_failing_disk);
  ADD("failed-sync-ends-the-upload", test_failed_sync_ends_the_upload);
  ADD("half-a-chunk", test_half_a_chunk);
  ADD("append-after-fault", test_append_after_fault);
  return g_test_run();
}
