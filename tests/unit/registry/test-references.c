/* What a manifest needs is not deleted while it is needed, whoever comes first, and what is lost is
 * told. */
#include "fixture.h"

static Digest
push_index(Registry *registry, const char *repository, const char *tag, const char *member_type,
           const Digest *member)
{
  g_autoptr(GError) error = NULL;
  Digest digest;
  g_autofree char *text =
      g_strdup_printf("{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_TYPE_OCI_INDEX
                      "\",\"manifests\":[{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":1}]}",
                      member_type, member->text);
  g_assert_true(put_text(registry, repository, tag, MEDIA_TYPE_OCI_INDEX, text, &digest, &error));
  g_assert_no_error(error);
  return digest;
}

static void
check_refused(GError **error, const char *holder, const char *kind)
{
  g_test_message("%s", (*error)->message);
  g_assert_error(*error, REGISTRY_ERROR, REGISTRY_REFERENCED);
  g_assert_nonnull(strstr((*error)->message, holder));
  g_assert_nonnull(strstr((*error)->message, kind));
  g_clear_error(error);
}

static void
test_blob(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  Registry *registry = fixture->registry;
  Digest manifest = push_image(registry, "r", "v1");
  Digest config = digest_of(DIGEST_SHA256, SLICE_LITERAL("v1"));
  g_assert_cmpint(registry_blob_mount(registry, "other", "r", &config, &error), ==, FOUND);
  g_assert_false(registry_blob_delete(registry, "r", &config, &error));
  check_refused(&error, manifest.text, "a config of");
  /* In another repository nobody needs it. */
  g_assert_true(registry_blob_delete(registry, "other", &config, &error));
  /* Pushed again, it is still one. */
  push_image(registry, "r", "v1");
  g_assert_true(registry_manifest_delete(registry, "r", "v1", &error));
  g_assert_false(registry_blob_delete(registry, "r", &config, &error));
  check_refused(&error, manifest.text, "that manifest first");
  g_assert_true(registry_manifest_delete(registry, "r", manifest.text, &error));
  g_assert_true(registry_blob_delete(registry, "r", &config, &error));
  g_assert_no_error(error);
}

static void
test_many_holders(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  Registry *registry = fixture->registry;
  Digest config = push_blob(registry, "r", "{}"), digest;
  static const char *const types[] = {"a/a", "b/b", "c/c", "d/d", "e/e"};
  for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
    g_autofree char *text = manifest_text(&config, types[i], NULL);
    for (const char *const *tag = (const char *const[]){"x", "y", NULL}; *tag != NULL; tag++)
      g_assert_true(put_text(registry, "r", *tag, NULL, text, &digest, &error));
  }
  g_assert_false(registry_blob_delete(registry, "r", &config, &error));
  g_assert_nonnull(strstr(error->message, "and of others; delete those manifests first"));
  g_assert_error(error, REGISTRY_ERROR, REGISTRY_REFERENCED);
}

static void
test_members(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  Registry *registry = fixture->registry;
  Digest image = push_image(registry, "r", "v1"), blob = push_blob(registry, "r", "cache");
  Digest index = push_index(registry, "r", "both", MEDIA_TYPE_OCI_MANIFEST, &image);
  Digest nested = push_index(registry, "r", "nested", MEDIA_TYPE_OCI_INDEX, &index);
  Digest cache = push_index(registry, "r", "cache", MEDIA_TYPE_OCI_LAYER, &blob);

  g_assert_false(registry_manifest_delete(registry, "r", image.text, &error));
  check_refused(&error, index.text, "(tag both)");
  g_assert_true(registry_manifest_delete(registry, "r", "both", &error));
  g_assert_false(registry_manifest_delete(registry, "r", index.text, &error));
  check_refused(&error, nested.text, "a member of");
  g_assert_false(registry_blob_delete(registry, "r", &blob, &error));
  check_refused(&error, cache.text, "a member of");

  const Digest *const in_order[] = {&nested, &index, &image, &cache};
  for (size_t i = 0; i < G_N_ELEMENTS(in_order); i++) {
    g_assert_true(registry_manifest_delete(registry, "r", in_order[i]->text, &error));
    g_assert_no_error(error);
  }
  g_assert_true(registry_blob_delete(registry, "r", &blob, &error));
}

