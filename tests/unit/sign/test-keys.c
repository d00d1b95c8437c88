/* Keys in files: what openssl makes and checks is the judge. */
#include <fcntl.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "sign/keys/cosign_key.h"
#include "sign/keys/key.h"

/* Runs a shell command with @folder as $D; fails with it. */
static void
run(const char *folder, const char *command)
{
  g_autofree char *script =
      g_strdup_printf("D='%s'; set -e; { %s; } >/dev/null 2>&1", folder, command);
  const char *arguments[] = {"sh", "-c", script, NULL};
  int status = -1;
  g_autoptr(GError) error = NULL;
  g_spawn_sync(NULL, (char **)(uintptr_t)arguments, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
               NULL, &status, &error);
  g_assert_no_error(error);
  if (status != 0)
    g_error("it failed: %s", command);
}

static bool
succeeds(const char *folder, const char *command)
{
  g_autofree char *script = g_strdup_printf("D='%s'; { %s; } >/dev/null 2>&1", folder, command);
  const char *arguments[] = {"sh", "-c", script, NULL};
  int status = -1;
  g_spawn_sync(NULL, (char **)(uintptr_t)arguments, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
               NULL, &status, NULL);
  return status == 0;
}

static char *
make_folder(void)
{
  char *folder = g_dir_make_tmp("assay-keys-XXXXXX", NULL);
  g_assert_nonnull(folder);
  return folder;
}

static void
write_bytes(const char *folder, const char *name, GBytes *bytes)
{
  g_autofree char *path = g_build_filename(folder, name, NULL);
  g_assert_true(file_replace(AT_FDCWD, path, slice_from_bytes(bytes), 0600, NULL));
}

static Key *
open_key(const char *folder, const char *name, const char *password, GError **error)
{
  g_autofree char *uri = g_strdup_printf("file:%s/%s", folder, name);
  g_autofree char *file = g_build_filename(folder, "password", NULL);
  g_autofree char *line = g_strdup_printf("%s\n", password == NULL ? "" : password);
  g_assert_true(g_file_set_contents(file, line, -1, NULL));
  KeyOptions options = {.password_file = password == NULL ? NULL : file};
  return key_open(uri, &options, NULL, error);
}

typedef struct {
  const char *name, *make, *words;
  SignatureAlgorithm cosign;
  const char *check; /* by openssl, of $D/message and $D/signature, with $D/public.pem */
} Case;
#define DGST "openssl dgst -sha256 -verify $D/public.pem -signature $D/signature $D/message"
static const Case cases[] = {
    {"p256", "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256", "ECDSA P-256",
     ALGORITHM_ECDSA_SHA256, DGST},
    {"p384", "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384", "ECDSA P-384",
     ALGORITHM_ECDSA_SHA256, DGST},
    {"rsa", "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072", "RSA 3072",
     ALGORITHM_RS256, DGST},
    {"pss", "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048", "RSA 2048",
     ALGORITHM_PS256,
     "openssl dgst -sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32 -verify "
     "$D/public.pem -signature $D/signature $D/message"},
    {"ed25519", "openssl genpkey -algorithm ED25519", "Ed25519", ALGORITHM_EDDSA,
     "openssl pkeyutl -verify -pubin -inkey $D/public.pem -rawin -in $D/message -sigfile "
     "$D/signature"},
    {"sm2", "openssl genpkey -algorithm SM2", "SM2", ALGORITHM_SM2_SM3,
     "openssl pkeyutl -verify -pubin -inkey $D/public.pem -rawin -digest sm3 -pkeyopt "
     "distid:1234567812345678 -in $D/message -sigfile $D/signature"},
};

