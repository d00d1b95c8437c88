/* Signatures of images: what cosign, skopeo and notation wrote is read and verified as they do it,
 * and what was changed is refused. */
#include <string.h>

#include "base/json.h"
#include "sign/formats/bundle.h"
#include "sign/formats/cosign.h"
#include "sign/formats/dsse.h"
#include "sign/formats/notation.h"
#include "sign/verify.h"
#include "store.h"

static GBytes *
vector(const char *name)
{
  const char *shared = g_getenv("ASSAY_SHARED");
  g_autofree char *path =
      g_build_filename(shared == NULL ? "" : shared, "vectors", "signatures", name, NULL);
  char *text = NULL;
  gsize size;
  return g_file_get_contents(path, &text, &size, NULL) ? g_bytes_new_take(text, size) : NULL;
}

/* What other programs wrote of an image: a manifest and its layer. */
typedef struct {
  const char *name, *manifest, *layer;
  const char *suffix; /* of the tag; NULL: a referrer */
  const char *image;
  const char *repository;
  SignatureFormat format;
  const char *predicate_type;
} Captured;

static const Captured captured[] = {
    {"cosign 2 signs", "c2sign.sigtag.json", "c2sign.sigtag.layer", ".sig",
     "sha256:502e46e8f6d7af67b39d5a101714efedf77ce68f1252ce602cf6378576c82244", "k/c2",
     SIGNATURE_COSIGN, NULL},
    {"cosign 2 attests", "c2att.atttag.json", "c2att.atttag.layer", ".att",
     "sha256:2eaa4ec3a207996deadb0a4aa84a6c709264d2f775a0b02ccb71c5515ccf4d0b", "k/c2a",
     SIGNATURE_ATTESTATION, "https://cosign.sigstore.dev/attestation/vuln/v1"},
    {"cosign 3 signs", "c3sign.reftag.manifest.json", "c3sign.reftag.layer", NULL,
     "sha256:1033a9e539fe5bac6c4b7e93eb328eb0cbe9b8e772dabeca33650fc014b7e94e", "k/c3",
     SIGNATURE_BUNDLE, PREDICATE_IMAGE_SIGNATURE},
    {"cosign 3 attests", "c3att.reftag.manifest.json", "c3att.reftag.layer", NULL,
     "sha256:aa11b0f598fc122af1a7b19b1a3c22905ac7c6898b33ba7720c1e5e7f6fe6c02", "k/c3a",
     SIGNATURE_ATTESTATION, "https://cosign.sigstore.dev/attestation/vuln/v1"},
    {"notation signs", "notajws.reftag.manifest.json", "notajws.reftag.layer", NULL,
     "sha256:2194cccc0eedf896f2f1939439639e3f13eba7d7611b73b11c22aa030479c691", "k/n",
     SIGNATURE_NOTATION, NULL},
    {"notation signs in COSE", "notacose.reftag.manifest.json", "notacose.reftag.layer", NULL,
     "sha256:c0a61fae06e4823c9ab921300af5f274dee4c336ec890b9cae1b3569f18c46cf", "k/n",
     SIGNATURE_NOTATION, NULL},
};

/* The key of all but the last, whose certificate has another. */
static PublicKey *
key_of(const Captured *what)
{
  g_autoptr(GError) error = NULL;
  PublicKey *key;
  if (what->format == SIGNATURE_NOTATION) {
    g_autoptr(GBytes) layer = vector(what->layer);
    Slice bytes = slice_from_bytes(layer);
    g_autoptr(Signature) signature =
        *bytes.data == '{' ? notation_read_jws(bytes, &error) : notation_read_cose(bytes, &error);
    g_assert_no_error(error);
    gsize size;
    const guchar *der = g_bytes_get_data(g_ptr_array_index(signature->chain, 0), &size);
    g_autofree char *text = g_base64_encode(der, size);
    g_autofree char *pem =
        g_strdup_printf("-----BEGIN CERTIFICATE-----\n%s\n-----END CERTIFICATE-----\n", text);
    key = public_key_read(slice_from_string(pem), &error);
  } else {
    g_autoptr(GBytes) pem = vector("cosign.pub");
    key = public_key_read(slice_from_bytes(pem), &error);
  }
  g_assert_no_error(error);
  return key;
}

