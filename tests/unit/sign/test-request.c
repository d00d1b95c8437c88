/* Requests for certificates: openssl judges them, of keys that sign by PSS alone as well. */
#include <glib/gstdio.h>

#include "base/error.h"
#include "sign/formats/certificate_request.h"
#include "sign/keys/key-private.h"

static GBytes *
sign_by_pss_alone(void *state, SignatureAlgorithm algorithm, Slice message,
                  Cancellable *cancellable, GError **error)
{
  if (algorithm == ALGORITHM_RS256) {
    error_set(error, ASSAY_ERROR_UNSUPPORTED, "it signs by PSS alone");
    return NULL;
  }
  return key_sign(state, algorithm, message, cancellable, error);
}

static void
free_state(void *state)
{
  key_free(state);
}

static Key *
make_key(const char *folder, const char *algorithm, bool pss)
{
  static const KeyKind kind = {.sign = sign_by_pss_alone, .free = free_state};
  g_autoptr(GError) error = NULL;
  g_autofree char *uri = g_strdup_printf("file:%s/%s-%d.key", folder, algorithm, pss);
  key_make(uri, algorithm, NULL, NULL, &error);
  g_assert_no_error(error);
  Key *key = key_open(uri, NULL, NULL, &error);
  g_assert_no_error(error);
  if (!pss)
    return key;
  g_autofree char *pem = public_key_to_pem(key_public(key));
  const OpenedKey opened = {.public = public_key_read(slice_from_string(pem), NULL), .state = key};
  return key_new(uri, &kind, opened);
}

static void
test_openssl_takes_it(void)
{
  static const struct {
    const char *algorithm;
    bool pss;
    const char *said;
  } cases[] = {
      {"rsa-2048", false, "sha256WithRSAEncryption"},
      {"rsa-2048", true, "rsassaPss"},
      {"rsa-3072", true, "rsassaPss"},
      {"rsa-4096", true, "rsassaPss"},
      {"ecdsa-p256", false, "ecdsa-with-SHA256"},
      {"ecdsa-p384", false, "ecdsa-with-SHA384"},
  };
  g_autofree char *folder = g_dir_make_tmp("assay-request-XXXXXX", NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(Key) key = make_key(folder, cases[i].algorithm, cases[i].pss);
    g_autofree char *pem = certificate_request(key, "CN=release,O=Example", NULL, &error);
    g_assert_no_error(error);
    g_autofree char *path = g_build_filename(folder, "request", NULL), *out = NULL, *said = NULL;
    g_assert_true(g_file_set_contents(path, pem, -1, NULL));
    g_autofree char *command = g_strdup_printf("openssl req -verify -noout -text -in %s", path);
    int status = -1;
    g_assert_true(g_spawn_command_line_sync(command, &out, &said, &status, NULL));
    g_test_message("%s: %s", cases[i].algorithm, said);
    g_assert_true(strstr(said, "verify OK") != NULL && strstr(out, cases[i].said) != NULL);
    g_assert_nonnull(strstr(out, "Subject: O = Example, CN = release"));
  }
  g_autofree char *gone = g_strdup_printf("rm -r '%s'", folder);
  g_spawn_command_line_sync(gone, NULL, NULL, NULL, NULL);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/sign/request/openssl", test_openssl_takes_it);
  return g_test_run();
}
