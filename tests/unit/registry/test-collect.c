/* Collection: what nobody needs goes, and nothing else, whatever is pushed, fails or dies
 * meanwhile. */
#include "fixture.h"

#include <errno.h>

#include "registry/collect.h"
#include "storage/fault.h"

#define HOUR 3600u

static bool
go_on(const Collected *so_far, uint64_t done, uint64_t total, void *data)
{
  g_assert_cmpuint(done, <=, total);
  return true;
}

static int manifests_gone; /* told, those of the test and of the collection */

static bool
count_gone(SqlConnection *db, void *digest, GError **error)
{
  manifests_gone += digest_parse(digest, &(Digest){0}, NULL);
  return true;
}

static const CollectWatch watch = {go_on, NULL};

static Collected
collect(Fixture *fixture, uint32_t grace)
{
  g_autoptr(GError) error = NULL;
  Collected collected;
  g_assert_true(registry_collect(fixture->registry, &(CollectAsked){grace, false}, &watch,
                                 &collected, &error));
  g_assert_no_error(error);
  return collected;
}

static int64_t
count_rows(Fixture *fixture, const char *text)
{
  int64_t count = -1;
  g_autoptr(SqlConnection) db = sql_acquire(fixture->sql, NULL);
  g_autoptr(SqlRows) rows = sql_query(db, NULL, text, SQL_END);
  g_assert_true(sql_number(rows, &count, NULL));
  return count;
}

static bool
is_there(Fixture *fixture, const char *repository, const Digest *digest)
{
  uint64_t size;
  g_autoptr(GError) error = NULL;
  bool there = registry_blob_stat(fixture->registry, repository, digest, &size, &error);
  if (!there)
    g_assert_error(error, REGISTRY_ERROR, REGISTRY_BLOB_UNKNOWN);
  else
    g_assert_true(blob_store_has(fixture->blobs, digest, NULL));
  return there;
}

static void
delete_manifest(Fixture *fixture, const char *repository, const Digest *digest)
{
  g_autoptr(GError) error = NULL;
  g_assert_true(registry_manifest_delete(fixture->registry, repository, digest->text, &error));
  g_assert_no_error(error);
}

static void
test_dead_and_needed(Fixture *fixture, gconstpointer data)
{
  Digest gone = push_image(fixture->registry, "a", "gone"),
         shared_a = push_image(fixture->registry, "a", "shared");
  push_image(fixture->registry, "b", "shared");
  push_image(fixture->registry, "b", "stays");
  Digest gone_blob = digest_of(DIGEST_SHA256, SLICE_LITERAL("gone")),
         shared_blob = digest_of(DIGEST_SHA256, SLICE_LITERAL("shared")),
         stays_blob = digest_of(DIGEST_SHA256, SLICE_LITERAL("stays"));
  Collected collected = collect(fixture, 0);
  g_assert_cmpuint(collected.blobs, ==, 0);
  delete_manifest(fixture, "a", &gone);
  delete_manifest(fixture, "a", &shared_a);
  collected = collect(fixture, 0);
  g_assert_cmpuint(collected.blobs, ==, 1);
  g_assert_cmpuint(collected.bytes, ==, strlen("gone"));
  g_assert_false(is_there(fixture, "a", &gone_blob));
  g_assert_false(is_there(fixture, "a", &shared_blob));
  g_assert_false(blob_store_has(fixture->blobs, &gone_blob, NULL));
  g_assert_true(is_there(fixture, "b", &shared_blob));
  g_assert_true(is_there(fixture, "b", &stays_blob));
  g_assert_cmpint(count_rows(fixture, "SELECT count(*) FROM blob_trash"), ==, 0);
}

