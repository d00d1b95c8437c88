/* What is signed here is read and verified here, for each format and kind of key; with any byte
 * changed it is not. tests/integration/test_signatures.py asks other programs. */
#include <string.h>

#include "base/json.h"
#include "oci/media_type.h"
#include "sign/formats/write.h"
#include "sign/verify.h"
#include "store.h"

#define NOW        1700000000
#define REFERENCE  "registry.example.org/team/app:1.0"
#define VULNERABLE "https://cosign.sigstore.dev/attestation/vuln/v1"

static const char *const hosts[] = {"registry.example.org", NULL};

static SignedSubject
subject_of(const char *text)
{
  return (SignedSubject){.media_type = MEDIA_TYPE_OCI_MANIFEST,
                         .digest = digest_of(DIGEST_SHA256, slice_from_string(text)),
                         .size = strlen(text)};
}

static Key *
make_key(const char *algorithm)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp("assay-sign-XXXXXX", NULL);
  g_autofree char *path = g_build_filename(folder, "key.pem", NULL);
  g_autofree char *uri = g_strconcat("file:", path, NULL);
  key_make(uri, algorithm, NULL, NULL, &error);
  g_assert_no_error(error);
  Key *key = key_open(uri, NULL, NULL, &error);
  g_assert_no_error(error);
  remove(path);
  remove(folder);
  return key;
}

static void
put(Store *store, const SignedArtifact *artifact)
{
  for (guint i = 0; i < artifact->blobs->len; i++)
    store_put_blob(store, slice_from_bytes(g_ptr_array_index(artifact->blobs, i)));
  Digest digest = store_put_manifest(store, artifact->tag, slice_from_bytes(artifact->manifest));
  g_assert_true(digest_equal(&digest, &artifact->digest));
}

static ImageSignatures *
verify_by(Store *store, const SignedSubject *subject, const PublicKey *const *keys, int64_t now)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) attestors = g_ptr_array_new_with_free_func((GDestroyNotify)attestor_free);
  for (; *keys != NULL; keys++) {
    Attestor *attestor = attestor_new(public_key_fingerprint(*keys));
    g_autofree char *pem = public_key_to_pem(*keys);
    attestor_add_key(attestor, public_key_read(slice_from_string(pem), NULL), NULL);
    g_ptr_array_add(attestors, attestor);
  }
  const SignatureClaim claim = {
      .digest = subject->digest, .repository = "team/app", .hosts = hosts};
  const SignatureSource source = store_source(store);
  ImageSignatures *result = image_signatures_verify(&source, attestors, &claim, now, &error);
  g_assert_no_error(error);
  return result;
}

typedef enum { COSIGN, BUNDLE, ATTESTATION, ATTESTATION_BUNDLE, FORMS } Form;
static const char *const form_names[] = {"cosign", "bundle", "attestation", "attestation bundle"};

static SignedArtifact *
sign(Form form, const SignedSubject *subject, Key *key, GBytes *existing)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) claims = json_pack("{s:s}", "team", "payments");
  g_autoptr(json_t) predicate = json_pack("{s:{s:s}}", "scanner", "uri", "pkg:assay");
  const SignedStatement statement = {VULNERABLE, predicate, "registry.example.org/team/app"};
  const SigningMeans means = {key, NULL, NULL};
  SignedArtifact *artifact =
      form == COSIGN        ? cosign_write(subject, REFERENCE, claims, &means, existing, &error)
      : form == BUNDLE      ? bundle_write(subject, claims, &means, &error)
      : form == ATTESTATION ? attestation_write(subject, &statement, &means, existing, &error)
                            : attestation_bundle_write(subject, &statement, &means, &error);
  g_assert_no_error(error);
  return artifact;
}

static void
check_valid(const VerifiedSignature *verified, Form form)
{
  static const SignatureFormat formats[] = {SIGNATURE_COSIGN, SIGNATURE_BUNDLE,
                                            SIGNATURE_ATTESTATION, SIGNATURE_ATTESTATION};
  g_assert_cmpint(verified->format, ==, formats[form]);
  if (verified->format == SIGNATURE_ATTESTATION)
    g_assert_cmpstr(verified->predicate_type, ==, VULNERABLE);
  else
    g_assert_cmpstr(json_string_value(json_object_get(verified->annotations, "team")), ==,
                    "payments");
}

