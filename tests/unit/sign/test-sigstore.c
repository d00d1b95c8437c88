/* Signatures without keys: real ones of Sigstore's instances, and what is wrong with each that must
 * not count (sigstore/README.md). */
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "sign/formats/bundle.h"
#include "sign/formats/certificates.h"
#include "sign/formats/transparency_proof.h"
#include "sign/proof.h"
#include "text/base64.h"

#define IDENTITY                                                                                   \
  "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/"        \
  "workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main"
#define ISSUER "https://token.actions.githubusercontent.com"

/* NULL: the case has no such file. (transfer full) */
static GBytes *
read_file(const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename(folder, name, NULL);
  char *text;
  gsize size;
  return g_file_get_contents(path, &text, &size, NULL) ? g_bytes_new_take(text, size) : NULL;
}

static GBytes *
of_case(const char *root, const char *folder, const char *name)
{
  GBytes *own = read_file(folder, name);
  return own != NULL ? own : read_file(root, name);
}

/* Of a bundle over a file, which is no image's. (transfer full), or NULL */
static Signature *
read_blob_bundle(const json_t *bundle, GBytes *artifact, GError **error)
{
  const json_t *message = json_get_object(bundle, "messageSignature");
  g_autoptr(Signature) signature = signature_new(SIGNATURE_COSIGN);
  signature->message = g_bytes_ref(artifact);
  signature->bytes = base64_decode(slice_from_string(json_get_string(message, "signature")));
  if (signature->bytes == NULL)
    return NULL;
  return bundle_read_material(bundle, signature, error) ? g_steal_pointer(&signature) : NULL;
}

static bool
check_claim(const Signature *signature, GBytes *artifact, GError **error)
{
  SignatureClaim claim = {.digest = digest_of(DIGEST_SHA256, slice_from_bytes(artifact))};
  return signature->predicate_type == NULL || signature_check_claim(signature, &claim, error);
}

static bool
check_by(const Attestor *attestor, const Signature *signature, GError **error)
{
  Proof proof;
  if (attestor->keys->len > 0) {
    const AttestorKey *key = g_ptr_array_index(attestor->keys, 0);
    g_autoptr(GBytes) der = public_key_to_der(key->key);
    if (!signature_is_by(signature, key->key))
      return error_set(error, ASSAY_ERROR_MISMATCH, "it is not by the key");
    return proof_find(attestor, signature, slice_from_bytes(der), &proof, error);
  }
  if (signature->chain == NULL)
    return error_set(error, ASSAY_ERROR_MISMATCH, "it has no certificate");
  Slice leaf = slice_from_bytes(g_ptr_array_index(signature->chain, 0));
  const AttestorIdentity *identity = g_ptr_array_index(attestor->identities, 0);
  g_autoptr(PublicKey) key = certificate_key(leaf, error);
  if (key == NULL)
    return false;
  if (!signature_is_by(signature, key))
    return error_set(error, ASSAY_ERROR_MISMATCH, "it is not by its certificate's key");
  return proof_find(attestor, signature, leaf, &proof, error) &&
         proof_check_certificate(attestor, signature, &proof, 0, error) &&
         (certificate_is_of(leaf, NULL, identity->name, identity->issuer) ||
          error_set(error, ASSAY_ERROR_MISMATCH, "it is by somebody else"));
}

/* (transfer full), or NULL */
static Attestor *
attestor_of(const char *root, const char *folder, GError **error)
{
  g_autoptr(Attestor) attestor = attestor_new("case");
  g_autoptr(GBytes) trusted = of_case(root, folder, "trusted_root.json");
  g_autoptr(GBytes) key = read_file(folder, "key.pub");
  g_autoptr(GBytes) name = read_file(folder, "identity");
  g_autoptr(GBytes) issuer = read_file(folder, "issuer");
  g_autofree char *name_text = name == NULL ? NULL : slice_to_string(slice_from_bytes(name));
  g_autofree char *issuer_text = issuer == NULL ? NULL : slice_to_string(slice_from_bytes(issuer));
  g_assert_nonnull(trusted);
  if (!trusted_root_read(slice_from_bytes(trusted), attestor->sigstore, error))
    return NULL;
  PublicKey *public = key == NULL ? NULL : public_key_read(slice_from_bytes(key), NULL);
  if (public != NULL)
    attestor_add_key(attestor, public, NULL);
  attestor_add_identity(attestor, NULL, name_text == NULL ? IDENTITY : g_strstrip(name_text),
                        issuer_text == NULL ? ISSUER : g_strstrip(issuer_text));
  return g_steal_pointer(&attestor);
}