static void
check_signature(const char *folder, Key *key, const Case *row)
{
  static const char message[] = "what is signed";
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) text = g_bytes_new_static(message, strlen(message));
  g_autoptr(GBytes) other = g_bytes_new_static(message, strlen(message) - 1);
  g_autofree char *words = public_key_in_words(key_public(key));
  g_autofree char *pem = public_key_to_pem(key_public(key));
  g_autofree char *path = g_build_filename(folder, "public.pem", NULL);
  g_assert_cmpstr(words, ==, row->words);
  g_assert_true(g_file_set_contents(path, pem, -1, NULL));
  g_autoptr(GBytes) signature = key_sign(key, row->cosign, slice_from_bytes(text), NULL, &error);
  g_assert_no_error(error);
  write_bytes(folder, "message", text);
  write_bytes(folder, "signature", signature);
  g_assert_true(succeeds(folder, row->check));
  write_bytes(folder, "message", other);
  g_assert_false(succeeds(folder, row->check));
  g_assert_false(public_key_verify(key_public(key), row->cosign, slice_from_bytes(other),
                                   slice_from_bytes(signature)));
  g_autoptr(PublicKey) again = public_key_read(slice_from_string(pem), &error);
  g_assert_no_error(error);
  g_assert_cmpstr(public_key_fingerprint(again), ==, public_key_fingerprint(key_public(key)));
  g_assert_true(
      public_key_verify(again, row->cosign, slice_from_bytes(text), slice_from_bytes(signature)));
}

static void
test_openssl(gconstpointer data)
{
  const Case *row = data;
  g_autofree char *folder = make_folder();
  g_autofree char *plain = g_strdup_printf("%s -out $D/plain.pem", row->make);
  run(folder, plain);
  run(folder, "openssl pkcs8 -topk8 -in $D/plain.pem -out $D/sealed.pem -passout pass:secret");
  g_autoptr(GError) error = NULL;
  g_autoptr(Key) key = open_key(folder, "plain.pem", NULL, &error);
  g_assert_no_error(error);
  check_signature(folder, key, row);
  g_autoptr(Key) sealed = open_key(folder, "sealed.pem", "secret", &error);
  g_assert_no_error(error);
  check_signature(folder, sealed, row);
  g_autoptr(Key) wrong = open_key(folder, "sealed.pem", "other", &error);
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_DENIED);
  g_clear_error(&error);
  g_autoptr(Key) none = open_key(folder, "sealed.pem", NULL, &error);
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_DENIED);
  g_assert_null(wrong);
  g_assert_null(none);
  run(folder, "rm -r $D");
}

/* What we make is what we open, and openssl where it is plain. */
static void
test_made(void)
{
  g_autofree char *folder = make_folder();
  g_setenv("ASSAY_KEY_PASSWORD", "secret", TRUE);
  for (size_t i = 0; key_algorithms[i] != NULL; i++) {
    g_autoptr(GError) error = NULL;
    g_autofree char *uri = g_strdup_printf("%s/%s.key", folder, key_algorithms[i]);
    g_assert_true(key_make(uri, key_algorithms[i], NULL, NULL, &error));
    g_assert_no_error(error);
    g_autoptr(GBytes) file = file_read(AT_FDCWD, uri, 65536, NULL);
    g_assert_true(cosign_key_is(slice_from_bytes(file)));
    g_autoptr(Key) key = key_open(uri, NULL, NULL, &error);
    g_assert_no_error(error);
    SignatureAlgorithm algorithm = public_key_cosign_algorithm(key_public(key));
    g_autoptr(GBytes) signature = key_sign(key, algorithm, SLICE_LITERAL("x"), NULL, &error);
    g_assert_no_error(error);
    g_assert_nonnull(signature);
    g_assert_false(key_make(uri, key_algorithms[i], NULL, NULL, &error));
    g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_EXISTS);
  }
  g_autoptr(GError) error = NULL;
  g_autofree char *first = g_strdup_printf("%s/%s.key", folder, key_algorithms[0]);
  g_setenv("ASSAY_KEY_PASSWORD", "other", TRUE);
  g_assert_null(key_open(first, NULL, NULL, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_DENIED);
  g_unsetenv("ASSAY_KEY_PASSWORD");
  g_autofree char *plain = g_strdup_printf("%s/plain.key", folder);
  g_assert_true(key_make(plain, "ecdsa-p256", NULL, NULL, NULL));
  g_assert_true(succeeds(folder, "openssl pkey -in $D/plain.key -noout"));
  g_autofree char *sm2 = g_strdup_printf("%s/sm2-plain.key", folder);
  g_assert_true(key_make(sm2, "sm2", NULL, NULL, NULL));
  g_assert_true(succeeds(folder, "openssl pkey -in $D/sm2-plain.key -noout -check"));
  run(folder, "rm -r $D");
}