static void
test_all_kinds(void)
{
  const SignedSubject subject = subject_of("an image"), other = subject_of("another image");
  for (size_t i = 0; key_algorithms[i] != NULL; i++) {
    g_autoptr(Key) key = make_key(key_algorithms[i]), stranger = make_key(key_algorithms[i]);
    const PublicKey *const good[] = {key_public(key), NULL}, *const bad[] = {key_public(stranger),
                                                                             NULL};
    for (Form form = 0; form < FORMS; form++) {
      g_test_message("case %s, %s", key_algorithms[i], form_names[form]);
      Store store;
      store_init(&store);
      g_autoptr(SignedArtifact) artifact = sign(form, &subject, key, NULL);
      put(&store, artifact);
      g_autoptr(ImageSignatures) result = verify_by(&store, &subject, good, NOW);
      g_assert_cmpuint(result->valid->len, ==, 1);
      g_assert_cmpuint(result->problems->len, ==, 0);
      check_valid(g_ptr_array_index(result->valid, 0), form);
      g_autoptr(ImageSignatures) by_other = verify_by(&store, &subject, bad, NOW);
      g_assert_cmpuint(by_other->valid->len, ==, 0);
      g_autoptr(ImageSignatures) of_other = verify_by(&store, &other, good, NOW);
      g_assert_cmpuint(of_other->valid->len, ==, 0);
      store_clear(&store);
    }
  }
}

/* Two keys sign one image: the second is added to the first, and each signs once. */
static void
test_added(void)
{
  const SignedSubject subject = subject_of("an image");
  g_autoptr(Key) first = make_key("ecdsa-p256"), second = make_key("ed25519");
  const PublicKey *const both[] = {key_public(first), key_public(second), NULL};
  for (Form form = 0; form < FORMS; form++) {
    Store store;
    store_init(&store);
    g_autoptr(SignedArtifact) one = sign(form, &subject, first, NULL);
    put(&store, one);
    g_autoptr(SignedArtifact) two = sign(form, &subject, second, one->manifest);
    put(&store, two);
    g_autoptr(ImageSignatures) result = verify_by(&store, &subject, both, NOW);
    g_assert_cmpuint(result->valid->len, ==, 2);
    g_assert_cmpuint(result->seen, ==, 2);
    store_clear(&store);
  }
  g_autoptr(SignedArtifact) one = sign(COSIGN, &subject, first, NULL);
  g_autoptr(SignedArtifact) again = sign(COSIGN, &subject, first, one->manifest);
  g_assert_true(again->is_there && g_bytes_equal(one->manifest, again->manifest));
  g_autoptr(GBytes) stray = g_bytes_new_static("{\"manifests\":[]}", 16);
  g_autoptr(GError) error = NULL;
  g_assert_null(
      cosign_write(&subject, REFERENCE, NULL, &(SigningMeans){first, NULL, NULL}, stray, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_INVALID);
}

/* Gives changed bytes for the layer's digest, fitted into the manifest. */
static GBytes *
fitted(const SignedArtifact *artifact, Slice layer, Slice changed)
{
  Digest old = digest_of(DIGEST_SHA256, layer), new = digest_of(DIGEST_SHA256, changed);
  g_autofree char *text = slice_to_string(slice_from_bytes(artifact->manifest));
  for (char *at = text; (at = strstr(at, old.text)) != NULL; at++)
    memcpy(at, new.text, strlen(new.text));
  return g_bytes_new(text, strlen(text));
}

/* Of what is signed no byte can be changed. A bundle has parts that nobody signed: the hint of the
 * key, and its own type. */
static void
test_changed(void)
{
  const SignedSubject subject = subject_of("an image");
  g_autoptr(Key) key = make_key("ecdsa-p256");
  const PublicKey *const keys[] = {key_public(key), NULL};
  for (Form form = 0; form < FORMS; form++) {
    g_autoptr(SignedArtifact) artifact = sign(form, &subject, key, NULL);
    bool beside = artifact->tag != NULL;
    Slice layer = slice_from_bytes(g_ptr_array_index(artifact->blobs, beside ? 0 : 1));
    size_t begin = 0, end = layer.size;
    if (form != COSIGN) {
      g_autofree char *text = slice_to_string(layer);
      begin = (size_t)(strstr(text, "\"payload\":\"") - text) + strlen("\"payload\":\"");
      end = begin + strcspn(text + begin, "\"");
    }
    for (size_t at = begin; at < end; at++) {
      Store store;
      store_init(&store);
      g_autofree uint8_t *copy = g_memdup2(layer.data, layer.size);
      copy[at] ^= 1;
      Slice changed = slice_new(copy, layer.size);
      store_put_blob(&store, changed);
      g_autoptr(GBytes) manifest = fitted(artifact, layer, changed);
      store_put_manifest(&store, artifact->tag, slice_from_bytes(manifest));
      g_autoptr(ImageSignatures) result = verify_by(&store, &subject, keys, NOW);
      if (result->valid->len != 0)
        g_error("%s: byte %zu can be changed", form_names[form], at);
      g_assert_cmpuint(result->problems->len, ==, 1);
      store_clear(&store);
    }
  }
}

/* Keys whose time is over, or that were revoked. */
static void
test_times(void)
{
  static const struct {
    const char *name;
    int64_t not_before, not_after, revoked_at, known, now;
    bool valid;
  } cases[] = {
      {"no bounds", 0, 0, 0, 0, 100, true},
      {"revoked, nobody knows when it was made", 0, 0, 50, 0, 100, false},
      {"revoked after it was there", 0, 0, 50, 40, 100, true},
      {"revoked before it was there", 0, 0, 50, 60, 100, false},
      {"revoked, as of a moment to come", 0, 0, 150, 0, 100, true},
      {"over, nobody knows when it was made", 0, 50, 0, 0, 100, false},
      {"over after it was there", 0, 50, 0, 40, 100, true},
      {"over before it was there", 0, 50, 0, 60, 100, false},
      {"not over yet", 0, 150, 0, 0, 100, true},
      {"there before its time", 50, 0, 0, 40, 100, false},
      {"there in its time", 50, 0, 0, 60, 100, true},
  };
  const SignedSubject subject = subject_of("an image");
  g_autoptr(Key) key = make_key("ecdsa-p256");
  g_autofree char *pem = public_key_to_pem(key_public(key));
  g_autoptr(SignedArtifact) artifact = sign(COSIGN, &subject, key, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) attestors = g_ptr_array_new_with_free_func((GDestroyNotify)attestor_free);
    Attestor *attestor = attestor_new("release");
    g_ptr_array_add(attestors, attestor);
    AttestorKey *entry =
        attestor_add_key(attestor, public_key_read(slice_from_string(pem), NULL), "release-2026");
    entry->not_before = cases[i].not_before;
    entry->not_after = cases[i].not_after;
    entry->revoked_at = cases[i].revoked_at;
    Store store;
    store_init(&store);
    put(&store, artifact);
    store.known_since = cases[i].known;
    const SignatureClaim claim = {.digest = subject.digest};
    const SignatureSource source = store_source(&store);
    g_autoptr(ImageSignatures) result =
        image_signatures_verify(&source, attestors, &claim, cases[i].now, &error);
    g_assert_no_error(error);
    g_test_message("case \"%s\": %s", cases[i].name,
                   result->problems->len == 0 ? "valid"
                                              : (char *)g_ptr_array_index(result->problems, 0));
    g_assert_cmpint(image_signatures_has(result, "release"), ==, cases[i].valid);
    store_clear(&store);
  }
}