static bool
verify_text(const char *root, const char *folder, GBytes *text, GError **error)
{
  g_autoptr(GBytes) artifact = read_file(folder, "artifact");
  if (artifact == NULL)
    artifact = read_file(root, "a.txt");
  g_autoptr(Attestor) attestor = attestor_of(root, folder, error);
  g_autoptr(json_t) bundle = json_parse(slice_from_bytes(text), error);
  if (bundle == NULL || attestor == NULL)
    return false;
  g_autoptr(Signature) signature = json_get_object(bundle, "dsseEnvelope") != NULL
                                       ? bundle_read(slice_from_bytes(text), error)
                                       : read_blob_bundle(bundle, artifact, error);
  return signature != NULL && check_claim(signature, artifact, error) &&
         check_by(attestor, signature, error);
}

static bool
verify(const char *root, const char *folder, GError **error)
{
  g_autoptr(GBytes) text = read_file(folder, "bundle.sigstore.json");
  return verify_text(root, folder, text, error);
}

/* "— NAME BASE64", with another last byte. (transfer full) */
static char *
spoil_line(const char *line, size_t size)
{
  gsize length = 0;
  const char *base64 = g_strrstr_len(line, (gssize)size, " ") + 1;
  g_autofree char *text = g_strndup(base64, size - (size_t)(base64 - line));
  g_autofree guchar *bytes = g_base64_decode(text, &length);
  bytes[length - 1] ^= 1;
  g_autofree char *again = g_base64_encode(bytes, length);
  return g_strdup_printf("%.*s%s", (int)(base64 - line), line, again);
}

/* Of several lines of the log's key in a checkpoint, the first decides. */
static void
test_lines(void)
{
  g_autofree char *root = g_test_build_filename(G_TEST_DIST, "sigstore", NULL);
  g_autofree char *folder = g_build_filename(root, "rekor2-dsse-happy-path", NULL);
  g_autoptr(GBytes) text = read_file(folder, "bundle.sigstore.json");
  for (int spoiled_first = 0; spoiled_first < 2; spoiled_first++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) bundle = json_parse(slice_from_bytes(text), NULL);
    json_t *material = json_get_object(bundle, "verificationMaterial");
    json_t *entry = json_array_get(json_get_array(material, "tlogEntries"), 0);
    json_t *checkpoint = json_get_object(json_get_object(entry, "inclusionProof"), "checkpoint");
    const char *envelope = json_get_string(checkpoint, "envelope");
    const char *lines = g_strrstr(envelope, "\n\n") + 2;
    size_t size = strcspn(lines, "\n");
    g_autofree char *spoiled = spoil_line(lines, size);
    g_autofree char *line = g_strndup(lines, size);
    g_autofree char *all =
        g_strdup_printf("%.*s%s\n%s\n", (int)(lines - envelope), envelope,
                        spoiled_first ? spoiled : line, spoiled_first ? line : spoiled);
    json_set_string(checkpoint, "envelope", all);
    char *written = json_to_text(bundle);
    g_autoptr(GBytes) changed = g_bytes_new_take(written, strlen(written));
    g_assert_cmpint(verify_text(root, folder, changed, &error), ==, !spoiled_first);
  }
}

