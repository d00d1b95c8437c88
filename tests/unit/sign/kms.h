/* The server that stands in for services that keep keys (kms-server.py), for tests of those. */
#pragma once

#include <glib/gstdio.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct {
  char *folder, *endpoint;
  GPid pid;
} Kms;

/* (transfer full) The path. */
static inline char *
kms_write(const Kms *kms, const char *name, const char *text)
{
  char *path = g_build_filename(kms->folder, name, NULL);
  g_assert_true(g_file_set_contents(path, text, -1, NULL));
  return path;
}

/* With the folder as $D, and @name as $N. */
static inline void
kms_run(const Kms *kms, const char *command, const char *name)
{
  g_setenv("D", kms->folder, TRUE);
  g_setenv("N", name, TRUE);
  const char *words[] = {"sh", "-c", command, NULL};
  int status = -1;
  g_spawn_sync(NULL, (char **)(uintptr_t)words, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL,
               &status, NULL);
  g_assert_cmpint(status, ==, 0);
}

static inline Kms
kms_start(void)
{
  static const char elliptic[] = "openssl genpkey -algorithm EC -pkeyopt "
                                 "ec_paramgen_curve:P-256 -out $D/$N.pem 2>/dev/null";
  Kms kms = {.folder = g_dir_make_tmp("assay-services-XXXXXX", NULL)};
  kms_run(&kms, elliptic, "p256");
  kms_run(&kms, elliptic, "other-p256");
  kms_run(&kms,
          "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out $D/$N.pem 2>/dev/null",
          "rsa");
  kms_run(&kms, "openssl genpkey -algorithm ED25519 -out $D/$N.pem", "ed25519");
  kms_run(&kms, "openssl genpkey -algorithm SM2 -out $D/$N.pem", "sm2");
  g_autofree char *script = g_test_build_filename(G_TEST_DIST, "kms-server.py", NULL);
  const char *words[] = {"/usr/bin/python3", script, kms.folder, NULL};
  g_autoptr(GError) error = NULL;
  int output = -1;
  g_spawn_async_with_pipes(NULL, (char **)(uintptr_t)words, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL,
                           NULL, &kms.pid, NULL, &output, NULL, &error);
  g_assert_no_error(error);
  char port[16] = "";
  for (size_t at = 0; at + 1 < sizeof port && strchr(port, '\n') == NULL; at++)
    g_assert_cmpint(read(output, port + at, 1), ==, 1);
  kms.endpoint = g_strdup_printf("http://127.0.0.1:%s", g_strstrip(port));
  return kms;
}

static inline void
kms_stop(Kms *kms)
{
  kill(kms->pid, SIGKILL);
  waitpid(kms->pid, NULL, 0);
  kms_run(kms, "rm -r $D", "");
  g_free(kms->folder);
  g_free(kms->endpoint);
}
