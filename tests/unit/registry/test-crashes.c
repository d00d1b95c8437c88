/* What a registry does when something breaks: clients that never come back, crashes between two
 * steps, disks that are full or fail. */
#include "fixture.h"
#include "storage/fault.h"

/* The file of an upload, as if nobody had touched it for long. */
static void
make_old(Fixture *fixture, const char *id)
{
  struct timespec past[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
  g_autofree char *path = g_build_filename(fixture->folder, "uploads", id, NULL);
  g_assert_cmpint(utimensat(AT_FDCWD, path, past, 0), ==, 0);
}

static void
test_expiry(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  RegistryUpload *upload = registry_upload_start(fixture->registry, "r", DIGEST_SHA256, &error);
  g_autofree char *id = g_strdup(registry_upload_id(upload));
  registry_upload_release(upload);
  g_assert_cmpuint(registry_expire_uploads(fixture->registry), ==, 0);
  make_old(fixture, id);
  g_assert_cmpuint(registry_expire_uploads(fixture->registry), ==, 1);
  g_assert_null(registry_upload_take(fixture->registry, "r", id, &error));
  g_assert_error(error, REGISTRY_ERROR, REGISTRY_BLOB_UPLOAD_UNKNOWN);
}

/* However slow a client is: while its request runs, its upload stays. */
static void
test_expiry_spares_what_is_taken(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  Digest digest = digest_of(DIGEST_SHA256, SLICE_LITERAL("slow"));
  RegistryUpload *upload = registry_upload_start(fixture->registry, "r", DIGEST_SHA256, &error);
  g_assert_true(registry_upload_append(upload, SLICE_LITERAL("sl"), &error));
  make_old(fixture, registry_upload_id(upload));
  g_assert_cmpuint(registry_expire_uploads(fixture->registry), ==, 0);
  g_assert_true(registry_upload_append(upload, SLICE_LITERAL("ow"), &error));
  g_assert_true(registry_upload_finish(upload, &digest, &error));
  registry_upload_release(upload);
}

/* Sessions that killed clients left make room before a new one is refused. */
static void
test_idle_uploads_make_room(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  fixture->limits.concurrent_uploads = 2;
  close_all(fixture);
  open_all(fixture);
  char ids[2][64];
  for (size_t i = 0; i < G_N_ELEMENTS(ids); i++) {
    RegistryUpload *upload = registry_upload_start(fixture->registry, "r", DIGEST_SHA256, &error);
    g_assert_no_error(error);
    g_strlcpy(ids[i], registry_upload_id(upload), sizeof ids[i]);
    registry_upload_release(upload);
  }
  g_assert_null(registry_upload_start(fixture->registry, "r", DIGEST_SHA256, &error));
  g_assert_error(error, REGISTRY_ERROR, REGISTRY_TOOMANYREQUESTS);
  g_clear_error(&error);
  make_old(fixture, ids[0]);
  g_assert_true(sql_write(fixture->sql, NULL, &error, "UPDATE uploads SET created = 1", SQL_END));
  g_autoptr(RegistryUpload) room =
      registry_upload_start(fixture->registry, "r", DIGEST_SHA256, &error);
  g_assert_no_error(error);
  uint64_t size;
  g_assert_false(registry_upload_status(fixture->registry, "r", ids[0], &size, NULL));
  g_assert_true(registry_upload_status(fixture->registry, "r", ids[1], &size, NULL));
}

static void
test_status_while_taken(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(RegistryUpload) upload =
      registry_upload_start(fixture->registry, "r", DIGEST_SHA256, &error);
  g_assert_true(registry_upload_append(upload, SLICE_LITERAL("hel"), &error));
  uint64_t size = 0;
  const char *id = registry_upload_id(upload);
  g_assert_true(registry_upload_status(fixture->registry, "r", id, &size, &error));
  g_assert_cmpuint(size, ==, 3);
  g_assert_false(registry_upload_status(fixture->registry, "other", id, &size, &error));
  g_assert_error(error, REGISTRY_ERROR, REGISTRY_BLOB_UPLOAD_UNKNOWN);
}

/* A file without a row, as a crash between the two steps of a push leaves it, goes; what a
 * repository holds stays. */
static void
test_orphans(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  unsigned removed = 0;
  Digest kept = push_blob(fixture->registry, "r", "kept"),
         orphan = digest_of(DIGEST_SHA512, SLICE_LITERAL("orphan"));
  g_assert_true(blob_store_put(fixture->blobs, &orphan, SLICE_LITERAL("orphan"), &error));
  close_all(fixture);
  open_all(fixture);
  g_assert_true(registry_remove_orphans(fixture->registry, &removed, &error));
  g_assert_cmpuint(removed, ==, 1);
  g_assert_false(blob_store_has(fixture->blobs, &orphan, NULL));
  g_assert_true(blob_store_has(fixture->blobs, &kept, NULL));
  /* Later there is nothing to look for. */
  g_assert_true(blob_store_put(fixture->blobs, &orphan, SLICE_LITERAL("orphan"), &error));
  g_assert_true(registry_remove_orphans(fixture->registry, &removed, &error));
  g_assert_cmpuint(removed, ==, 0);
}

/* A row without a file, as a disk leaves it that lost what it had: a push heals it. */
static void
test_lost_file_is_healed(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  Registry *registry = fixture->registry;
  Digest digest = push_blob(registry, "r", "lost");
  uint64_t size;
  g_assert_true(blob_store_delete(fixture->blobs, &digest, &error));
  g_assert_cmpint(registry_blob_open(registry, "r", &digest, &size, &error), ==, -1);
  g_assert_error(error, REGISTRY_ERROR, REGISTRY_BLOB_UNKNOWN);
  g_clear_error(&error);
  g_assert_cmpint(registry_blob_mount(registry, "s", "r", &digest, &error), ==, ABSENT);
  g_assert_no_error(error);
  push_blob(registry, "r", "lost");
  auto_fd int fd = registry_blob_open(registry, "r", &digest, &size, &error);
  g_assert_no_error(error);
}

#ifdef ASSAY_FAULT_INJECTION
/* A blob and a manifest on it, or the first error. */
static bool
push_whole(Registry *registry, const char *text, GError **error)
{
  Digest digest = digest_of(DIGEST_SHA256, slice_from_string(text)), manifest;
  g_autoptr(RegistryUpload) upload = registry_upload_start(registry, "r", DIGEST_SHA256, error);
  if (upload == NULL || !registry_upload_append(upload, slice_from_string(text), error) ||
      !registry_upload_finish(upload, &digest, error))
    return false;
  g_autofree char *body = manifest_text(&digest, MEDIA_TYPE_OCI_CONFIG, NULL);
  return put_text(registry, "r", text, MEDIA_TYPE_OCI_MANIFEST, body, &manifest, error);
}

static void
assert_whole(Registry *registry, const char *text)
{
  g_autoptr(GError) error = NULL;
  Digest digest = digest_of(DIGEST_SHA256, slice_from_string(text));
  uint64_t size = 0;
  g_autoptr(StoredManifest) stored = registry_manifest_get(registry, "r", text, &error);
  g_assert_no_error(error);
  auto_fd int fd = registry_blob_open(registry, "r", &digest, &size, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(size, ==, strlen(text));
}

typedef void (*Inject)(int calls, int errno_value);

/* Each call on files fails in turn, those of SQLite's among them: an error is told, nothing half is
 * seen, neither at once nor after a restart, and the push can be repeated. The number of calls. */
static int
walk_faults(Fixture *fixture, Inject inject, int errno_value, const char *name, bool restart)
{
  int call = 0;
  /* A call may fail and do no harm (SQLite's checkpoint is done later); three in a row come after
   * the last. */
  for (unsigned in_a_row = 0; in_a_row < 3; call++) {
    g_autoptr(GError) error = NULL;
    g_autofree char *text = g_strdup_printf("%s-%d-at-%d", name, errno_value, call);
    inject(call, errno_value);
    bool pushed = push_whole(fixture->registry, text, &error);
    io_fault_after(-1, 0);
    in_a_row = pushed ? in_a_row + 1 : 0;
    g_test_message("%s: call %d: %s", name, call, pushed ? "pushed" : error->message);
    if (!pushed)
      g_assert_true(error->domain == ASSAY_ERROR &&
                    (error->code == ASSAY_ERROR_IO || error->code == ASSAY_ERROR_FULL));
    if (restart) {
      close_all(fixture);
      open_all(fixture);
    }
    g_autoptr(StoredManifest) there = registry_manifest_get(fixture->registry, "r", text, NULL);
    if (pushed || there != NULL)
      assert_whole(fixture->registry, text);
    g_clear_error(&error);
    g_assert_true(push_whole(fixture->registry, text, &error));
    g_assert_no_error(error);
    assert_whole(fixture->registry, text);
  }
  /* Nothing that was acknowledged before was lost by what failed after. */
  for (int i = 0; i < call; i++) {
    g_autofree char *text = g_strdup_printf("%s-%d-at-%d", name, errno_value, i);
    assert_whole(fixture->registry, text);
  }
  return call;
}
#endif

static void
test_failing_disk(Fixture *fixture, gconstpointer data)
{
#ifdef ASSAY_FAULT_INJECTION
  unsigned removed;
  g_assert_cmpint(walk_faults(fixture, io_fault_after, ENOSPC, "full", false), >, 12);
  g_assert_cmpint(walk_faults(fixture, io_fault_once, EIO, "once", false), >, 12);
  g_assert_cmpint(walk_faults(fixture, io_fault_after, EIO, "gone", true), >, 12);
  g_assert_true(registry_remove_orphans(fixture->registry, &removed, NULL));
#else
  g_test_skip("built without fault_injection");
#endif
}

/* A finish whose row could not be written is tried again on the same session, without the bytes. */
static void
test_finish_is_tried_again(Fixture *fixture, gconstpointer data)
{
#ifdef ASSAY_FAULT_INJECTION
  Digest digest = digest_of(DIGEST_SHA256, SLICE_LITERAL("again"));
  unsigned retried = 0;
  bool finished = false;
  for (int call = 0; !finished; call++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(RegistryUpload) upload =
        registry_upload_start(fixture->registry, "r", DIGEST_SHA256, &error);
    g_assert_true(registry_upload_append(upload, SLICE_LITERAL("again"), &error));
    io_fault_once(call, EIO);
    finished = registry_upload_finish(upload, &digest, &error);
    io_fault_after(-1, 0);
    g_clear_error(&error);
    /* fsync() of the bytes is the one failure that ends the session. */
    if (!finished && call > 0) {
      g_assert_true(registry_upload_finish(upload, &digest, &error));
      g_assert_no_error(error);
      retried++;
    }
    uint64_t size = 0;
    if (finished || call > 0)
      g_assert_true(registry_blob_delete(fixture->registry, "r", &digest, &error));
    g_assert_false(registry_blob_stat(fixture->registry, "r", &digest, &size, NULL));
  }
  g_assert_cmpuint(retried, >, 3);
#else
  g_test_skip("built without fault_injection");
#endif
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
#ifdef ASSAY_FAULT_INJECTION
  io_fault_in_sqlite();
#endif
#define ADD(name, function)                                                                        \
  g_test_add("/registry-crashes/" name, Fixture, NULL, set_up, function, tear_down)
  ADD("expiry", test_expiry);
  ADD("expiry-spares-what-is-taken", test_expiry_spares_what_is_taken);
  ADD("idle-uploads-make-room", test_idle_uploads_make_room);
  ADD("status-while-taken", test_status_while_taken);
  ADD("orphans", test_orphans);
  ADD("lost-file-is-healed", test_lost_file_is_healed);
  ADD("failing-disk", test_failing_disk);
  ADD("finish-is-tried-again", test_finish_is_tried_again);
  return g_test_run();
}