/* How the captured bytes are changed before they are looked at. */
typedef enum {
  AS_IT_IS,
  OTHER_IMAGE,
  OTHER_REPOSITORY,
  OTHER_HOST,
  OTHER_KEY,
  OTHER_LAYER,
  NO_LAYER,
  OTHER_FORMAT,
  CHANGES
} Change;

/* Changes each byte of the layer's signed text in turn would take long: one is enough here, and the
 * writers' test changes all. */
static GBytes *
with_one_change(GBytes *layer)
{
  gsize size;
  char *text = g_memdup2(g_bytes_get_data(layer, &size), g_bytes_get_size(layer));
  g_bytes_get_data(layer, &size);
  char *at = g_strstr_len(text, (gssize)size, "\"sig\":\"");
  at = at != NULL ? at + 20 : g_strstr_len(text, (gssize)size, "\"signature\":\"");
  if (at == NULL && *text == '{')
    at = g_strstr_len(text, (gssize)size, "5077") - 13;
  if (at == NULL)
    at = text + size - 20; /* of COSE, whose end is the signature */
  at[13] = at[13] == 'A' ? 'B' : 'A';
  return g_bytes_new_take(text, size);
}

static void
put(Store *store, const Captured *what, Change change)
{
  g_autoptr(GBytes) manifest = vector(what->manifest);
  g_autoptr(GBytes) layer = vector(what->layer);
  g_autoptr(json_t) json = json_parse(slice_from_bytes(manifest), NULL);
  g_autofree char *tag =
      what->suffix == NULL ? NULL : g_strconcat("sha256-", what->image + 7, what->suffix, NULL);
  if (change == OTHER_LAYER) {
    g_autoptr(GBytes) changed = with_one_change(layer);
    Digest digest = store_put_blob(store, slice_from_bytes(changed));
    json_t *entry = json_array_get(json_object_get(json, "layers"), 0);
    json_object_set_new(entry, "digest", json_string(digest.text));
  } else if (change != NO_LAYER) {
    store_put_blob(store, slice_from_bytes(layer));
  }
  if (change == OTHER_LAYER) {
    g_autofree char *text = json_to_text(json);
    store_put_manifest(store, tag, slice_from_string(text));
  } else {
    store_put_manifest(store, tag, slice_from_bytes(manifest));
  }
}

static ImageSignatures *
verify(Store *store, const Captured *what, Change change, PublicKey *key)
{
  static const char *const here[] = {"registry.example.org", "127.0.0.1:5077", NULL};
  static const char *const elsewhere[] = {"registry.example.org", NULL};
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) attestors = g_ptr_array_new_with_free_func((GDestroyNotify)attestor_free);
  Attestor *attestor = attestor_new("release");
  g_ptr_array_add(attestors, attestor);
  attestor_add_key(attestor, key, NULL);
  if (change == OTHER_FORMAT)
    attestor->formats = 1u << ((what->format + 1) % SIGNATURE_FORMAT_COUNT);
  SignatureClaim claim = {.repository = change == OTHER_REPOSITORY ? "k/other" : what->repository,
                          .hosts = change == OTHER_HOST ? elsewhere : here};
  g_assert_true(digest_parse(what->image, &claim.digest, NULL));
  if (change == OTHER_IMAGE) {
    /* The signature is filed with another image. */
    g_autofree char *old = cosign_tag(&claim.digest, what->suffix == NULL ? "" : what->suffix);
    memset(claim.digest.text + 7, 'a', 64);
    g_autofree char *tag = cosign_tag(&claim.digest, what->suffix == NULL ? "" : what->suffix);
    GBytes *manifest = g_hash_table_lookup(store->manifests, old);
    if (manifest != NULL)
      g_hash_table_insert(store->manifests, g_steal_pointer(&tag), g_bytes_ref(manifest));
  }
  const SignatureSource source = store_source(store);
  ImageSignatures *result = image_signatures_verify(&source, attestors, &claim, 0, &error);
  g_assert_no_error(error);
  return result;
}

static bool
is_accepted(const Captured *what, Change change)
{
  bool is_by_reference = what->format == SIGNATURE_COSIGN;
  return change == AS_IT_IS ||
         ((change == OTHER_REPOSITORY || change == OTHER_HOST) && !is_by_reference);
}

