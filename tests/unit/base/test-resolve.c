/* Looking names up: one that is not answered holds nobody up. */
#include <string.h>
#include <sys/socket.h>

#include "base/resolve.h"

static GMutex silent; /* while it is held, "silent" is not answered */

static int lookups; /* atomic: under way */

/* In the place of the C library's. */
int
getaddrinfo(const char *host, const char *port G_GNUC_UNUSED, const struct addrinfo *hints,
            struct addrinfo **found)
{
  if (strcmp(host, "unknown") == 0)
    return EAI_NONAME;
  if (strcmp(host, "silent") == 0) {
    g_atomic_int_inc(&lookups);
    g_mutex_lock(&silent);
    g_mutex_unlock(&silent);
    g_atomic_int_add(&lookups, -1);
  }
  *found = g_new0(struct addrinfo, 1);
  (*found)->ai_socktype = hints->ai_socktype;
  return 0;
}

void
freeaddrinfo(struct addrinfo *found)
{
  g_free(found);
}

static void
test_answers(void)
{
  const char *why = "";
  int64_t end = g_get_monotonic_time() + 60 * G_USEC_PER_SEC;
  struct addrinfo *found = resolve_host("known", "1", end, NULL, &why);
  g_assert_nonnull(found);
  g_assert_null(why);
  g_assert_cmpint(found->ai_socktype, ==, SOCK_STREAM);
  freeaddrinfo(found);
  g_assert_null(resolve_host("unknown", "1", end, NULL, &why));
  g_assert_cmpstr(why, ==, gai_strerror(EAI_NONAME));
}

static void
test_silence(void)
{
  const char *why = "";
  int64_t begun = g_get_monotonic_time();
  g_mutex_lock(&silent);
  g_assert_null(resolve_host("silent", "1", begun + G_USEC_PER_SEC / 10, NULL, &why));
  g_assert_cmpstr(why, ==, "the name server does not answer");
  g_autoptr(Cancellable) stop = cancellable_new();
  cancellable_cancel(stop);
  g_assert_null(resolve_host("silent", "1", begun + 600 * G_USEC_PER_SEC, stop, &why));
  /* Threads that nobody waits for are bounded, and others are answered. */
  for (int i = 0; i < 40; i++)
    g_assert_null(resolve_host("silent", "1", 0, NULL, &why));
  g_assert_nonnull(strstr(why, "too many"));
  g_assert_cmpint(g_get_monotonic_time() - begun, <, 30 * G_USEC_PER_SEC);
  g_assert_cmpint(g_atomic_int_get(&lookups), <=, 16);
  g_mutex_unlock(&silent);
  struct addrinfo *found = NULL;
  for (int i = 0; i < 1000 && found == NULL; i++) {
    g_usleep(10 * 1000);
    found = resolve_host("known", "1", G_MAXINT64, NULL, &why);
  }
  g_assert_nonnull(found);
  freeaddrinfo(found);
  while (g_atomic_int_get(&lookups) > 0)
    g_usleep(1000);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/resolve/answers", test_answers);
  g_test_add_func("/resolve/silence", test_silence);
  return g_test_run();
}
