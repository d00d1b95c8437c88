/* Sockets to listen on. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#define LISTEN_NEEDS_TLS                                                                           \
  "listen address %s is reached from other machines: give `tls` a certificate and key, or say "    \
  "`plain_http: true` if something in front of it speaks TLS"

/* A bound, listening socket for "HOST:PORT"; *actual the same with the port that was chosen
 * (transfer full), *loopback whether only this machine reaches it. -1 on error. */
int listen_open(const char *address, char **actual, bool *loopback, GError **error);