/* A key file that another program made, with its public half. */
static void
test_captured(void)
{
  const char *shared = g_getenv("ASSAY_SHARED");
  g_autofree char *folder =
      g_build_filename(shared == NULL ? "" : shared, "vectors", "signatures", NULL);
  g_autofree char *path = g_build_filename(folder, "cosign.key", NULL);
  g_autofree char *public = g_build_filename(folder, "cosign.pub", NULL);
  g_autofree char *text = NULL;
  if (!g_file_get_contents(public, &text, NULL, NULL)) {
    g_test_skip("the captured key is not there");
    return;
  }
  g_autoptr(GError) error = NULL;
  g_setenv("COSIGN_PASSWORD", "x", TRUE);
  g_autoptr(Key) key = key_open(path, NULL, NULL, &error);
  g_unsetenv("COSIGN_PASSWORD");
  g_assert_no_error(error);
  g_autofree char *pem = public_key_to_pem(key_public(key));
  g_assert_cmpstr(pem, ==, text);
}

static void
test_damaged(void)
{
  g_autofree char *folder = make_folder();
  static const char *const texts[] = {
      "",
      "x",
      "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
      "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n",
      "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\ne30=\n-----END ENCRYPTED SIGSTORE PRIVATE "
      "KEY-----\n",
      NULL};
  g_autofree char *path = g_build_filename(folder, "key", NULL);
  for (size_t i = 0; texts[i] != NULL; i++) {
    g_autoptr(GError) error = NULL;
    g_assert_true(g_file_set_contents(path, texts[i], -1, NULL));
    g_assert_null(open_key(folder, "key", "secret", &error));
    g_assert_nonnull(error);
    g_assert_null(public_key_read(slice_from_string(texts[i]), NULL));
  }
  g_autoptr(GError) error = NULL;
  g_assert_null(key_open("nowhere:x", NULL, NULL, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_UNSUPPORTED);
  g_clear_error(&error);
  g_assert_null(open_key(folder, "nothing", NULL, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND);
  run(folder, "rm -r $D");
}

/* A key on another curve than ours, and one that is too small. */
static void
test_others(void)
{
  g_autofree char *folder = make_folder();
  static const char *const made[] = {"-algorithm RSA -pkeyopt rsa_keygen_bits:1024",
                                     "-algorithm EC -pkeyopt ec_paramgen_curve:P-224",
                                     "-algorithm ED448", NULL};
  for (size_t i = 0; made[i] != NULL; i++) {
    g_autoptr(GError) error = NULL;
    g_autofree char *command = g_strdup_printf("openssl genpkey %s -out $D/k", made[i]);
    run(folder, command);
    g_assert_null(open_key(folder, "k", NULL, &error));
    g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_UNSUPPORTED);
  }
  run(folder, "rm -r $D");
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *name = g_strdup_printf("/keys/openssl/%s", cases[i].name);
    g_test_add_data_func(name, &cases[i], test_openssl);
  }
  g_test_add_func("/keys/made", test_made);
  g_test_add_func("/keys/captured", test_captured);
  g_test_add_func("/keys/damaged", test_damaged);
  g_test_add_func("/keys/others", test_others);
  return g_test_run();
}
