/* Client certificates in TLS: asked for in the handshake as the endpoint says, and shown by a
 * request that shows nothing else. */
#pragma once

#include <gnutls/gnutls.h>

#include "base/found.h"
#include "server/http/http-private.h"

/* In the handshake, once its endpoint is known. One that does not count ends the handshake. */
void client_certificate_ask(HttpServer *server, const Endpoint *endpoint, gnutls_session_t session);
/* FOUND: *shown, as Shown.secret has it (transfer full); it counts now, also where the connection
 * is old. ABSENT: none was shown, or its endpoint takes none. FAILED with ASSAY_ERROR_MISMATCH. */
Found client_certificate_shown(const Request *request, char **shown, GError **error);
/* Whether its endpoint requires one and the connection has none that counts now: one that is older
 * than the rule, without TLS, or where no authority is believed. */
bool client_certificate_is_missing(const Request *request);
