/* Measures how many images a key in a file can sign, over the process that has it (sign/signer.h):
 * SECONDS by THREADS at once, which each sign what cosign signs. Prints signatures a second.
 *
 * usage: sign-load ASSAY KEY SECONDS THREADS */
#include <stdio.h>
#include <stdlib.h>

#include "sign/signer.h"

static int64_t end;
static gint made;

static void *
sign_until_end(void *key)
{
  static const char message[] =
      "{\"critical\":{\"identity\":{\"docker-reference\":\"registry.example.com/team/app:v1\"},"
      "\"image\":{\"docker-manifest-digest\":\"sha256:"
      "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"},\"type\":"
      "\"cosign container image signature\"},\"optional\":null}";
  while (g_get_monotonic_time() < end) {
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) signature = key_sign(key, public_key_cosign_algorithm(key_public(key)),
                                           slice_from_string(message), NULL, &error);
    if (signature == NULL) {
      fprintf(stderr, "sign-load: %s\n", error->message);
      exit(1);
    }
    g_atomic_int_inc(&made);
  }
  return NULL;
}

int
main(int argc, char **argv)
{
  if (argc != 5) {
    fprintf(stderr, "usage: sign-load ASSAY KEY SECONDS THREADS\n");
    return 2;
  }
  g_autoptr(GError) error = NULL;
  g_autoptr(Signer) signer = signer_new(argv[1]);
  g_autoptr(Key) key = signer_key(signer, argv[2], NULL, NULL, &error);
  if (key == NULL) {
    fprintf(stderr, "sign-load: %s\n", error->message);
    return 1;
  }
  double seconds = atof(argv[3]);
  GThread *threads[64];
  size_t count = CLAMP((size_t)atoi(argv[4]), 1, G_N_ELEMENTS(threads));
  end = g_get_monotonic_time() + (int64_t)(seconds * G_USEC_PER_SEC);
  for (size_t i = 0; i < count; i++)
    threads[i] = g_thread_new("sign", sign_until_end, key);
  for (size_t i = 0; i < count; i++)
    g_thread_join(threads[i]);
  printf("%.0f\n", g_atomic_int_get(&made) / seconds);
  return 0;
}