/* As some clients do, who push all that they have as blobs: it is read as a manifest. */
static void
test_member_that_is_a_blob_too(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  Registry *registry = fixture->registry;
  Digest image = push_image(registry, "r", "v1");
  g_autoptr(StoredManifest) stored = registry_manifest_get(registry, "r", "v1", &error);
  g_autofree char *text =
      g_strndup(g_bytes_get_data(stored->bytes, NULL), g_bytes_get_size(stored->bytes));
  Digest blob = push_blob(registry, "r", text);
  g_assert_true(digest_equal(&blob, &image));
  push_index(registry, "r", "index", MEDIA_TYPE_OCI_MANIFEST, &image);
  g_assert_true(registry_blob_delete(registry, "r", &blob, &error));
  g_assert_false(registry_manifest_delete(registry, "r", image.text, &error));
  g_assert_error(error, REGISTRY_ERROR, REGISTRY_REFERENCED);
}

/* A subject may go before who speaks of it, as the specification has it. */
static void
test_subjects_are_not_needed(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  Registry *registry = fixture->registry;
  Digest subject = push_image(registry, "r", "v1"), config = push_blob(registry, "r", "{}"), digest;
  g_autofree char *text = manifest_text(&config, "application/a", &subject);
  g_assert_true(put_text(registry, "r", "signature", NULL, text, &digest, &error));
  g_assert_true(registry_manifest_delete(registry, "r", subject.text, &error));
}

/* What clients of older registries keep under the referrers tag lists what was; but who calls it
 * by a name as well means an index. */
static void
test_lists_of_referrers(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  Registry *registry = fixture->registry;
  Digest subject = push_image(registry, "r", "v1"), image = push_image(registry, "r", "v2");
  g_autofree char *tag = g_strdup_printf("sha256-%s", digest_hex(&subject));
  push_index(registry, "r", tag, MEDIA_TYPE_OCI_MANIFEST, &image);
  g_assert_true(registry_manifest_delete(registry, "r", image.text, &error));
  g_assert_no_error(error);
  for (int round = 0; round < 2; round++) {
    push_image(registry, "r", "v2");
    push_index(registry, "r", round == 0 ? "name" : tag, MEDIA_TYPE_OCI_MANIFEST, &image);
    g_assert_false(registry_manifest_delete(registry, "r", image.text, &error));
    g_assert_error(error, REGISTRY_ERROR, REGISTRY_REFERENCED);
    g_clear_error(&error);
  }
}

static void
check_missing(Registry *registry, const Digest *manifest, const Digest *expected)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) missing = registry_missing(registry, "r", manifest, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(missing->len, ==, expected == NULL ? 0 : 1);
  if (expected != NULL)
    g_assert_cmpstr(g_ptr_array_index(missing, 0), ==, expected->text);
}

static void
test_missing(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  Registry *registry = fixture->registry;
  Digest config = digest_of(DIGEST_SHA256, SLICE_LITERAL("v1")), digest,
         elsewhere = digest_of(DIGEST_SHA256, SLICE_LITERAL("not pushed"));
  Digest manifest = push_image(registry, "r", "v1");
  Digest index = push_index(registry, "r", "index", MEDIA_TYPE_OCI_MANIFEST, &manifest);
  check_missing(registry, &manifest, NULL);
  check_missing(registry, &index, NULL);
  g_autofree char *text = g_strdup_printf(
      "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"x\",\"digest\":\"%s\",\"size\":1},"
      "\"layers\":[{\"mediaType\":\"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip\","
      "\"digest\":\"%s\",\"size\":1}]}",
      config.text, elsewhere.text);
  g_assert_true(put_text(registry, "r", "w", MEDIA_TYPE_DOCKER_MANIFEST, text, &digest, &error));
  check_missing(registry, &digest, NULL);
  /* The disk lost it. */
  g_assert_true(blob_store_delete(fixture->blobs, &config, &error));
  check_missing(registry, &manifest, &config);
  check_missing(registry, &digest, &config);
  push_blob(registry, "r", "v1");
  check_missing(registry, &manifest, NULL);
}

/* --- what need not be there --- */

