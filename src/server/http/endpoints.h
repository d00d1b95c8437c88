/* The endpoints that a server has at present: each listens, and is changed or removed while the
 * others go on. Connections that the new rules do not admit are ended. From any thread. */
#pragma once

#include "access/endpoint/endpoint.h"
#include "server/http/http.h"

/* Adds @endpoint, or puts it in the place of the one of its name; nothing changes on error.
 * ASSAY_ERROR_INVALID: it cannot be told from another at its address, its certificate is none, or
 * it would send in clear what others can read; ASSAY_ERROR_IO: the address cannot be had. */
bool endpoints_put(HttpServer *server, Endpoint *endpoint, GError **error);
/* False: there is none of that name. */
bool endpoints_remove(HttpServer *server, const char *name);
/* In the order of their names, the default one first: Endpoint. (transfer full) */
GPtrArray *endpoints_list(HttpServer *server);
/* Where the one of @endpoint's name listens, with the ports that the kernel chose; empty: there is
 * none. (transfer full) */
GStrv endpoints_urls(HttpServer *server, const Endpoint *endpoint);
/* NULL: there is none. (transfer full) */
Endpoint *endpoints_find(HttpServer *server, const char *name);