/* Within the grace stays: what was pushed, mounted, asked for, and what a manifest let go. */
static void
test_pins(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  fixture->settings.gc.grace = HOUR;
  close_all(fixture);
  open_all(fixture);
  Registry *registry = fixture->registry;
  Digest image = push_image(registry, "a", "image"), pushed = push_blob(registry, "a", "pushed"),
         needed = digest_of(DIGEST_SHA256, SLICE_LITERAL("image"));
  g_assert_cmpint(registry_blob_mount(registry, "b", "a", &pushed, &error), ==, FOUND);
  g_assert_cmpint(registry_blob_is_promised(registry, "a", &pushed, &error), ==, FOUND);
  g_assert_true(
      sql_write(fixture->sql, NULL, &error, "UPDATE repository_blobs SET pinned = 0", SQL_END));
  g_assert_cmpint(registry_blob_is_promised(registry, "a", &pushed, &error), ==, ABSENT);
  /* What a manifest needs is promised without a pin, which comes when that goes. */
  g_assert_cmpint(registry_blob_is_promised(registry, "a", &needed, &error), ==, FOUND);
  delete_manifest(fixture, "a", &image);
  g_assert_cmpint(registry_blob_is_promised(registry, "a", &needed, &error), ==, FOUND);
  g_assert_true(registry_blob_promise(registry, "b", &pushed, &error));
  Collected seen;
  g_assert_true(registry_collect_preview(registry, &(CollectAsked){HOUR, false}, &seen, &error));
  g_assert_cmpuint(seen.blobs, ==, 0);
  g_assert_cmpuint(seen.waiting_blobs, ==, 2);
  g_assert_cmpuint(seen.waiting_bytes, ==, strlen("pushed") + strlen("image"));
  Collected collected = collect(fixture, HOUR);
  g_assert_cmpuint(collected.blobs, ==, 0);
  g_assert_cmpuint(collected.waiting_blobs, ==, 2);
  /* "a" has it no more, for nobody was told there. */
  g_assert_false(is_there(fixture, "a", &pushed));
  g_assert_true(is_there(fixture, "b", &pushed));
  g_assert_true(is_there(fixture, "a", &needed));
  g_assert_false(registry_blob_promise(registry, "a", &pushed, &error));
  g_assert_error(error, REGISTRY_ERROR, REGISTRY_BLOB_UNKNOWN);
  g_assert_cmpuint(collect(fixture, 0).blobs, ==, 2);
}

static Digest
put_referrer(Fixture *fixture, const char *reference, const char *type, const Digest *subject)
{
  Digest digest, config = push_blob(fixture->registry, "a", "{}");
  g_autoptr(GError) error = NULL;
  g_autofree char *text = manifest_text(&config, type, subject);
  g_autofree char *own = g_strdup(digest_of(DIGEST_SHA256, slice_from_string(text)).text);
  g_assert_true(put_text(fixture->registry, "a", reference != NULL ? reference : own,
                         MEDIA_TYPE_OCI_MANIFEST, text, &digest, &error));
  g_assert_no_error(error);
  return digest;
}

static bool
manifest_is_there(Fixture *fixture, const Digest *digest)
{
  g_autoptr(StoredManifest) there =
      registry_manifest_get(fixture->registry, "a", digest->text, NULL);
  return there != NULL;
}

/* What was left of an image that is gone goes with it: by its subject, by its tag; not what a tag
 * of its own names, nor what was there before its subject ever was. */
static void
test_referrers(Fixture *fixture, gconstpointer data)
{
  Digest image = push_image(fixture->registry, "a", "image"),
         never = digest_of(DIGEST_SHA256, SLICE_LITERAL("never pushed"));
  g_autofree char *tag = g_strdup_printf("sha256-%s.sig", digest_hex(&image));
  Digest by_subject = put_referrer(fixture, NULL, "application/a", &image),
         of_referrer = put_referrer(fixture, NULL, "application/b", &by_subject),
         by_tag = put_referrer(fixture, tag, "application/c", NULL),
         tagged = put_referrer(fixture, "mine", "application/d", &image),
         early = put_referrer(fixture, NULL, "application/e", &never);
  manifests_gone = 0;
  registry_forget_with(fixture->registry, count_gone);
  delete_manifest(fixture, "a", &image);
  g_assert_cmpuint(collect(fixture, HOUR).referrers, ==, 0);
  g_assert_cmpuint(collect(fixture, 0).referrers, ==, 3);
  g_assert_cmpint(manifests_gone, ==, 4);
  g_assert_false(manifest_is_there(fixture, &by_subject));
  g_assert_false(manifest_is_there(fixture, &of_referrer));
  g_assert_false(manifest_is_there(fixture, &by_tag));
  g_assert_true(manifest_is_there(fixture, &tagged));
  g_assert_true(manifest_is_there(fixture, &early));
  /* A subject that came back keeps its own. */
  image = push_image(fixture->registry, "a", "image");
  by_subject = put_referrer(fixture, NULL, "application/a", &image);
  delete_manifest(fixture, "a", &image);
  push_image(fixture->registry, "a", "image");
  g_assert_cmpuint(collect(fixture, 0).referrers, ==, 0);
  g_assert_true(manifest_is_there(fixture, &by_subject));
  g_assert_cmpint(count_rows(fixture, "SELECT count(*) FROM gone_manifests"), ==, 0);
}

