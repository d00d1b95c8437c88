/* The check of a data folder: each kind of damage is named, repaired where it can be, and then not
 * found again. */
#include "fixture.h"

#include "registry/fsck.h"

typedef struct {
  unsigned count[FSCK_UNKNOWN_UPLOAD + 1], all, left;
  char *object, *detail; /* of the last */
} Told;

static void
told(const FsckFinding *finding, void *data)
{
  Told *told = data;
  told->count[finding->kind]++;
  told->all++;
  told->left += !finding->repaired;
  g_free(told->object);
  g_free(told->detail);
  told->object = g_strdup(finding->object);
  told->detail = g_strdup(finding->detail);
}

static bool
go_on(uint64_t done, uint64_t total, void *data)
{
  g_assert_cmpuint(done, <=, total);
  return true;
}

static Told
check(Fixture *fixture, bool repair, bool content)
{
  g_autoptr(GError) error = NULL;
  Told result = {.all = 0};
  const FsckOptions options = {repair, content, told, go_on, &result};
  g_assert_true(registry_fsck(fixture->registry, &options, &error));
  g_assert_no_error(error);
  return result;
}

static void
told_clear(Told *told)
{
  g_free(told->object);
  g_free(told->detail);
}

static void
run_sql(Fixture *fixture, const char *text)
{
  g_autoptr(GError) error = NULL;
  g_assert_true(sql_write(fixture->sql, NULL, &error, text, SQL_END));
  g_assert_no_error(error);
}

static char *
path_of(Fixture *fixture, const Digest *digest)
{
  const char *hex = digest_hex(digest);
  return g_strdup_printf("%s/blobs/sha256/%.2s/%s", fixture->folder, hex, hex);
}

static void
write_file(Fixture *fixture, const Digest *digest, const char *text)
{
  g_autofree char *path = path_of(fixture, digest);
  unlink(path);
  g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

/* --- the damages --- */

static void
lose(Fixture *fixture, const Digest *blob)
{
  g_assert_true(blob_store_delete(fixture->blobs, blob, NULL));
}

static void
cut(Fixture *fixture, const Digest *blob)
{
  write_file(fixture, blob, "v");
}

static void
turn(Fixture *fixture, const Digest *blob)
{
  write_file(fixture, blob, "V1");
}

static void
add_file(Fixture *fixture, const Digest *blob)
{
  Digest other = digest_of(DIGEST_SHA256, SLICE_LITERAL("unknown"));
  g_assert_true(blob_store_put(fixture->blobs, &other, SLICE_LITERAL("unknown"), NULL));
}

static void
change_manifest(Fixture *fixture, const Digest *blob)
{
  run_sql(fixture, "UPDATE manifests SET content = 'changed'");
}

static void
lose_reference(Fixture *fixture, const Digest *blob)
{
  run_sql(fixture, "DELETE FROM manifest_references");
}

static void
add_reference(Fixture *fixture, const Digest *blob)
{
  run_sql(fixture, "INSERT INTO manifest_references (repository, digest, manifest, kind) "
                   "VALUES ('r', 'sha256:0', 'sha256:1', 'layer')");
}

static void
add_upload(Fixture *fixture, const Digest *blob)
{
  run_sql(fixture, "INSERT INTO uploads (id, repository, created) VALUES ('gone', 'r', 0)");
}

static void
test_damages(Fixture *fixture, gconstpointer data)
{
  static const struct {
    const char *name;
    void (*damage)(Fixture *fixture, const Digest *blob);
    FsckKind kind;
    bool content, repairable;
    const char *says;
  } cases[] = {
      {"a lost file", lose, FSCK_MISSING_BLOB, false, true, "needed by r@sha256:"},
      {"a cut file", cut, FSCK_DAMAGED_BLOB, false, true, "its 1 bytes have the digest"},
      {"a file of other bytes", turn, FSCK_DAMAGED_BLOB, true, true, "needed by r@sha256:"},
      {"an unknown file", add_file, FSCK_UNKNOWN_FILE, false, true, "7 bytes"},
      {"a changed manifest", change_manifest, FSCK_DAMAGED_MANIFEST, false, false, "push it again"},
      {"a lost reference", lose_reference, FSCK_MISSING_REFERENCE, false, true, "not written down"},
      {"an unknown reference", add_reference, FSCK_UNKNOWN_REFERENCE, false, true, "not there"},
      {"an unknown upload", add_upload, FSCK_UNKNOWN_UPLOAD, false, true, "not there"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    run_sql(fixture, "DELETE FROM tags");
    run_sql(fixture, "DELETE FROM manifest_references");
    run_sql(fixture, "DELETE FROM manifests");
    push_image(fixture->registry, "r", "v1");
    Digest blob = digest_of(DIGEST_SHA256, SLICE_LITERAL("v1"));
    Told before = check(fixture, false, true);
    g_assert_cmpuint(before.all, ==, 0);
    cases[i].damage(fixture, &blob);
    Told seen = check(fixture, false, cases[i].content);
    g_test_message("%s: %s: %s", cases[i].name, seen.object, seen.detail);
    g_assert_cmpuint(seen.count[cases[i].kind], ==, 1);
    g_assert_cmpuint(seen.all, ==, 1);
    g_assert_cmpuint(seen.left, ==, 1);
    g_assert_nonnull(strstr(seen.detail, cases[i].says));
    Told repaired = check(fixture, true, cases[i].content);
    g_assert_cmpuint(repaired.all, ==, 1);
    g_assert_cmpuint(repaired.left, ==, cases[i].repairable ? 0 : 1);
    Told after = check(fixture, false, true);
    g_assert_cmpuint(after.all, ==, cases[i].repairable ? 0 : 1);
    told_clear(&seen);
    told_clear(&repaired);
    told_clear(&after);
  }
}

/* A blob that was forgotten is pushed again, and what is damaged is kept to be looked at. */
static void
test_heals(Fixture *fixture, gconstpointer data)
{
  Digest image = push_image(fixture->registry, "r", "v1"),
         blob = digest_of(DIGEST_SHA256, SLICE_LITERAL("v1"));
  uint64_t size;
  turn(fixture, &blob);
  Told repaired = check(fixture, true, true);
  g_assert_cmpuint(repaired.left, ==, 0);
  told_clear(&repaired);
  g_assert_false(registry_blob_stat(fixture->registry, "r", &blob, &size, NULL));
  g_autofree char *damaged = g_strdup_printf("%s/damaged/%s", fixture->folder, digest_hex(&blob));
  g_assert_true(g_file_test(damaged, G_FILE_TEST_EXISTS));
  push_blob(fixture->registry, "r", "v1");
  g_autoptr(GPtrArray) missing = registry_missing(fixture->registry, "r", &image, NULL);
  g_assert_cmpuint(missing->len, ==, 0);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
#define ADD(path, function) g_test_add("/fsck/" path, Fixture, NULL, set_up, function, tear_down)
  ADD("damages", test_damages);
  ADD("heals", test_heals);
  return g_test_run();
}