static void
test_real(void)
{
  const char *set = g_getenv("SIGSTORE_CASES");
  g_autofree char *root =
      set != NULL ? g_strdup(set) : g_test_build_filename(G_TEST_DIST, "sigstore", NULL);
  g_autoptr(GDir) cases = g_dir_open(root, 0, NULL);
  unsigned count = 0;
  g_assert_nonnull(cases);
  for (const char *name; (name = g_dir_read_name(cases)) != NULL;) {
    g_autoptr(GError) error = NULL;
    g_autofree char *folder = g_build_filename(root, name, NULL);
    if (!g_file_test(folder, G_FILE_TEST_IS_DIR))
      continue;
    bool good = verify(root, folder, &error);
    bool wanted = !g_str_has_suffix(name, "_fail");
    g_test_message("%s%s: %s", good == wanted ? "" : "WRONG ", name,
                   good            ? "counts"
                   : error != NULL ? error->message
                                   : "does not");
    if (set == NULL)
      g_assert_cmpint(good, ==, wanted);
    count++;
  }
  g_assert_cmpuint(count, >, 0);
}

/* --- paths, in each tree of some sizes --- */

static void
tree_hash(unsigned first, unsigned count, uint8_t hash[32])
{
  if (count == 1) {
    const uint8_t body = (uint8_t)first;
    transparency_hash(SLICE_LITERAL("\0"), slice_new(&body, 1), SLICE_EMPTY, hash);
    return;
  }
  uint8_t left[32], right[32];
  unsigned middle = 1;
  while (2 * middle < count)
    middle *= 2;
  tree_hash(first, middle, left);
  tree_hash(first + middle, count - middle, right);
  transparency_hash(SLICE_LITERAL("\1"), slice_new(left, 32), slice_new(right, 32), hash);
}

static void
add_path(unsigned at, unsigned first, unsigned count, GPtrArray *hashes)
{
  uint8_t hash[32];
  unsigned middle = 1;
  if (count == 1)
    return;
  while (2 * middle < count)
    middle *= 2;
  bool right = at - first >= middle;
  add_path(at, right ? first + middle : first, right ? count - middle : middle, hashes);
  tree_hash(right ? first : first + middle, right ? middle : count - middle, hash);
  g_ptr_array_add(hashes, g_bytes_new(hash, sizeof hash));
}

static bool
leads(InclusionProof *proof, uint64_t index, uint64_t size, uint8_t body, const uint8_t root[32])
{
  proof->index = index;
  return inclusion_proof_leads(proof, slice_new(&body, 1), size, slice_new(root, 32));
}

static void
test_paths(void)
{
  for (unsigned size = 1; size <= 40; size++) {
    uint8_t root[32];
    tree_hash(0, size, root);
    for (unsigned at = 0; at < size; at++) {
      InclusionProof proof = {.hashes = NULL};
      proof.hashes = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
      add_path(at, 0, size, proof.hashes);
      g_assert_true(leads(&proof, at, size, (uint8_t)at, root));
      g_assert_false(leads(&proof, at, size, (uint8_t)(at + 1), root));
      for (unsigned other = 0; other <= size; other++)
        g_assert_true(other == at || !leads(&proof, other, size, (uint8_t)at, root));
      g_assert_false(leads(&proof, at, 0, (uint8_t)at, root));
      g_assert_false(leads(&proof, at, at, (uint8_t)at, root));
      g_ptr_array_add(proof.hashes, g_bytes_new(root, sizeof root));
      g_assert_false(leads(&proof, at, size, (uint8_t)at, root));
      g_ptr_array_set_size(proof.hashes, (gint)proof.hashes->len - 1);
      if (proof.hashes->len > 0) {
        g_ptr_array_set_size(proof.hashes, (gint)proof.hashes->len - 1);
        g_assert_false(leads(&proof, at, size, (uint8_t)at, root));
      }
      g_ptr_array_unref(proof.hashes);
    }
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/sign/sigstore/lines", test_lines);
  g_test_add_func("/sign/sigstore/real", test_real);
  g_test_add_func("/sign/sigstore/paths", test_paths);
  return g_test_run();
}