static void
test_empty_repositories(Fixture *fixture, gconstpointer data)
{
  Digest image = push_image(fixture->registry, "a", "image");
  push_image(fixture->registry, "b", "other");
  g_assert_cmpuint(collect(fixture, 0).repositories, ==, 0);
  delete_manifest(fixture, "a", &image);
  g_assert_cmpuint(collect(fixture, HOUR).repositories, ==, 0);
  g_assert_cmpuint(collect(fixture, 0).repositories, ==, 1);
  bool more;
  g_auto(GStrv) names = registry_catalog(fixture->registry, NULL, -1, &more, NULL);
  g_assert_cmpstr(names[0], ==, "b");
  g_assert_null(names[1]);
  push_image(fixture->registry, "a", "image");
}

/* Of a manifest that a version before took and this one cannot read, nobody knows what it needs. */
static void
test_unreadable(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  Digest blob = push_blob(fixture->registry, "a", "needed by whom?"),
         free = push_blob(fixture->registry, "b", "free");
  g_assert_true(sql_write(fixture->sql, NULL, &error,
                          "INSERT INTO manifests (repository, digest, media_type, content, pushed) "
                          "VALUES ('a', 'sha256:0', 'text/plain', 'no manifest', 0)",
                          SQL_END));
  g_assert_true(sql_write(fixture->sql, NULL, &error,
                          "INSERT INTO unrecorded_manifests (repository, digest) "
                          "VALUES ('a', 'sha256:0')",
                          SQL_END));
  g_assert_cmpuint(collect(fixture, 0).blobs, ==, 1);
  g_assert_true(is_there(fixture, "a", &blob));
  g_assert_false(is_there(fixture, "b", &free));
}

/* What is pushed again while its file waits to be removed is of the next generation, and stays. */
static void
test_pushed_again(Fixture *fixture, gconstpointer data)
{
#ifdef ASSAY_FAULT_INJECTION
  g_autoptr(GError) error = NULL;
  Digest digest = push_blob(fixture->registry, "a", "again");
  /* The call that removes the file comes after those of the transaction. */
  for (int call = 0, trash = 0; trash == 0; call++) {
    io_fault_once(call, EIO);
    g_assert_false(registry_blob_delete(fixture->registry, "a", &digest, &error));
    io_fault_after(-1, 0);
    g_clear_error(&error);
    trash = (int)count_rows(fixture, "SELECT count(*) FROM blob_trash");
  }
  g_assert_false(is_there(fixture, "a", &digest));
  g_assert_true(blob_store_has(fixture->blobs, &digest, NULL));
  push_blob(fixture->registry, "a", "again");
  g_assert_cmpint(count_rows(fixture, "SELECT max(generation) FROM blobs"), ==, 1);
  Collected collected = {0};
  g_assert_true(registry_empty_trash(fixture->registry, &collected, &error));
  g_assert_cmpuint(collected.blobs, ==, 0);
  g_assert_cmpint(count_rows(fixture, "SELECT count(*) FROM blob_trash"), ==, 0);
  g_assert_true(is_there(fixture, "a", &digest));
#else
  g_test_skip("built without fault_injection");
#endif
}

#ifdef ASSAY_FAULT_INJECTION
static void
push_many(Fixture *fixture, const char *prefix, unsigned count)
{
  for (unsigned i = 0; i < count; i++) {
    g_autofree char *text = g_strdup_printf("%s-%u", prefix, i);
    push_blob(fixture->registry, "a", text);
  }
}
#endif

/* Each call on files fails in turn, with and without a new start after it: the next run leaves
 * nothing dead, and never was anything lost. */
static void
test_failing_disk(Fixture *fixture, gconstpointer data)
{
#ifdef ASSAY_FAULT_INJECTION
  static const int values[] = {EIO, ENOSPC};
  Digest kept = push_image(fixture->registry, "a", "kept");
  for (unsigned restart = 0; restart < 4; restart++) {
    bool whole = false;
    for (int call = 0; !whole; call++) {
      g_autoptr(GError) error = NULL;
      Collected collected;
      push_many(fixture, "dead", 3);
      io_fault_after(call, values[restart % 2]);
      whole = registry_collect(fixture->registry, &(CollectAsked){0, false}, &watch, &collected,
                               &error) &&
              collected.failed == 0;
      io_fault_after(-1, 0);
      g_test_message("%s: call %d: %s", g_strerror(values[restart % 2]), call,
                     error != NULL ? error->message : "went on");
      if (restart >= 2) {
        close_all(fixture);
        open_all(fixture);
      }
      collect(fixture, 0);
      g_assert_cmpint(count_rows(fixture, "SELECT count(*) FROM blobs"), ==, 1);
      g_assert_cmpint(count_rows(fixture, "SELECT count(*) FROM blob_trash"), ==, 0);
      unsigned files = 0;
      for (unsigned first = 0; first < 256; first++) {
        g_autoptr(GArray) list = blob_store_list(fixture->blobs, DIGEST_SHA256, (uint8_t)first);
        files += list->len;
      }
      g_assert_cmpuint(files, ==, 1);
      g_autoptr(GPtrArray) missing = registry_missing(fixture->registry, "a", &kept, &error);
      g_assert_cmpuint(missing->len, ==, 0);
    }
  }
#else
  g_test_skip("built without fault_injection");
#endif
}