static void
test_sparse(Fixture *fixture, gconstpointer data)
{
  Digest absent = digest_of(DIGEST_SHA256, SLICE_LITERAL("{}")), digest,
         here = push_blob(fixture->registry, "r", "config");
#define MEMBER(type, more)   "{\"mediaType\":\"" type "\",\"digest\":\"%s\",\"size\":2" more "}"
#define IMAGE(config, layer) "{\"schemaVersion\":2,\"config\":" config ",\"layers\":[" layer "]}"
  static const struct {
    const char *name, *text; /* two digests go in */
    bool config_is_there, may_be_sparse;
  } cases[] = {
      {"index",
       "{\"schemaVersion\":2,\"manifests\":[" MEMBER(MEDIA_TYPE_OCI_MANIFEST,
                                                     "") "],"
                                                         "\"annotations\":{\"a\":\"%s\"}}",
       true, true},
      {"cache",
       "{\"schemaVersion\":2,\"manifests\":[" MEMBER(MEDIA_TYPE_OCI_LAYER,
                                                     "") "],"
                                                         "\"annotations\":{\"a\":\"%s\"}}",
       true, true},
      /* Pulled with its index, it would never be judged. */
      {"index with the text of its member",
       "{\"schemaVersion\":2,\"manifests\":[" MEMBER(
           MEDIA_TYPE_OCI_MANIFEST, ",\"data\":\"e30=\"") "],"
                                                          "\"annotations\":{\"a\":\"%s\"}}",
       true, false},
      {"image without a layer",
       IMAGE(MEMBER(MEDIA_TYPE_OCI_CONFIG, ""), MEMBER(MEDIA_TYPE_OCI_LAYER, "")), true, true},
      {"image without its config",
       IMAGE(MEMBER(MEDIA_TYPE_OCI_CONFIG, ""), MEMBER(MEDIA_TYPE_OCI_LAYER, "")), false, false},
  };
  for (int sparse = 0; sparse < 2; sparse++) {
    fixture->settings.sparse_indexes = sparse;
    close_all(fixture);
    open_all(fixture);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
      g_autoptr(GError) error = NULL;
      bool image = strstr(cases[i].text, "config") != NULL;
      const char *first = image && cases[i].config_is_there ? here.text : absent.text;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
      g_autofree char *text = g_strdup_printf(cases[i].text, first, absent.text);
#pragma GCC diagnostic pop
      bool put = put_text(fixture->registry, "r", "v1", NULL, text, &digest, &error);
      g_test_message("%s, %d: %s", cases[i].name, sparse, put ? "taken" : error->message);
      g_assert_cmpint(put, ==, sparse && cases[i].may_be_sparse);
      if (put) {
        check_missing(fixture->registry, &digest, &absent);
        continue;
      }
      g_assert_error(error, REGISTRY_ERROR, REGISTRY_MANIFEST_BLOB_UNKNOWN);
      g_assert_nonnull(strstr(error->message, absent.text));
      g_assert_cmpint(strstr(error->message, "sparse_indexes") != NULL, ==, !sparse && !image);
    }
  }
}

/* --- two at once --- */

#define ROUNDS 300

typedef struct {
  Fixture *fixture;
  Digest blob;
  int stop; /* atomic */
} Race;

static void *
delete_all_the_time(void *data)
{
  Race *race = data;
  while (!g_atomic_int_get(&race->stop)) {
    g_autoptr(GError) error = NULL;
    if (!registry_blob_delete(race->fixture->registry, "r", &race->blob, &error))
      g_assert_true(g_error_matches(error, REGISTRY_ERROR, REGISTRY_REFERENCED) ||
                    g_error_matches(error, REGISTRY_ERROR, REGISTRY_BLOB_UNKNOWN));
  }
  return NULL;
}

/* A manifest that was taken has its blob, until it is deleted itself. */
static void
test_race(Fixture *fixture, gconstpointer data)
{
  Race race = {.fixture = fixture, .blob = push_blob(fixture->registry, "r", "raced for")};
  g_autofree char *text = manifest_text(&race.blob, "application/a", NULL);
  unsigned taken = 0;
  GThread *thread = g_thread_new("deleter", delete_all_the_time, &race);
  for (int i = 0; i < ROUNDS; i++) {
    g_autoptr(GError) error = NULL;
    Digest digest;
    uint64_t size;
    push_blob(fixture->registry, "r", "raced for");
    if (!put_text(fixture->registry, "r", "v1", NULL, text, &digest, &error)) {
      g_assert_error(error, REGISTRY_ERROR, REGISTRY_MANIFEST_BLOB_UNKNOWN);
      continue;
    }
    taken++;
    for (int look = 0; look < 3; look++) {
      g_assert_true(registry_blob_stat(fixture->registry, "r", &race.blob, &size, &error));
      check_missing(fixture->registry, &digest, NULL);
    }
    g_assert_true(registry_manifest_delete(fixture->registry, "r", digest.text, &error));
  }
  g_atomic_int_set(&race.stop, 1);
  g_thread_join(thread);
  g_test_message("%u of %d were taken", taken, ROUNDS);
  g_assert_cmpuint(taken, >, 0);
}

#define ADD(path, function)                                                                        \
  g_test_add("/references/" path, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  ADD("blob", test_blob);
  ADD("many-holders", test_many_holders);
  ADD("members", test_members);
  ADD("member-that-is-a-blob-too", test_member_that_is_a_blob_too);
  ADD("subjects-are-not-needed", test_subjects_are_not_needed);
  ADD("lists-of-referrers", test_lists_of_referrers);
  ADD("missing", test_missing);
  ADD("sparse", test_sparse);
  ADD("race", test_race);
  return g_test_run();
}
