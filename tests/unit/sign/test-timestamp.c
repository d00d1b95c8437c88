/* Time stamps: openssl is the authority. */
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "sign/attestor.h"
#include "sign/formats/certificates.h"
#include "sign/formats/notation.h"
#include "sign/formats/timestamp.h"
#include "sign/formats/write.h"
#include "sign/verify.h"
#include "store.h"

static const char script[] =
    "set -e; cd \"$D\"\n"
    "openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 30 -subj /CN=root "
    "-addext keyUsage=critical,keyCertSign -addext basicConstraints=critical,CA:TRUE\n"
    "openssl req -x509 -newkey rsa:2048 -nodes -keyout no.key -out other.pem -days 30 -subj "
    "/CN=other\n"
    "for use in timeStamping codeSigning; do\n"
    "openssl req -new -newkey rsa:2048 -nodes -keyout $use.key -out $use.csr -subj /CN=$use\n"
    "printf 'keyUsage=critical,digitalSignature\\nextendedKeyUsage=critical,%s\\n' $use >ext\n"
    "openssl x509 -req -in $use.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 20 -extfile ext "
    "-out $use.pem\n"
    "cat $use.pem ca.pem >$use.chain\n"
    "done\n"
    "printf '[tsa]\\nserial=serial\\ndigests=sha256,sha384,sha512,sha1\\nsigner_digest=sha256\\n"
    "default_policy=1.2.3\\nordering=no\\ness_cert_id_chain=no\\n' >ts.cnf\n"
    "printf stamped >data; printf 01 >serial\n"
    "for hash in sha256 sha384 sha512 sha1; do\n"
    "openssl ts -query -data data -$hash -cert -out $hash.query\n"
    "openssl ts -reply -config ts.cnf -section tsa -queryfile $hash.query -signer timeStamping.pem "
    "-inkey timeStamping.key -out $hash.answer\n"
    "openssl ts -reply -in $hash.answer -token_out -out $hash.token\n"
    "done\n";

static GBytes *
read_file(const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename(folder, name, NULL);
  char *text;
  gsize size;
  g_assert_true(g_file_get_contents(path, &text, &size, NULL));
  return g_bytes_new_take(text, size);
}

static GPtrArray *
roots_of(const char *folder, const char *name)
{
  g_autoptr(GBytes) pem = read_file(folder, name);
  GPtrArray *roots = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
  g_assert_true(certificates_read(slice_from_bytes(pem), 10, roots, NULL));
  return roots;
}

/* A folder with what the script makes. (transfer full) */
static char *
make_folder(void)
{
  char *folder = g_dir_make_tmp("assay-timestamp-XXXXXX", NULL);
  g_autofree char *command = g_strdup_printf("D='%s'; { %s } >\"$D/log\" 2>&1", folder, script);
  const char *arguments[] = {"sh", "-c", command, NULL};
  int status = -1;
  g_spawn_sync(NULL, (char **)(uintptr_t)arguments, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
               NULL, &status, NULL);
  g_autoptr(GBytes) log = read_file(folder, "log");
  g_test_message("%.*s", (int)g_bytes_get_size(log), (const char *)g_bytes_get_data(log, NULL));
  g_assert_cmpint(status, ==, 0);
  return folder;
}

static void
remove_folder(const char *folder)
{
  g_autofree char *command = g_strdup_printf("rm -r '%s'", folder);
  g_spawn_command_line_sync(command, NULL, NULL, NULL, NULL);
}

/* The answer of the authority of that folder about @bytes. */
static GBytes *
stamp(const char *folder, GBytes *bytes)
{
  gsize size;
  const char *data = g_bytes_get_data(bytes, &size);
  g_autofree char *path = g_build_filename(folder, "stamped", NULL);
  g_assert_true(g_file_set_contents(path, data, (gssize)size, NULL));
  g_autofree char *command = g_strdup_printf(
      "sh -c 'cd %s && openssl ts -query -data stamped -sha256 -cert -out q && openssl ts -reply "
      "-config ts.cnf -section tsa -queryfile q -signer timeStamping.pem -inkey timeStamping.key "
      "-token_out -out t'",
      folder);
  g_assert_true(g_spawn_command_line_sync(command, NULL, NULL, NULL, NULL));
  return read_file(folder, "t");
}

static unsigned
count_valid(Store *store, const SignedSubject *subject, const Attestor *attestor, int64_t now)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) attestors = g_ptr_array_new();
  g_ptr_array_add(attestors, (void *)(uintptr_t)attestor);
  const SignatureClaim claim = {.digest = subject->digest};
  const SignatureSource source = store_source(store);
  g_autoptr(ImageSignatures) result =
      image_signatures_verify(&source, attestors, &claim, now, &error);
  g_assert_no_error(error);
  return result->valid->len;
}

/* The signature with a time stamp of itself, which is in the part that nobody signed. */
static void
put_stamped(Store *store, const SignedArtifact *artifact, const char *folder)
{
  GBytes *layer = g_ptr_array_index(artifact->blobs, 1);
  g_autoptr(Signature) signature = notation_read_jws(slice_from_bytes(layer), NULL);
  g_autoptr(GBytes) token = stamp(folder, signature->bytes);
  gsize size;
  const guchar *bytes = g_bytes_get_data(token, &size);
  g_autofree char *text = g_base64_encode(bytes, size);
  g_autoptr(json_t) jws = json_parse(slice_from_bytes(layer), NULL);
  json_set_string(json_object_get(jws, "header"), NOTATION_TIMESTAMP, text);
  g_autofree char *stamped = json_to_text(jws);
  Digest digest = store_put_blob(store, slice_from_string(stamped));
  g_autoptr(json_t) manifest = json_parse(slice_from_bytes(artifact->manifest), NULL);
  json_t *descriptor = json_array_get(json_object_get(manifest, "layers"), 0);
  json_set_string(descriptor, "digest", digest.text);
  json_set_number(descriptor, "size", strlen(stamped));
  g_autofree char *changed = json_to_text(manifest);
  store_put_manifest(store, NULL, slice_from_string(changed));
}

