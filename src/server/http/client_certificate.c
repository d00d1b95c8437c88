/* Client certificates in TLS; see the header. */
#include "server/http/client_certificate.h"

#include <string.h>

#include "base/gnutls_library.h"
#include "base/log.h"
#include "server/http/microhttpd_library-private.h"

/* What is said of the endpoint; of `listen` by `access`. */
static unsigned
setting_of(const HttpServer *server, const Endpoint *endpoint)
{
  const AccessSettings *settings = access_settings(server->access);
  if (strcmp(endpoint_name(endpoint), ENDPOINT_DEFAULT) == 0)
    return settings != NULL ? settings->client_certificate : CLIENT_CERTIFICATE_NONE;
  return endpoint->settings->client_certificate;
}

/* What it asks for in a handshake: where no authority is believed, nothing. */
static unsigned
wanted(const HttpServer *server, const Endpoint *endpoint)
{
  return server->client_trust == NULL ? CLIENT_CERTIFICATE_NONE : setting_of(server, endpoint);
}

/* The handshake hands no context to what checks a certificate, so those of the one server are here.
 */
static ClientTrust *believed;

/* A gnutls_certificate_verify_function: without one it is for the request to be refused. */
static int
check_shown(gnutls_session_t session)
{
  g_autoptr(GError) error = NULL;
  unsigned count = 0;
  const gnutls_datum_t *chain = gnutls()->certificate_get_peers(session, &count);
  if (chain == NULL || client_trust_check(believed, chain, count, &error))
    return 0;
  log_info("a client certificate was refused", "error", error->message, NULL);
  return GNUTLS_E_CERTIFICATE_ERROR;
}

void
client_certificate_ask(HttpServer *server, const Endpoint *endpoint, gnutls_session_t session)
{
  unsigned want = wanted(server, endpoint);
  if (want == CLIENT_CERTIFICATE_NONE)
    return;
  g_atomic_pointer_set(&believed, server->client_trust);
  gnutls()->certificate_server_set_request(
      session, want == CLIENT_CERTIFICATE_REQUIRED ? GNUTLS_CERT_REQUIRE : GNUTLS_CERT_REQUEST);
  gnutls()->session_set_verify_function(session, check_shown);
}

/* That of the connection; NULL: it has none. */
static const gnutls_datum_t *
chain_of(const Request *request, unsigned *count)
{
  const union MHD_ConnectionInfo *info =
      microhttpd()->get_connection_info(request->handle, MHD_CONNECTION_INFO_GNUTLS_SESSION);
  const gnutls_datum_t *chain = info == NULL || info->tls_session == NULL
                                    ? NULL
                                    : gnutls()->certificate_get_peers(info->tls_session, count);
  return chain == NULL || *count == 0 ? NULL : chain;
}

Found
client_certificate_shown(const Request *request, char **shown, GError **error)
{
  const HttpServer *server = request->server;
  unsigned count = 0;
  if (request->endpoint == NULL || wanted(server, request->endpoint) == CLIENT_CERTIFICATE_NONE)
    return ABSENT;
  const gnutls_datum_t *chain = chain_of(request, &count);
  if (chain == NULL)
    return ABSENT;
  /* Where one is required, phase_endpoint() has checked it for this request. */
  if (setting_of(server, request->endpoint) != CLIENT_CERTIFICATE_REQUIRED &&
      !client_trust_check(server->client_trust, chain, count, error))
    return FAILED;
  *shown = g_base64_encode(chain[0].data, chain[0].size);
  return FOUND;
}

bool
client_certificate_is_missing(const Request *request)
{
  const HttpServer *server = request->server;
  unsigned count = 0;
  if (setting_of(server, request->endpoint) != CLIENT_CERTIFICATE_REQUIRED)
    return false;
  const gnutls_datum_t *chain = chain_of(request, &count);
  return chain == NULL || server->client_trust == NULL ||
         !client_trust_check(server->client_trust, chain, count, NULL);
}
