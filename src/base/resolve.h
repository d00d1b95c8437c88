/* Addresses of a host's name, with an end: getaddrinfo() has none, and may take minutes where a
 * name server is silent. It runs on a thread of its own, which is left alone when the time has
 * passed. Any thread. */
#pragma once

#include <glib.h>
#include <netdb.h>

#include "base/cancellable.h"

/* Of streams. Waits until @end (g_get_monotonic_time()), or until @cancellable (or NULL) is. NULL:
 * *why says in words why there is none. (transfer full): freeaddrinfo() */
struct addrinfo *resolve_host(const char *host, const char *port, int64_t end,
                              Cancellable *cancellable, const char **why);
