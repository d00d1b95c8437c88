/* The process that signs: keys there, several threads at once, and what comes of its death. */
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "sign/signer.h"

typedef struct {
  char *folder, *uri;
  Signer *signer;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer algorithm)
{
  g_autoptr(GError) error = NULL;
  fixture->folder = g_dir_make_tmp("assay-signer-XXXXXX", NULL);
  fixture->uri = g_strdup_printf("file:%s/key", fixture->folder);
  fixture->signer = signer_new(g_getenv("ASSAY_PROGRAM"));
  g_assert_true(signer_make(fixture->signer, fixture->uri,
                            algorithm == NULL ? "ecdsa-p256" : algorithm, NULL, NULL, &error));
  g_assert_no_error(error);
}

static void
tear_down(Fixture *fixture, gconstpointer unused)
{
  signer_free(fixture->signer);
  g_autofree char *path = g_build_filename(fixture->folder, "key", NULL);
  g_remove(path);
  g_rmdir(fixture->folder);
  g_free(fixture->folder);
  g_free(fixture->uri);
}

/* The process that signs, of ours. */
static pid_t
find_process(void)
{
  g_autofree char *path = g_strdup_printf("/proc/self/task/%d/children", getpid());
  g_autofree char *children = NULL;
  g_assert_true(g_file_get_contents(path, &children, NULL, NULL));
  pid_t found = (pid_t)g_ascii_strtoll(children, NULL, 10);
  g_assert_cmpint(found, >, 0);
  return found;
}

static void
test_signs(Fixture *fixture, gconstpointer unused)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(Key) key = signer_key(fixture->signer, fixture->uri, NULL, NULL, &error);
  g_assert_no_error(error);
  SignatureAlgorithm algorithm = public_key_cosign_algorithm(key_public(key));
  g_autoptr(GBytes) signature = key_sign(key, algorithm, SLICE_LITERAL("x"), NULL, &error);
  g_assert_no_error(error);
  g_assert_true(public_key_verify(key_public(key), algorithm, SLICE_LITERAL("x"),
                                  slice_from_bytes(signature)));
  g_autoptr(Key) here = key_open(fixture->uri, NULL, NULL, &error);
  g_assert_no_error(error);
  g_assert_cmpstr(public_key_fingerprint(key_public(here)), ==,
                  public_key_fingerprint(key_public(key)));
  /* A large one, as an attestation with an SBOM is. */
  const size_t size = (size_t)8 * 1024 * 1024;
  g_autofree uint8_t *large = g_malloc0(size);
  g_autoptr(GBytes) other = key_sign(key, algorithm, slice_new(large, size), NULL, &error);
  g_assert_no_error(error);
  g_assert_nonnull(other);
}

