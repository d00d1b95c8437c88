/* Keys of tokens: SoftHSM's, made by pkcs11-tool and by us, used by the process that signs. */
#include <glib/gstdio.h>
#include <string.h>

#include "base/error.h"
#include "sign/signer.h"

#define PIN "123456"

static char *folder, *module;
static Signer *signer;

/* Runs a shell command; whether it succeeded. */
static bool
run(const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *command = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  g_autofree char *quiet = g_strdup_printf("{ %s; } >/dev/null 2>&1", command);
  const char *words[] = {"sh", "-c", quiet, NULL};
  int status = -1;
  g_spawn_sync(NULL, (char **)(uintptr_t)words, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL,
               &status, NULL);
  return status == 0;
}

static char *
write_file(const char *name, const char *text)
{
  char *path = g_build_filename(folder, name, NULL);
  g_assert_true(g_file_set_contents(path, text, -1, NULL));
  return path;
}

static char *
uri_of(const char *token, const char *object)
{
  return g_strdup_printf("pkcs11:token=%s;object=%s?module-path=%s", token, object, module);
}

/* A token with a key of each type, as pkcs11-tool makes them. */
static bool
make_token(void)
{
  static const char *const paths[] = {"/usr/lib/softhsm/libsofthsm2.so",
                                      "/usr/lib64/softhsm/libsofthsm2.so", NULL};
  for (size_t i = 0; paths[i] != NULL && module == NULL; i++)
    module = g_file_test(paths[i], G_FILE_TEST_EXISTS) ? g_strdup(paths[i]) : NULL;
  if (module == NULL || !run("command -v softhsm2-util && command -v pkcs11-tool"))
    return false;
  g_autofree char *settings =
      g_strdup_printf("directories.tokendir = %s/tokens\nobjectstore.backend = file\n", folder);
  g_autofree char *file = write_file("softhsm2.conf", settings);
  g_setenv("SOFTHSM2_CONF", file, TRUE);
  g_assert_true(run("mkdir %s/tokens", folder));
  g_assert_true(run("softhsm2-util --init-token --free --label T --pin " PIN " --so-pin 0000"));
  static const char *const made[][2] = {{"rsa", "rsa:3072"},
                                        {"p256", "EC:secp256r1"},
                                        {"p384", "EC:secp384r1"},
                                        {"ed25519", "EC:edwards25519"}};
  for (size_t i = 0; i < G_N_ELEMENTS(made); i++)
    g_assert_true(run("pkcs11-tool --module %s -l --pin " PIN
                      " -k --key-type %s --label %s --id 0%zu --usage-sign",
                      module, made[i][1], made[i][0], i + 1));
  return true;
}

typedef struct {
  const char *object, *words;
  SignatureAlgorithm algorithms[3];
} Case;
static const Case cases[] = {
    {"rsa", "RSA 3072", {ALGORITHM_RS256, ALGORITHM_PS256, ALGORITHM_PS384}},
    {"p256", "ECDSA P-256", {ALGORITHM_ECDSA_SHA256, ALGORITHM_ES256, ALGORITHM_ES256}},
    {"p384", "ECDSA P-384", {ALGORITHM_ECDSA_SHA256, ALGORITHM_ES384, ALGORITHM_ES384}},
    {"ed25519", "Ed25519", {ALGORITHM_EDDSA, ALGORITHM_EDDSA, ALGORITHM_EDDSA}},
};

/* OpenSSL says that the signature is right. */
static void
check_by_openssl(const Key *key, GBytes *signature)
{
  g_autofree char *pem = public_key_to_pem(key_public(key));
  g_autofree char *public = write_file("public.pem", pem);
  g_autofree char *path = g_build_filename(folder, "signature", NULL);
  gsize size;
  const char *data = g_bytes_get_data(signature, &size);
  g_assert_true(g_file_set_contents(path, data, (gssize)size, NULL));
  g_assert_true(run("cd %s && printf x > message && openssl dgst -sha256 -verify public.pem "
                    "-signature signature message",
                    folder));
}