/* What fails is told apart from what is not there. */
static void
test_broken_source(void)
{
  const SignedSubject subject = subject_of("an image");
  g_autoptr(Key) key = make_key("ecdsa-p256");
  g_autoptr(SignedArtifact) artifact = sign(COSIGN, &subject, key, NULL);
  Digest payload =
      digest_of(DIGEST_SHA256, slice_from_bytes(g_ptr_array_index(artifact->blobs, 0)));
  const char *const broken[] = {artifact->tag, payload.text};
  g_autoptr(GPtrArray) nobody = g_ptr_array_new();
  for (size_t i = 0; i < G_N_ELEMENTS(broken); i++) {
    g_autoptr(GError) error = NULL;
    Store store;
    store_init(&store);
    put(&store, artifact);
    store.broken = broken[i];
    const SignatureClaim claim = {.digest = subject.digest};
    const SignatureSource source = store_source(&store);
    g_assert_null(image_signatures_verify(&source, nobody, &claim, NOW, &error));
    g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_NETWORK);
    store_clear(&store);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/sign/writers/all-kinds", test_all_kinds);
  g_test_add_func("/sign/writers/added", test_added);
  g_test_add_func("/sign/writers/changed", test_changed);
  g_test_add_func("/sign/writers/times", test_times);
  g_test_add_func("/sign/writers/broken-source", test_broken_source);
  return g_test_run();
}