/* --- two at once --- */

#define ROUNDS  150
#define PUSHERS 2

typedef struct {
  Fixture *fixture;
  int pushing; /* atomic: threads */
  int lost;    /* atomic: manifests that were taken and lack what they need */
  int taken, refused;
} Race;

/* Pushes the way clients do: asks first, sends what is not there, and then the manifest. */
static void
push_asking(Fixture *fixture, const char *repository, const char *text)
{
  g_autoptr(GError) error = NULL;
  uint64_t size;
  Digest digest = digest_of(DIGEST_SHA256, slice_from_string(text));
  Registry *registry = fixture->registry;
  if (!registry_blob_stat(registry, repository, &digest, &size, NULL) ||
      !registry_blob_promise(registry, repository, &digest, NULL)) {
    if (registry_blob_mount(registry, repository, NULL, &digest, &error) != FOUND)
      push_blob(registry, repository, text);
  }
  g_assert_no_error(error);
}

static void *
push_all_the_time(void *data)
{
  Race *race = data;
  static int number;
  g_autofree char *repository = g_strdup_printf("r%d", g_atomic_int_add(&number, 1) % PUSHERS);
  Registry *registry = race->fixture->registry;
  for (int i = 0; i < ROUNDS; i++) {
    g_autoptr(GError) error = NULL;
    Digest digest, blob = digest_of(DIGEST_SHA256, SLICE_LITERAL("raced for"));
    g_autofree char *text = manifest_text(&blob, "application/a", NULL);
    push_asking(race->fixture, repository, "raced for");
    if (!put_text(registry, repository, "v1", NULL, text, &digest, &error)) {
      g_assert_error(error, REGISTRY_ERROR, REGISTRY_MANIFEST_BLOB_UNKNOWN);
      g_atomic_int_inc(&race->refused);
      continue;
    }
    g_atomic_int_inc(&race->taken);
    for (int look = 0; look < 3; look++) {
      g_autoptr(GPtrArray) missing = registry_missing(registry, repository, &digest, &error);
      g_assert_no_error(error);
      g_atomic_int_add(&race->lost, (int)missing->len);
    }
    g_assert_true(registry_manifest_delete(registry, repository, digest.text, &error));
  }
  g_atomic_int_add(&race->pushing, -1);
  return NULL;
}

/* Of two that push, mount and delete the very blob that is collected, none has a manifest taken
 * that lacks it; and afterwards nothing dead is left. */
static void
test_race(Fixture *fixture, gconstpointer data)
{
  Race race = {.fixture = fixture, .pushing = PUSHERS};
  GThread *threads[PUSHERS];
  uint64_t blobs = 0;
  for (unsigned i = 0; i < PUSHERS; i++)
    threads[i] = g_thread_new("pusher", push_all_the_time, &race);
  while (g_atomic_int_get(&race.pushing) > 0)
    blobs += collect(fixture, 0).blobs;
  for (unsigned i = 0; i < PUSHERS; i++)
    g_thread_join(threads[i]);
  collect(fixture, 0);
  g_test_message("%d taken, %d refused, %" G_GUINT64_FORMAT " times collected", race.taken,
                 race.refused, blobs);
  g_assert_cmpint(race.lost, ==, 0);
  g_assert_cmpint(race.taken, >, 0);
  g_assert_cmpuint(blobs, >, 0);
  g_assert_cmpint(count_rows(fixture, "SELECT count(*) FROM blobs"), ==, 0);
  g_assert_cmpint(count_rows(fixture, "SELECT count(*) FROM blob_trash"), ==, 0);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
#ifdef ASSAY_FAULT_INJECTION
  io_fault_in_sqlite();
#endif
#define ADD(path, function) g_test_add("/collect/" path, Fixture, NULL, set_up, function, tear_down)
  ADD("dead-and-needed", test_dead_and_needed);
  ADD("pins", test_pins);
  ADD("referrers", test_referrers);
  ADD("empty-repositories", test_empty_repositories);
  ADD("unreadable", test_unreadable);
  ADD("pushed-again", test_pushed_again);
  ADD("failing-disk", test_failing_disk);
  ADD("race", test_race);
  return g_test_run();
}