static void
test_signs(gconstpointer data)
{
  const Case *row = data;
  g_autoptr(GError) error = NULL;
  g_autofree char *uri = uri_of("T", row->object), *pin = write_file("pin", PIN "\n");
  const KeyOptions options = {.pin_file = pin};
  g_autoptr(Key) key = signer_key(signer, uri, &options, NULL, &error);
  g_assert_no_error(error);
  g_autofree char *words = public_key_in_words(key_public(key));
  g_assert_cmpstr(words, ==, row->words);
  for (size_t i = 0; i < G_N_ELEMENTS(row->algorithms); i++) {
    g_autoptr(GBytes) signature =
        key_sign(key, row->algorithms[i], SLICE_LITERAL("x"), NULL, &error);
    g_assert_no_error(error);
    g_assert_nonnull(signature);
    if (i == 0 && row->algorithms[i] != ALGORITHM_EDDSA)
      check_by_openssl(key, signature);
  }
}

static void
test_pin_source(void)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *pin = write_file("pin", PIN "\n");
  g_autofree char *uri =
      g_strdup_printf("pkcs11:token=T;object=p256?module-path=%s&pin-source=file:%s", module, pin);
  g_autoptr(Key) key = signer_key(signer, uri, NULL, NULL, &error);
  g_assert_no_error(error);
  g_assert_nonnull(key);
}

static void
check_error(Signer *fresh, const char *uri, const char *pin, AssayErrorCode code)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *file = pin == NULL ? NULL : write_file("pin", pin);
  const KeyOptions options = {.pin_file = file};
  g_assert_null(signer_key(fresh, uri, &options, NULL, &error));
  if (!g_error_matches(error, ASSAY_ERROR, (int)code))
    g_error("%s: %s", uri, error->message);
  /* A PIN that was written into it by mistake is not told. */
  g_autofree char *name = g_strndup(uri, strcspn(uri, "?"));
  g_assert_nonnull(strstr(error->message, name));
  g_assert_null(strstr(error->message, "module-path"));
  g_assert_null(pin == NULL ? NULL : strstr(error->message, pin));
}

/* A wrong PIN is shown to the token once: after three, it would lock itself. */
static void
test_wrong_pins(void)
{
  /* One whose token is open already asks for no PIN. */
  g_autoptr(Signer) fresh = signer_new(g_getenv("ASSAY_PROGRAM"));
  g_autofree char *uri = uri_of("T", "p256");
  for (unsigned i = 0; i < 20; i++)
    check_error(fresh, uri, "654321", ASSAY_ERROR_DENIED);
  check_error(fresh, uri, NULL, ASSAY_ERROR_DENIED);
  g_autoptr(GError) error = NULL;
  g_autofree char *pin = write_file("pin", PIN);
  const KeyOptions options = {.pin_file = pin};
  g_autoptr(Key) key = signer_key(fresh, uri, &options, NULL, &error);
  g_assert_no_error(error);
}

