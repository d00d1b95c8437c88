/* libmicrohttpd's daemons: one for all addresses of a protocol. The door (door.h) gives them
 * connections, and they call what http.c does with requests. */
#pragma once

#include "server/http/http.h"

/* What serves the connections of one protocol, started when it is first needed; NULL with *error
 * when it cannot be. With the lock of the endpoints. */
struct MHD_Daemon *daemons_get(HttpServer *server, bool secure, GError **error);
/* No connection is left when it returns. */
void daemons_stop(HttpServer *server);
