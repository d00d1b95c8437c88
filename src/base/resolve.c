/* Looking names up on other threads; see the header. */
#include "base/resolve.h"

#include <stdbool.h>

/* Look-ups that nobody waits for any more, and those that somebody does: a name server that is
 * silent must not have a thread for each that asked. */
#define AT_ONCE 16
/* At what is cancelled. */
#define LOOK_EVERY ((int64_t)200 * 1000)

typedef struct {
  GMutex lock; /* guards the rest */
  GCond ended;
  unsigned owners; /* the thread, and who waits */
  bool done;
  int code;
  struct addrinfo *found;
  char *host, *port; /* of the thread's alone */
} LookUp;

static int at_work; /* atomic */

/* Unlocks. */
static void
let_go(LookUp *look_up)
{
  bool last = --look_up->owners == 0;
  g_mutex_unlock(&look_up->lock);
  if (!last)
    return;
  if (look_up->found != NULL)
    freeaddrinfo(look_up->found);
  g_mutex_clear(&look_up->lock);
  g_cond_clear(&look_up->ended);
  g_free(look_up->host);
  g_free(look_up->port);
  g_free(look_up);
}

static void *
work(void *data)
{
  LookUp *look_up = data;
  const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
  struct addrinfo *found = NULL;
  int code = getaddrinfo(look_up->host, look_up->port, &hints, &found);
  g_mutex_lock(&look_up->lock);
  look_up->code = code;
  look_up->found = code == 0 ? found : NULL;
  look_up->done = true;
  g_cond_broadcast(&look_up->ended);
  let_go(look_up);
  __atomic_sub_fetch(&at_work, 1, __ATOMIC_RELAXED);
  return NULL;
}

static LookUp *
begin(const char *host, const char *port)
{
  if (__atomic_add_fetch(&at_work, 1, __ATOMIC_RELAXED) > AT_ONCE) {
    __atomic_sub_fetch(&at_work, 1, __ATOMIC_RELAXED);
    return NULL;
  }
  LookUp *look_up = g_new0(LookUp, 1);
  g_mutex_init(&look_up->lock);
  g_cond_init(&look_up->ended);
  look_up->owners = 2;
  look_up->host = g_strdup(host);
  look_up->port = g_strdup(port);
  g_thread_unref(g_thread_new("look-up", work, look_up));
  return look_up;
}

struct addrinfo *
resolve_host(const char *host, const char *port, int64_t end, Cancellable *cancellable,
             const char **why)
{
  LookUp *look_up = begin(host, port);
  if (look_up == NULL) {
    *why = "too many names are being looked up; the name server does not answer";
    return NULL;
  }
  g_mutex_lock(&look_up->lock);
  for (int64_t now; !look_up->done && (now = g_get_monotonic_time()) < end &&
                    !cancellable_is_cancelled(cancellable);)
    g_cond_wait_until(&look_up->ended, &look_up->lock, MIN(end, now + LOOK_EVERY));
  struct addrinfo *found = g_steal_pointer(&look_up->found);
  *why = !look_up->done       ? "the name server does not answer"
         : look_up->code == 0 ? NULL
                              : gai_strerror(look_up->code);
  let_go(look_up);
  return found;
}
