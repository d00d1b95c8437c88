/* Endpoints that the API makes: what listens and what is written down change together. Any thread;
 * all may block. */
#pragma once

#include "access/endpoint/endpoint.h"
#include "access/endpoint/endpoint_store.h"
#include "server/server-private.h"

/* At the start: opens those that are written down. One that cannot listen is logged, and is left
 * out: the others serve. */
bool stored_endpoints_open(const ServerContext *context, GError **error);

/* Has @settings (taken over) listen, and writes them down; @version as of endpoint_store_put().
 * What fails changes nothing. ASSAY_ERROR_DENIED: the configuration has one of this name. */
bool stored_endpoints_put(const ServerContext *context, HttpServer *http,
                          EndpointSettings *settings, int64_t version, GError **error);
bool stored_endpoints_delete(const ServerContext *context, HttpServer *http, const char *name,
                             int64_t version, GError **error);