static void
test_errors(void)
{
  g_autoptr(Signer) fresh = signer_new(g_getenv("ASSAY_PROGRAM"));
  g_autofree char *other = uri_of("T", "nothing"), *away = uri_of("Away", "p256");
  check_error(fresh, other, PIN, ASSAY_ERROR_NOT_FOUND);
  check_error(fresh, away, PIN, ASSAY_ERROR_NOT_FOUND);
  check_error(fresh, "pkcs11:token=T;object=p256;pin-value=" PIN, NULL, ASSAY_ERROR_INVALID);
  check_error(fresh, "pkcs11:token=T;object=p256?pin-value=" PIN, NULL, ASSAY_ERROR_INVALID);
  check_error(fresh, "pkcs11:token=T;object=p256?pin-source=|cat", NULL, ASSAY_ERROR_UNSUPPORTED);
  check_error(fresh, "pkcs11:token=T;object=p256?module-path=/nowhere.so", PIN, ASSAY_ERROR_IO);
  /* A process that parses what clients send loads no module. */
  g_autoptr(GError) error = NULL;
  g_assert_null(key_open(other, NULL, NULL, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_UNSUPPORTED);
}

/* A token that goes away and comes back, with a key that stays open meanwhile. */
static void
test_away(void)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *uri = uri_of("T", "p384"), *pin = write_file("pin", PIN);
  const KeyOptions options = {.pin_file = pin};
  g_autoptr(Key) key = signer_key(signer, uri, &options, NULL, &error);
  g_assert_no_error(error);
  g_assert_true(run("mv %s/tokens %s/away; mkdir %s/tokens", folder, folder, folder));
  g_autoptr(Signer) fresh = signer_new(g_getenv("ASSAY_PROGRAM"));
  g_assert_null(
      signer_sign(fresh, uri, &options, ALGORITHM_ES384, SLICE_LITERAL("x"), NULL, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND);
  g_clear_error(&error);
  g_assert_true(run("rmdir %s/tokens; mv %s/away %s/tokens", folder, folder, folder));
  g_autoptr(GBytes) again = key_sign(key, ALGORITHM_ECDSA_SHA256, SLICE_LITERAL("x"), NULL, &error);
  g_assert_no_error(error);
}

static void
test_made(void)
{
  g_autofree char *pin = write_file("pin", PIN);
  const KeyOptions options = {.pin_file = pin};
  for (size_t i = 0; key_algorithms[i] != NULL; i++) {
    g_autoptr(GError) error = NULL;
    g_autofree char *name = g_strdup_printf("made-%s", key_algorithms[i]);
    g_autofree char *uri = uri_of("T", name);
    bool done = signer_make(signer, uri, key_algorithms[i], &options, NULL, &error);
    /* GnuTLS has tokens make Ed25519 keys in later versions, and knows nothing of SM2. */
    if ((strcmp(key_algorithms[i], "ed25519") == 0 || strcmp(key_algorithms[i], "sm2") == 0) &&
        g_error_matches(error, ASSAY_ERROR, ASSAY_ERROR_UNSUPPORTED))
      continue;
    g_assert_no_error(error);
    g_assert_true(done);
    g_autoptr(Key) key = signer_key(signer, uri, &options, NULL, &error);
    g_assert_no_error(error);
    g_autoptr(GBytes) signature = key_sign(key, public_key_cosign_algorithm(key_public(key)),
                                           SLICE_LITERAL("x"), NULL, &error);
    g_assert_no_error(error);
    g_assert_false(signer_make(signer, uri, key_algorithms[i], &options, NULL, &error));
    g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_EXISTS);
  }
}

/* A module that stands still holds up who asks it, for a while, and nobody else. */
static void
test_stuck(void)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *uri = uri_of("T", "p256"), *pin = write_file("pin", PIN);
  g_autofree char *stuck =
      g_strdup_printf("pkcs11:token=T?module-path=%s", g_getenv("ASSAY_STUCK_MODULE"));
  const KeyOptions options = {.pin_file = pin, .seconds = 1};
  g_assert_null(signer_key(signer, stuck, &options, NULL, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_TIMEOUT);
  g_clear_error(&error);
  g_autoptr(Key) key = signer_key(signer, uri, &options, NULL, &error);
  g_assert_no_error(error);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  folder = g_dir_make_tmp("assay-pkcs11-XXXXXX", NULL);
  if (!make_token()) {
    g_rmdir(folder);
    g_print("1..0 # SKIP SoftHSM or pkcs11-tool is not there\n");
    return 0;
  }
  signer = signer_new(g_getenv("ASSAY_PROGRAM"));
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *name = g_strdup_printf("/pkcs11/signs/%s", cases[i].object);
    g_test_add_data_func(name, &cases[i], test_signs);
  }
  g_test_add_func("/pkcs11/pin-source", test_pin_source);
  g_test_add_func("/pkcs11/wrong-pins", test_wrong_pins);
  g_test_add_func("/pkcs11/errors", test_errors);
  g_test_add_func("/pkcs11/away", test_away);
  g_test_add_func("/pkcs11/made", test_made);
  g_test_add_func("/pkcs11/stuck", test_stuck);
  int status = g_test_run();
  signer_free(signer);
  run("rm -r %s", folder);
  g_free(folder);
  g_free(module);
  return status;
}