/* An error there is the same here. */
static void
test_errors(Fixture *fixture, gconstpointer unused)
{
  g_autoptr(GError) error = NULL;
  g_assert_false(signer_make(fixture->signer, fixture->uri, "ed25519", NULL, NULL, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_EXISTS);
  g_clear_error(&error);
  g_assert_null(signer_key(fixture->signer, "file:/nowhere", NULL, NULL, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND);
  g_clear_error(&error);
  g_assert_null(signer_sign(fixture->signer, fixture->uri, NULL, ALGORITHM_RS256,
                            SLICE_LITERAL("x"), NULL, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_UNSUPPORTED);
  g_clear_error(&error);
  g_autoptr(Cancellable) cancellable = cancellable_new();
  cancellable_cancel(cancellable);
  g_assert_null(signer_sign(fixture->signer, fixture->uri, NULL, ALGORITHM_ECDSA_SHA256,
                            SLICE_LITERAL("x"), cancellable, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_CANCELLED);
  g_clear_error(&error);
  g_autoptr(Signer) none = signer_new("/nowhere");
  g_assert_null(signer_key(none, fixture->uri, NULL, NULL, &error));
  g_assert_nonnull(error);
  g_clear_error(&error);
  /* A program that is another ends at once. */
  g_autoptr(Signer) other = signer_new("/bin/true");
  g_assert_null(signer_key(other, fixture->uri, NULL, NULL, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_IO);
}

/* A key that was replaced: it is not signed with another than was opened, and a new one is seen. */
static void
test_replaced(Fixture *fixture, gconstpointer unused)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(Key) old = signer_key(fixture->signer, fixture->uri, NULL, NULL, &error);
  g_assert_no_error(error);
  g_autofree char *path = g_build_filename(fixture->folder, "key", NULL);
  g_assert_cmpint(g_remove(path), ==, 0);
  g_assert_true(key_make(path, "ecdsa-p256", NULL, NULL, &error));
  kill(find_process(), SIGKILL);
  for (unsigned i = 0; i < 2; i++) {
    g_clear_error(&error);
    g_assert_null(key_sign(old, ALGORITHM_ECDSA_SHA256, SLICE_LITERAL("x"), NULL, &error));
    if (g_error_matches(error, ASSAY_ERROR, ASSAY_ERROR_MISMATCH))
      break;
  }
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_MISMATCH);
}

/* Stopped, it gives no answer; killed, it is started again. */
static void
test_ends(Fixture *fixture, gconstpointer unused)
{
  g_autoptr(GError) error = NULL;
  const KeyOptions hasty = {.seconds = 1};
  g_autoptr(Key) key = signer_key(fixture->signer, fixture->uri, &hasty, NULL, &error);
  g_assert_no_error(error);
  kill(find_process(), SIGSTOP);
  g_assert_null(key_sign(key, ALGORITHM_ECDSA_SHA256, SLICE_LITERAL("x"), NULL, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_TIMEOUT);
  g_clear_error(&error);
  for (unsigned i = 0; i < 20; i++) {
    g_autoptr(GBytes) before =
        key_sign(key, ALGORITHM_ECDSA_SHA256, SLICE_LITERAL("x"), NULL, &error);
    g_assert_no_error(error);
    kill(find_process(), SIGKILL);
  }
}

/* Nobody can read its memory, and it starts no program. */
static void
test_hardened(Fixture *fixture, gconstpointer unused)
{
  g_autofree char *path = g_strdup_printf("/proc/%d/status", find_process());
  g_autofree char *status = NULL;
  g_assert_true(g_file_get_contents(path, &status, NULL, NULL));
  g_assert_nonnull(strstr(status, "Seccomp:\t2"));
  g_assert_nonnull(strstr(status, "NoNewPrivs:\t1"));
}

#define ROUNDS 500
static gpointer
sign_many(gpointer data)
{
  for (unsigned i = 0; i < ROUNDS; i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) signature =
        key_sign(data, ALGORITHM_ECDSA_SHA256, SLICE_LITERAL("what is signed"), NULL, &error);
    g_assert_no_error(error);
    g_assert_nonnull(signature);
  }
  return NULL;
}

static void
test_threads(Fixture *fixture, gconstpointer unused)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(Key) key = signer_key(fixture->signer, fixture->uri, NULL, NULL, &error);
  g_assert_no_error(error);
  GThread *threads[8];
  g_test_timer_start();
  for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
    threads[i] = g_thread_new("signs", sign_many, key);
  for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
    g_thread_join(threads[i]);
  double rate = (double)(ROUNDS * G_N_ELEMENTS(threads)) / g_test_timer_elapsed();
  g_test_maximized_result(rate, "%.0f signatures a second", rate);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add("/signer/signs", Fixture, NULL, set_up, test_signs, tear_down);
  g_test_add("/signer/errors", Fixture, NULL, set_up, test_errors, tear_down);
  g_test_add("/signer/replaced", Fixture, NULL, set_up, test_replaced, tear_down);
  g_test_add("/signer/ends", Fixture, NULL, set_up, test_ends, tear_down);
  g_test_add("/signer/hardened", Fixture, NULL, set_up, test_hardened, tear_down);
  g_test_add("/signer/threads", Fixture, NULL, set_up, test_threads, tear_down);
  return g_test_run();
}