/* Certificates end, and what was signed before counts when somebody who is trusted says that it was
 * before. */
static void
test_ended_certificate(void)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *folder = make_folder();
  g_autofree char *uri = g_strdup_printf("file:%s/codeSigning.key", folder);
  g_autoptr(Key) key = key_open(uri, NULL, NULL, &error);
  g_assert_no_error(error);
  g_autoptr(GPtrArray) chain = roots_of(folder, "codeSigning.chain");
  const SignedSubject subject = {.media_type = "application/vnd.oci.image.manifest.v1+json",
                                 .digest = digest_of(DIGEST_SHA256, SLICE_LITERAL("an image")),
                                 .size = 8};
  int64_t now = g_get_real_time() / G_USEC_PER_SEC, later = now + (int64_t)25 * 24 * 3600;
  g_autoptr(SignedArtifact) artifact =
      notation_write(&subject, NULL, chain, now, &(SigningMeans){key, NULL, NULL}, &error);
  g_assert_no_error(error);
  g_autoptr(Attestor) attestor = attestor_new("release");
  g_autoptr(GBytes) root = read_file(folder, "ca.pem");
  for (unsigned i = 0; i < 100; i++)
    g_assert_true(attestor_read(attestor, ATTESTOR_ROOTS, slice_from_bytes(root), NULL));
  g_assert_false(attestor_read(attestor, ATTESTOR_ROOTS, slice_from_bytes(root), NULL));
  Store store;
  store_init(&store);
  put_stamped(&store, artifact, folder);
  g_assert_cmpuint(count_valid(&store, &subject, attestor, now), ==, 1);
  g_assert_cmpuint(count_valid(&store, &subject, attestor, later), ==, 0);
  g_autoptr(GBytes) other = read_file(folder, "other.pem");
  g_assert_true(attestor_read(attestor, ATTESTOR_TIME_ROOTS, slice_from_bytes(other), NULL));
  g_assert_cmpuint(count_valid(&store, &subject, attestor, later), ==, 0);
  g_assert_true(attestor_read(attestor, ATTESTOR_TIME_ROOTS, slice_from_bytes(root), NULL));
  g_assert_cmpuint(count_valid(&store, &subject, attestor, later), ==, 1);
  store_clear(&store);
  remove_folder(folder);
}

static void
test_openssl(void)
{
  static const struct {
    const char *file, *stamped, *roots;
    int error; /* 0: it is taken */
  } cases[] = {
      {"sha256.token", "stamped", "ca.pem", 0},
      {"sha384.token", "stamped", "ca.pem", 0},
      {"sha512.token", "stamped", "ca.pem", 0},
      {"sha256.answer", "stamped", "ca.pem", 0},
      {"sha1.token", "stamped", "ca.pem", ASSAY_ERROR_UNSUPPORTED},
      {"sha256.token", "other", "ca.pem", ASSAY_ERROR_MISMATCH},
      {"sha256.token", "stamped", "other.pem", ASSAY_ERROR_MISMATCH},
      {"sha256.query", "stamped", "ca.pem", ASSAY_ERROR_INVALID},
      {"ca.pem", "stamped", "ca.pem", ASSAY_ERROR_INVALID},
  };
  g_autofree char *folder = make_folder();
  int64_t now = g_get_real_time() / G_USEC_PER_SEC;
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) file = read_file(folder, cases[i].file);
    g_autoptr(GPtrArray) roots = roots_of(folder, cases[i].roots);
    int64_t time = timestamp_verify(slice_from_bytes(file), slice_from_string(cases[i].stamped),
                                    NULL, roots, &error);
    g_test_message("case %s, %s, %s: %s", cases[i].file, cases[i].stamped, cases[i].roots,
                   error == NULL ? "good" : error->message);
    if (cases[i].error != 0) {
      g_assert_error(error, ASSAY_ERROR, cases[i].error);
      continue;
    }
    g_assert_no_error(error);
    g_assert_cmpint(ABS(time - now), <, 120);
  }
  /* Each byte of a token is signed, or says by whom. */
  g_autoptr(GBytes) token = read_file(folder, "sha256.token");
  g_autoptr(GPtrArray) roots = roots_of(folder, "ca.pem");
  Slice bytes = slice_from_bytes(token);
  for (size_t at = 0; at < bytes.size; at += 7) {
    g_autofree uint8_t *copy = g_memdup2(bytes.data, bytes.size);
    copy[at] ^= 1;
    int64_t time =
        timestamp_verify(slice_new(copy, bytes.size), SLICE_LITERAL("stamped"), NULL, roots, NULL);
    g_assert_true(time == 0 || ABS(time - now) < 120);
  }
  remove_folder(folder);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/sign/timestamp/openssl", test_openssl);
  g_test_add_func("/sign/timestamp/ended-certificate", test_ended_certificate);
  return g_test_run();
}
