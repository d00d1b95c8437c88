/* The process that signs: it is this program again. */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "sign/signer.h"

static char *folder;

static char *
make_key(const char *name, const char *algorithm)
{
  g_autoptr(GError) error = NULL;
  char *path = g_build_filename(folder, name, NULL);
  key_make(path, algorithm, NULL, NULL, &error);
  g_assert_no_error(error);
  return path;
}

/* What our children's processes are; of this test there is none but the signer. */
static pid_t
find_signer(void)
{
  g_autofree char *path = g_strdup_printf("/proc/self/task/%d/children", getpid());
  g_autofree char *text = NULL;
  g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
  return (pid_t)g_ascii_strtoll(text, NULL, 10);
}

static void
test_signs(void)
{
  g_autoptr(Signer) signer = signer_new(NULL);
  static const char *const algorithms[] = {"ecdsa-p256", "rsa-2048", "ed25519", NULL};
  for (size_t i = 0; algorithms[i] != NULL; i++) {
    g_autoptr(GError) error = NULL;
    g_autofree char *path = make_key(algorithms[i], algorithms[i]);
    g_autoptr(Key) here = key_open(path, NULL, NULL, &error);
    g_autoptr(Key) key = signer_key(signer, path, NULL, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(public_key_fingerprint(key_public(key)), ==,
                    public_key_fingerprint(key_public(here)));
    SignatureAlgorithm algorithm = public_key_cosign_algorithm(key_public(key));
    g_autofree char *large = g_strnfill(300000, 'x');
    g_autoptr(GBytes) signature = key_sign(key, algorithm, slice_from_string(large), NULL, &error);
    g_assert_no_error(error);
    g_assert_true(public_key_verify(key_public(here), algorithm, slice_from_string(large),
                                    slice_from_bytes(signature)));
  }
}

static void
test_errors(void)
{
  g_autoptr(Signer) signer = signer_new(NULL);
  g_autoptr(GError) error = NULL;
  g_autofree char *path = g_build_filename(folder, "nothing", NULL);
  g_assert_null(signer_key(signer, path, NULL, NULL, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND);
  g_clear_error(&error);
  g_autofree char *rsa = make_key("for-errors", "rsa-2048");
  g_autoptr(Key) key = signer_key(signer, rsa, NULL, NULL, &error);
  g_assert_no_error(error);
  g_assert_null(key_sign(key, ALGORITHM_ES256, SLICE_LITERAL("x"), NULL, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_UNSUPPORTED);
  g_clear_error(&error);
  g_autoptr(Cancellable) cancelled = cancellable_new();
  cancellable_cancel(cancelled);
  g_assert_null(key_sign(key, ALGORITHM_RS256, SLICE_LITERAL("x"), cancelled, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_CANCELLED);
  g_autoptr(Signer) none = signer_new("/nowhere/assay");
  g_clear_error(&error);
  g_assert_null(signer_key(none, rsa, NULL, NULL, &error));
  g_assert_nonnull(error);
}

/* Another one takes its place. */
static void
test_killed(void)
{
  g_autoptr(Signer) signer = signer_new(NULL);
  g_autoptr(GError) error = NULL;
  g_autofree char *path = make_key("for-killed", "ecdsa-p256");
  g_autoptr(Key) key = signer_key(signer, path, NULL, NULL, &error);
  g_assert_no_error(error);
  for (unsigned i = 0; i < 5; i++) {
    pid_t pid = find_signer();
    g_assert_cmpint(pid, >, 0);
    kill(pid, SIGKILL);
    g_autoptr(GBytes) signature =
        key_sign(key, ALGORITHM_ECDSA_SHA256, SLICE_LITERAL("x"), NULL, &error);
    g_assert_no_error(error);
    g_assert_nonnull(signature);
    g_assert_cmpint(find_signer(), !=, pid);
  }
}

static void *
sign_many(void *data)
{
  for (unsigned i = 0; i < 50; i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) signature =
        key_sign(data, ALGORITHM_ECDSA_SHA256, SLICE_LITERAL("x"), NULL, &error);
    g_assert_no_error(error);
    g_assert_nonnull(signature);
  }
  return NULL;
}

static void
test_threads(void)
{
  g_autoptr(Signer) signer = signer_new(NULL);
  g_autoptr(GError) error = NULL;
  g_autofree char *path = make_key("for-threads", "ecdsa-p256");
  g_autoptr(Key) key = signer_key(signer, path, NULL, NULL, &error);
  g_assert_no_error(error);
  GThread *threads[8];
  for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
    threads[i] = g_thread_new("test", sign_many, key);
  for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
    g_thread_join(threads[i]);
}

int
main(int argc, char **argv)
{
  if (argc == 2 && strcmp(argv[1], "signer") == 0)
    return signer_serve() ? 0 : 1;
  g_test_init(&argc, &argv, NULL);
  folder = g_dir_make_tmp("assay-signer-XXXXXX", NULL);
  g_test_add_func("/signer/signs", test_signs);
  g_test_add_func("/signer/errors", test_errors);
  g_test_add_func("/signer/killed", test_killed);
  g_test_add_func("/signer/threads", test_threads);
  int status = g_test_run();
  const char *remove[] = {"rm", "-r", folder, NULL};
  g_spawn_sync(NULL, (char **)(uintptr_t)remove, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL,
               NULL, NULL);
  g_free(folder);
  return status;
}
