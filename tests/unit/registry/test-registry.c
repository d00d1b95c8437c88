/* The registry without HTTP: pushes that end whole, names that are refused, lists in pages,
 * referrers. */
#include "fixture.h"

static void
test_push_and_pull(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  uint64_t before = registry_generation(fixture->registry);
  Digest digest = push_image(fixture->registry, "team/app", "v1");
  g_assert_cmpuint(registry_generation(fixture->registry), >, before);
  const char *const references[] = {"v1", digest.text};
  for (size_t i = 0; i < G_N_ELEMENTS(references); i++) {
    g_autoptr(StoredManifest) stored =
        registry_manifest_get(fixture->registry, "team/app", references[i], &error);
    g_assert_no_error(error);
    Digest actual = digest_of(DIGEST_SHA256, slice_from_bytes(stored->bytes));
    g_assert_cmpstr(actual.text, ==, digest.text);
    g_assert_cmpstr(stored->media_type, ==, MEDIA_TYPE_OCI_MANIFEST);
  }
}

static void
test_refused_manifests(Fixture *fixture, gconstpointer data)
{
  Digest config = push_blob(fixture->registry, "r", "x"),
         absent = digest_of(DIGEST_SHA256, SLICE_EMPTY);
  g_autofree char *good = manifest_text(&config, MEDIA_TYPE_OCI_CONFIG, NULL);
  g_autofree char *lacking = manifest_text(&absent, MEDIA_TYPE_OCI_CONFIG, NULL);
  g_autofree char *index = g_strdup_printf(
      "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"m\",\"digest\":\"%s\",\"size\":1}]}",
      absent.text);
  const struct {
    const char *name, *repository, *reference, *media_type, *text;
    int code;
  } cases[] = {
      {"bad name", "R", "t", NULL, good, REGISTRY_NAME_INVALID},
      {"bad tag", "r", "-t", NULL, good, REGISTRY_MANIFEST_INVALID},
      {"other digest", "r", absent.text, NULL, good, REGISTRY_DIGEST_INVALID},
      {"bad digest", "r", "sha256:1", NULL, good, REGISTRY_DIGEST_INVALID},
      {"not JSON", "r", "t", NULL, "{", REGISTRY_MANIFEST_INVALID},
      {"schema 1", "r", "t", NULL, "{\"schemaVersion\":1}", REGISTRY_UNSUPPORTED},
      {"other type", "r", "t", MEDIA_TYPE_OCI_INDEX, good, REGISTRY_MANIFEST_INVALID},
      {"config is missing", "r", "t", NULL, lacking, REGISTRY_MANIFEST_BLOB_UNKNOWN},
      {"blob of another repository", "s", "t", NULL, good, REGISTRY_MANIFEST_BLOB_UNKNOWN},
      {"member is missing", "r", "t", MEDIA_TYPE_OCI_INDEX, index, REGISTRY_MANIFEST_BLOB_UNKNOWN},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    Digest digest;
    g_assert_false(put_text(fixture->registry, cases[i].repository, cases[i].reference,
                            cases[i].media_type, cases[i].text, &digest, &error));
    g_test_message("%s: %s", cases[i].name, error->message);
    g_assert_error(error, REGISTRY_ERROR, cases[i].code);
    g_clear_error(&error);
    g_assert_null(registry_manifest_get(fixture->registry, "r", "t", &error));
  }
}

static void
test_lying_upload(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  Digest lie = digest_of(DIGEST_SHA256, SLICE_LITERAL("lie"));
  RegistryUpload *upload = registry_upload_start(fixture->registry, "r", DIGEST_SHA256, &error);
  g_autofree char *id = g_strdup(registry_upload_id(upload));
  g_assert_true(registry_upload_append(upload, SLICE_LITERAL("truth"), &error));
  g_assert_false(registry_upload_finish(upload, &lie, &error));
  g_assert_error(error, REGISTRY_ERROR, REGISTRY_DIGEST_INVALID);
  g_clear_error(&error);
  registry_upload_release(upload);
  uint64_t size;
  g_assert_false(registry_blob_stat(fixture->registry, "r", &lie, &size, &error));
  g_assert_error(error, REGISTRY_ERROR, REGISTRY_BLOB_UNKNOWN);
  g_clear_error(&error);
  g_assert_null(registry_upload_take(fixture->registry, "r", id, &error));
  g_assert_error(error, REGISTRY_ERROR, REGISTRY_BLOB_UPLOAD_UNKNOWN);
}

