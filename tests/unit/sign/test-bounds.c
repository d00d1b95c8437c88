/* What the attestations of an image may cost. */
#include <glib/gstdio.h>

#include "base/json.h"
#include "sign/formats/dsse.h"
#include "sign/formats/write.h"
#include "sign/verify.h"
#include "store.h"

#define MEDIA_TYPE "application/vnd.oci.image.manifest.v1+json"

/* Puts an attestation with so many values, of which no two are the same. */
static void
put_attestation(Store *store, const SignedSubject *subject, Key *key, size_t values,
                unsigned number)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) list = json_array();
  for (size_t i = 0; i < values; i++)
    json_array_append_new(list, json_integer(number));
  g_autoptr(json_t) predicate = json_pack("{s:O}", "list", list);
  const SignedStatement statement = {"https://example.org/list", predicate, "app"};
  g_autoptr(SignedArtifact) artifact =
      attestation_bundle_write(subject, &statement, &(SigningMeans){key, NULL, NULL}, &error);
  g_assert_no_error(error);
  for (guint i = 0; i < artifact->blobs->len; i++)
    store_put_blob(store, slice_from_bytes(g_ptr_array_index(artifact->blobs, i)));
  store_put_manifest(store, NULL, slice_from_bytes(artifact->manifest));
}

static Key *
open_key(void)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *path = NULL;
  int fd = g_file_open_tmp("assay-key-XXXXXX", &path, &error);
  g_assert_no_error(error);
  g_close(fd, NULL);
  g_autofree char *command =
      g_strdup_printf("openssl genpkey -quiet -algorithm ed25519 -out '%s'", path);
  g_assert_true(g_spawn_command_line_sync(command, NULL, NULL, NULL, NULL));
  g_autofree char *uri = g_strdup_printf("file:%s", path);
  Key *key = key_open(uri, NULL, NULL, &error);
  g_assert_no_error(error);
  g_unlink(path);
  return key;
}

/* Whoever may push fills a repository with attestations, also with copies of good ones. */
static void
test_bounds(void)
{
  static const struct {
    const char *name;
    size_t values;
    unsigned count;
    bool is_stranger;
    uint64_t most;
    unsigned valid;
    bool incomplete;
  } cases[] = {
      {"all are read", 100 * 1000, 2, false, 0, 2, false},
      {"together they are too large", 100 * 1000, 5, false, 0, 2, true},
      {"of strangers nothing is kept", 100 * 1000, 5, true, 0, 0, false},
      {"one is too large by itself", DSSE_VALUES_MAX + 1, 1, false, 0, 0, true},
      {"the source gives less", 10 * 1000, 5, false, 100 * 1000, 3, true},
  };
  const SignedSubject subject = {.media_type = MEDIA_TYPE,
                                 .digest = digest_of(DIGEST_SHA256, SLICE_LITERAL("an image")),
                                 .size = 8};
  const SignatureClaim claim = {.digest = subject.digest};
  g_autoptr(Key) key = open_key(), other = open_key();
  g_autoptr(Attestor) attestor = attestor_new("release");
  g_autofree char *pem = public_key_to_pem(key_public(key));
  attestor_add_key(attestor, public_key_read(slice_from_string(pem), NULL), NULL);
  g_autoptr(GPtrArray) attestors = g_ptr_array_new();
  g_ptr_array_add(attestors, attestor);
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    Store store;
    store_init(&store);
    for (unsigned j = 0; j < cases[i].count; j++)
      put_attestation(&store, &subject, cases[i].is_stranger ? other : key, cases[i].values, j);
    SignatureSource source = store_source(&store);
    source.most = cases[i].most;
    g_autoptr(ImageSignatures) result =
        image_signatures_verify(&source, attestors, &claim, 1, NULL);
    g_test_message("case \"%s\": %u; %s", cases[i].name, result->valid->len,
                   result->problems->len == 0 ? ""
                                              : (char *)g_ptr_array_index(result->problems, 0));
    g_assert_cmpuint(result->valid->len, ==, cases[i].valid);
    g_assert_cmpint(result->incomplete, ==, cases[i].incomplete);
    g_assert_cmpuint(result->values, <=, SIGNATURE_VALUES_MAX);
    g_assert_cmpint(result->values > 0, ==, cases[i].valid > 0);
    store_clear(&store);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/sign/bounds", test_bounds);
  return g_test_run();
}