static void
test_captured(void)
{
  g_autoptr(GBytes) there = vector("cosign.pub");
  if (there == NULL) {
    g_test_skip("the captured signatures are not there");
    return;
  }
  for (size_t i = 0; i < G_N_ELEMENTS(captured); i++) {
    const Captured *what = &captured[i];
    for (Change change = AS_IT_IS; change < CHANGES; change++) {
      Store store;
      store_init(&store);
      put(&store, what, change);
      const Captured *keys = change == OTHER_KEY ? &captured[i >= 4 ? 0 : 4] : what;
      g_autoptr(ImageSignatures) result = verify(&store, what, change, key_of(keys));
      g_test_message(
          "case \"%s\", change %d: %u valid; %s", what->name, (int)change, result->valid->len,
          result->problems->len == 0 ? "" : (char *)g_ptr_array_index(result->problems, 0));
      g_assert_cmpuint(result->valid->len, ==, is_accepted(what, change) ? 1 : 0);
      g_assert_cmpuint(result->problems->len, ==, is_accepted(what, change) ? 0 : 1);
      g_assert_cmpint(result->incomplete, ==, change == NO_LAYER);
      if (change == AS_IT_IS) {
        const VerifiedSignature *verified = g_ptr_array_index(result->valid, 0);
        g_assert_cmpint(verified->format, ==, what->format);
        g_assert_cmpstr(verified->predicate_type, ==, what->predicate_type);
        g_assert_cmpint(image_signatures_has(result, "release"), ==,
                        what->format != SIGNATURE_ATTESTATION);
      }
      store_clear(&store);
    }
  }
}

/* Whoever may push to a repository fills it; what is left out is told. */
static void
test_bounds(void)
{
  static const struct {
    const char *name, *type;
    uint64_t size; /* as the manifest says */
    unsigned layers, seen;
    bool incomplete;
  } cases[] = {
      {"as many as are read", COSIGN_LAYER_TYPE, 0, SIGNATURES_MAX, SIGNATURES_MAX, false},
      {"more than are read", COSIGN_LAYER_TYPE, 0, SIGNATURES_MAX + 1, SIGNATURES_MAX, true},
      {"a payload that is too large", COSIGN_LAYER_TYPE, COSIGN_PAYLOAD_MAX + 1, 1, 0, true},
      {"an envelope that is too large", DSSE_LAYER_TYPE, DSSE_ENVELOPE_MAX + 1, 1, 0, true},
      {"layers of another type", "application/octet-stream", 0, SIGNATURES_MAX + 1, 0, false},
  };
  Digest image = digest_of(DIGEST_SHA256, SLICE_LITERAL("an image"));
  g_autofree char *payload = cosign_payload(&image, "registry.example.org/app", NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    Store store;
    store_init(&store);
    Digest blob = store_put_blob(&store, slice_from_string(payload));
    g_autoptr(json_t) layers = json_array();
    for (unsigned j = 0; j < cases[i].layers; j++)
      json_array_append_new(
          layers,
          json_pack("{s:s,s:s,s:I,s:{s:s}}", "mediaType", cases[i].type, "digest", blob.text,
                    "size", (json_int_t)(cases[i].size > 0 ? cases[i].size : strlen(payload)),
                    "annotations", COSIGN_SIGNATURE, "AAAA"));
    g_autoptr(json_t) manifest =
        json_pack("{s:i,s:s,s:{s:s,s:s,s:i},s:O}", "schemaVersion", 2, "mediaType",
                  "application/vnd.oci.image.manifest.v1+json", "config", "mediaType",
                  "application/vnd.oci.image.config.v1+json", "digest", blob.text, "size", 2,
                  "layers", layers);
    g_autofree char *text = json_to_text(manifest);
    g_autofree char *tag = cosign_tag(&image, COSIGN_SIGNATURE_SUFFIX);
    store_put_manifest(&store, tag, slice_from_string(text));
    const SignatureSource source = store_source(&store);
    g_auto(FoundSignatures) found = {NULL};
    g_assert_true(signatures_read(&source, &image, &found, NULL));
    g_test_message("case \"%s\": %u; %s", cases[i].name, found.signatures->len,
                   found.problems->len == 0 ? "" : (char *)g_ptr_array_index(found.problems, 0));
    g_assert_cmpuint(found.signatures->len, ==, cases[i].seen);
    g_assert_cmpint(found.incomplete, ==, cases[i].incomplete);
    g_assert_cmpint(found.problems->len > 0, ==, cases[i].incomplete);
    store_clear(&store);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/sign/formats/captured", test_captured);
  g_test_add_func("/sign/formats/bounds", test_bounds);
  return g_test_run();
}