static void
test_upload_sessions(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  RegistryUpload *upload = registry_upload_start(fixture->registry, "r", DIGEST_SHA256, &error);
  g_autofree char *id = g_strdup(registry_upload_id(upload));
  g_assert_true(registry_upload_append(upload, SLICE_LITERAL("hel"), &error));

  g_assert_null(registry_upload_take(fixture->registry, "r", id, &error));
  g_assert_error(error, REGISTRY_ERROR, REGISTRY_TOOMANYREQUESTS);
  g_clear_error(&error);
  registry_upload_release(upload);
  g_assert_null(registry_upload_take(fixture->registry, "other", id, &error));
  g_assert_error(error, REGISTRY_ERROR, REGISTRY_BLOB_UPLOAD_UNKNOWN);
  g_clear_error(&error);

  /* A restart in between. */
  close_all(fixture);
  open_all(fixture);
  g_assert_null(registry_upload_take(fixture->registry, "other", id, &error));
  g_clear_error(&error);
  upload = registry_upload_take(fixture->registry, "r", id, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(registry_upload_size(upload), ==, 3);
  g_assert_true(registry_upload_append(upload, SLICE_LITERAL("lo"), &error));
  Digest digest = digest_of(DIGEST_SHA256, SLICE_LITERAL("hello"));
  g_assert_true(registry_upload_finish(upload, &digest, &error));
  registry_upload_release(upload);
  uint64_t size;
  g_assert_true(registry_blob_stat(fixture->registry, "r", &digest, &size, &error));
  g_assert_cmpuint(size, ==, 5);
}

static void
test_upload_limits(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  fixture->limits.concurrent_uploads = 1;
  fixture->limits.blob_bytes = 4;
  close_all(fixture);
  open_all(fixture);
  g_autoptr(RegistryUpload) upload =
      registry_upload_start(fixture->registry, "r", DIGEST_SHA256, &error);
  g_assert_null(registry_upload_start(fixture->registry, "r", DIGEST_SHA256, &error));
  g_assert_error(error, REGISTRY_ERROR, REGISTRY_TOOMANYREQUESTS);
  g_clear_error(&error);
  g_assert_false(registry_upload_append(upload, SLICE_LITERAL("hello"), &error));
  g_assert_error(error, REGISTRY_ERROR, REGISTRY_SIZE_INVALID);
}

/* Its id, or NULL where there is no room: one session that is given back at once. */
static char *
open_for(Registry *registry, const char *peer)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(RegistryUpload) upload =
      registry_upload_start_unlisted(registry, "r", peer, DIGEST_SHA256, &error);
  g_assert_no_error(error);
  if (registry_upload_list(upload, &error))
    return g_strdup(registry_upload_id(upload));
  g_assert_error(error, REGISTRY_ERROR, REGISTRY_TOOMANYREQUESTS);
  return NULL;
}

static bool
is_open(Registry *registry, const char *id)
{
  uint64_t size;
  return registry_upload_status(registry, "r", id, &size, NULL);
}

static void
test_upload_shares(Fixture *fixture, gconstpointer data)
{
  fixture->limits.concurrent_uploads = 6;
  close_all(fixture);
  open_all(fixture);
  Registry *registry = fixture->registry;
  g_autoptr(GPtrArray) greedy = g_ptr_array_new_with_free_func(g_free);
  for (int i = 0; i < 6; i++)
    g_ptr_array_add(greedy, open_for(registry, "greedy"));
  g_assert_null(open_for(registry, "greedy"));
  /* What is in use stays; of the others, the one that was used last stays longest. */
  g_autoptr(RegistryUpload) used =
      registry_upload_take(registry, "r", g_ptr_array_index(greedy, 0), NULL);
  registry_upload_release(registry_upload_take(registry, "r", g_ptr_array_index(greedy, 1), NULL));
  for (int i = 0; i < 3; i++) {
    g_autofree char *modest = open_for(registry, "modest");
    g_assert_nonnull(modest);
    g_assert_true(is_open(registry, modest));
    g_assert_false(is_open(registry, g_ptr_array_index(greedy, 2 + i)));
  }
  g_assert_true(is_open(registry, g_ptr_array_index(greedy, 1)));
  /* Each has three: nobody has more to give. */
  g_assert_null(open_for(registry, "modest"));
  g_assert_null(open_for(registry, "greedy"));
  g_autofree char *third = open_for(registry, "third");
  g_assert_nonnull(third);
}

static void
test_upload_bound(Fixture *fixture, gconstpointer data)
{
  fixture->limits.uploads_per_peer = 2;
  close_all(fixture);
  open_all(fixture);
  for (int i = 0; i < 4; i++) {
    g_autofree char *one = open_for(fixture->registry, "one"),
                    *other = open_for(fixture->registry, "other");
    g_assert_cmpint(one != NULL, ==, i < 2);
    g_assert_cmpint(other != NULL, ==, i < 2);
  }
}

static void
test_mount_and_delete(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  Registry *registry = fixture->registry;
  Digest digest = push_blob(registry, "a", "shared"),
         absent = digest_of(DIGEST_SHA256, SLICE_EMPTY);
  uint64_t size;
  g_assert_cmpint(registry_blob_mount(registry, "b", "c", &digest, &error), ==, ABSENT);
  g_assert_no_error(error);
  g_assert_cmpint(registry_blob_mount(registry, "b", NULL, &absent, &error), ==, ABSENT);
  g_assert_no_error(error);
  g_assert_cmpint(registry_blob_mount(registry, "b", "a", &digest, &error), ==, FOUND);
  g_assert_cmpint(registry_blob_mount(registry, "c", NULL, &digest, &error), ==, FOUND);

  g_assert_true(registry_blob_delete(registry, "a", &digest, &error));
  g_assert_false(registry_blob_stat(registry, "a", &digest, &size, &error));
  g_clear_error(&error);
  g_assert_true(registry_blob_stat(registry, "b", &digest, &size, &error));
  g_assert_true(registry_blob_delete(registry, "b", &digest, &error));
  g_assert_true(blob_store_has(fixture->blobs, &digest, NULL));
  g_assert_true(registry_blob_delete(registry, "c", &digest, &error));
  g_assert_false(blob_store_has(fixture->blobs, &digest, NULL));
  g_assert_false(registry_blob_delete(registry, "c", &digest, &error));
  g_assert_error(error, REGISTRY_ERROR, REGISTRY_BLOB_UNKNOWN);
}

static void
test_lists(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  Registry *registry = fixture->registry;
  bool more;
  g_assert_null(registry_tags(registry, "r", NULL, -1, &more, &error));
  g_assert_error(error, REGISTRY_ERROR, REGISTRY_NAME_UNKNOWN);
  g_clear_error(&error);
  /* Byte order: upper case before lower, digits before both. */
  static const char *const tags[] = {"b", "B", "a", "10", "9"};
  static const char *const sorted[] = {"10", "9", "B", "a", "b"};
  for (size_t i = 0; i < G_N_ELEMENTS(tags); i++)
    push_image(registry, "r", tags[i]);
  push_image(registry, "q/r", "x");

  g_auto(GStrv) all = registry_tags(registry, "r", NULL, -1, &more, &error);
  g_assert_cmpuint(g_strv_length(all), ==, G_N_ELEMENTS(sorted));
  for (size_t i = 0; i < G_N_ELEMENTS(sorted); i++)
    g_assert_cmpstr(all[i], ==, sorted[i]);
  g_assert_false(more);
  g_auto(GStrv) page = registry_tags(registry, "r", "9", 2, &more, &error);
  g_assert_cmpuint(g_strv_length(page), ==, 2);
  g_assert_cmpstr(page[0], ==, "B");
  g_assert_true(more);
  g_auto(GStrv) none = registry_tags(registry, "r", NULL, 0, &more, &error);
  g_assert_cmpuint(g_strv_length(none), ==, 0);
  g_auto(GStrv) catalog = registry_catalog(registry, NULL, 1, &more, &error);
  g_assert_cmpstr(catalog[0], ==, "q/r");
  g_assert_true(more);
}

static void
test_delete_manifests(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  Registry *registry = fixture->registry;
  bool more;
  Digest digest = push_image(registry, "r", "v1");
  g_assert_true(registry_manifest_delete(registry, "r", "v1", &error));
  g_autoptr(StoredManifest) stays = registry_manifest_get(registry, "r", digest.text, &error);
  g_assert_no_error(error);
  push_image(registry, "r", "v1");
  g_assert_true(registry_manifest_delete(registry, "r", digest.text, &error));
  g_assert_null(registry_manifest_get(registry, "r", "v1", &error));
  g_assert_error(error, REGISTRY_ERROR, REGISTRY_MANIFEST_UNKNOWN);
  g_clear_error(&error);
  g_assert_false(registry_manifest_delete(registry, "r", digest.text, &error));
  g_assert_error(error, REGISTRY_ERROR, REGISTRY_MANIFEST_UNKNOWN);
  g_clear_error(&error);
  g_auto(GStrv) tags = registry_tags(registry, "r", NULL, -1, &more, &error);
  g_assert_cmpuint(g_strv_length(tags), ==, 0);
}

static void
test_referrers(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  Registry *registry = fixture->registry;
  Digest subject = push_image(registry, "r", "v1"), config = push_blob(registry, "r", "{}"), digest;
  static const char *const types[] = {"application/a", "application/b"};
  for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
    g_autofree char *text = manifest_text(&config, types[i], &subject);
    Digest own = digest_of(DIGEST_SHA256, slice_from_string(text));
    g_assert_true(put_text(registry, "r", own.text, NULL, text, &digest, &error));
  }
  /* An old client's fallback index lists one of them again, and one more. */
  Digest unlisted = push_image(registry, "r", "other");
  g_autofree char *index = g_strdup_printf(
      "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"m\",\"digest\":\"%s\",\"size\":1},"
      "{\"mediaType\":\"m\",\"digest\":\"%s\",\"size\":1,\"artifactType\":\"application/c\"}]}",
      digest.text, unlisted.text);
  g_autofree char *tag = g_strdelimit(g_strdup(subject.text), ":", '-');
  g_assert_true(put_text(registry, "r", tag, MEDIA_TYPE_OCI_INDEX, index, &digest, &error));
  g_assert_no_error(error);

  bool more;
  g_autoptr(GPtrArray) all = registry_referrers(registry, "r", &subject, NULL, NULL, &more, &error);
  g_assert_cmpuint(all->len, ==, 3);
  const Descriptor *first = g_ptr_array_index(all, 0);
  g_assert_cmpstr(g_hash_table_lookup(first->annotations, "k"), ==, "v");
  g_autoptr(GPtrArray) one =
      registry_referrers(registry, "r", &subject, "application/c", NULL, &more, &error);
  g_assert_cmpuint(one->len, ==, 1);
  g_autoptr(GPtrArray) none =
      registry_referrers(registry, "unknown", &subject, NULL, NULL, &more, &error);
  g_assert_cmpuint(none->len, ==, 0);
}

/* Half the threads push one blob while the others delete it: whoever is told "there" finds it
 * whole. */
static void *
push_and_delete(void *data)
{
  Registry *registry = data;
  static int next;
  g_autofree char *own = g_strdup_printf("own%d", g_atomic_int_add(&next, 1));
  for (int round = 0; round < 30; round++) {
    g_autoptr(GError) error = NULL;
    Digest digest = push_blob(registry, own, "contended");
    uint64_t size = 0;
    auto_fd int fd = registry_blob_open(registry, own, &digest, &size, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(size, ==, strlen("contended"));
    g_assert_true(registry_blob_delete(registry, own, &digest, &error));
    g_assert_no_error(error);
  }
  return NULL;
}

static void
test_push_against_delete(Fixture *fixture, gconstpointer data)
{
  GThread *threads[6];
  for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
    threads[i] = g_thread_new("push", push_and_delete, fixture->registry);
  for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
    g_thread_join(threads[i]);
}

/* The same with mounts: one pushes and deletes, the others mount what they see. */
static void *
mount_and_delete(void *data)
{
  Registry *registry = data;
  static int next;
  g_autofree char *own = g_strdup_printf("mounts%d", g_atomic_int_add(&next, 1));
  Digest digest = digest_of(DIGEST_SHA256, SLICE_LITERAL("contended"));
  for (int round = 0; round < 200; round++) {
    g_autoptr(GError) error = NULL;
    bool mounted = registry_blob_mount(registry, own, NULL, &digest, &error) == FOUND;
    g_assert_no_error(error);
    if (!mounted)
      continue;
    uint64_t size = 0;
    auto_fd int fd = registry_blob_open(registry, own, &digest, &size, &error);
    g_assert_no_error(error);
    g_assert_true(registry_blob_delete(registry, own, &digest, &error));
    g_assert_no_error(error);
  }
  return NULL;
}

static void
test_mount_against_delete(Fixture *fixture, gconstpointer data)
{
  GThread *threads[6];
  for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
    threads[i] =
        g_thread_new("mount", i < 3 ? push_and_delete : mount_and_delete, fixture->registry);
  for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
    g_thread_join(threads[i]);
  /* All had deleted what they had: the file is gone with the last. */
  Digest digest = digest_of(DIGEST_SHA256, SLICE_LITERAL("contended"));
  g_assert_false(blob_store_has(fixture->blobs, &digest, NULL));
}

static void
test_tags_with_a_digest(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  Registry *registry = fixture->registry;
  Digest config = push_blob(registry, "r", "x");
  g_autofree char *text = manifest_text(&config, MEDIA_TYPE_OCI_CONFIG, NULL);
  g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));
  Digest digest = digest_of(DIGEST_SHA512, slice_from_bytes(bytes));
  static const char *const good[] = {"1.2", "latest", NULL}, *const bad[] = {"fine", "-", NULL};
  g_auto(PushedManifest) pushed = {{{0}}, NULL, NULL};
  g_assert_false(
      registry_manifest_put(registry, "r", digest.text, bad, NULL, bytes, &pushed, &error));
  g_assert_error(error, REGISTRY_ERROR, REGISTRY_MANIFEST_INVALID);
  g_clear_error(&error);
  g_assert_null(registry_manifest_get(registry, "r", "fine", NULL));
  g_assert_true(
      registry_manifest_put(registry, "r", digest.text, good, NULL, bytes, &pushed, &error));
  for (size_t i = 0; good[i] != NULL; i++) {
    g_autoptr(StoredManifest) stored = registry_manifest_get(registry, "r", good[i], &error);
    g_assert_no_error(error);
    g_assert_cmpstr(stored->digest.text, ==, digest.text);
  }
}

/* More annotations than an index may hold come in pages, of which the last has what only the
 * fallback tag lists. */
static void
test_referrers_in_pages(Fixture *fixture, gconstpointer data)
{
  enum { REFERRERS = 5 };
  g_autoptr(GError) error = NULL;
  Registry *registry = fixture->registry;
  Digest subject = push_image(registry, "r", "v1"), config = push_blob(registry, "r", "{}"), digest;
  g_autofree char *long_text = g_strnfill(1500 * 1024, 'a');
  for (int i = 0; i < REFERRERS; i++) {
    g_autofree char *text = g_strdup_printf(
        "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"application/t\",\"digest\":\"%s\","
        "\"size\":2},\"layers\":[],\"annotations\":{\"k\":\"%d%s\"},\"subject\":"
        "{\"mediaType\":\"m\",\"digest\":\"%s\",\"size\":1}}",
        config.text, i, long_text, subject.text);
    Digest own = digest_of(DIGEST_SHA256, slice_from_string(text));
    g_assert_true(put_text(registry, "r", own.text, NULL, text, &digest, &error));
  }
  unsigned pages = 0, found = 0;
  bool more = true;
  g_autofree char *last = NULL;
  for (; more; pages++) {
    g_autoptr(GPtrArray) page =
        registry_referrers(registry, "r", &subject, "application/t", last, &more, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(page->len, >, 0);
    found += page->len;
    g_free(last);
    last = g_strdup(((const Descriptor *)g_ptr_array_index(page, page->len - 1))->digest.text);
  }
  g_assert_cmpuint(found, ==, REFERRERS);
  g_assert_cmpuint(pages, ==, 3);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
#define ADD(name, function)                                                                        \
  g_test_add("/registry/" name, Fixture, NULL, set_up, function, tear_down)
  ADD("push-and-pull", test_push_and_pull);
  ADD("refused-manifests", test_refused_manifests);
  ADD("lying-upload", test_lying_upload);
  ADD("upload-sessions", test_upload_sessions);
  ADD("upload-limits", test_upload_limits);
  ADD("upload-shares", test_upload_shares);
  ADD("upload-bound", test_upload_bound);
  ADD("mount-and-delete", test_mount_and_delete);
  ADD("lists", test_lists);
  ADD("delete-manifests", test_delete_manifests);
  ADD("referrers", test_referrers);
  ADD("push-against-delete", test_push_against_delete);
  ADD("mount-against-delete", test_mount_against_delete);
  ADD("tags-with-a-digest", test_tags_with_a_digest);
  ADD("referrers-in-pages", test_referrers_in_pages);
  return g_test_run();
}
