/* libmicrohttpd's daemons; see the header. */
#include "server/http/daemons.h"

#include <string.h>

#include "base/error.h"
#include "base/gnutls_library.h"
#include "base/log.h"
#include "server/http/client_certificate.h"
#include "server/http/head.h"
#include "server/http/http-private.h"
#include "server/http/microhttpd_library-private.h"

/* Holds the request head and the read buffer; upload parts come in pieces of up to about half of
 * it. libmicrohttpd clears all of it after each request, which twice as much made a fifth of a
 * manifest's cost; half as much makes pushes cost more. */
#define CONNECTION_MEMORY ((size_t)80 * 1024)
/* Of the record of a parameter: six words and a number, to the next 16 bytes. */
#define PARAMETER_MEMORY ((size_t)64)
/* The server counts connections itself, at each address. The library must never be the one to
 * refuse. */
#define LIBRARY_CONNECTIONS (1u << 24)

/* The path as the client wrote it, for nothing but the log of errors libmicrohttpd finds itself. */
static void
on_error(void *data, const char *format, va_list args)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  g_autofree char *message = g_strdup_vprintf(format, args);
#pragma GCC diagnostic pop
  log_debug("http", "detail", g_strstrip(message), NULL);
}

static size_t
unescape(void *data, struct MHD_Connection *connection, char *text)
{
  return percent_decode(text);
}

/* The end is told before the descriptor is closed. */
static void
on_connection(void *data, struct MHD_Connection *handle, void **context,
              enum MHD_ConnectionNotificationCode what)
{
  HttpServer *server = data;
  const union MHD_ConnectionInfo *info =
      microhttpd()->get_connection_info(handle, MHD_CONNECTION_INFO_CONNECTION_FD);
  int fd = info != NULL ? info->connect_fd : -1;
  if (what == MHD_CONNECTION_NOTIFY_STARTED) {
    *context = connection_watch_find(server->connections, fd);
    return;
  }
  if (connection_is_early(*context))
    door_linger(server->door, fd);
  *context = NULL;
  connection_watch_leave(server->connections, fd);
}

/* libmicrohttpd keeps a record of each parameter in the memory of the connection, beside the bytes
 * that have come. Where there is no room for one, it prepares an answer and then waits for the rest
 * of the head, which it no longer reads: until the timeout. Half of the memory is never taken by
 * bytes, unless the target alone needs more. */
static bool
query_has_room(const char *target)
{
  const char *query = strchr(target, '?');
  size_t size = strlen(target), parameters = 1;
  for (const char *p = query; p != NULL && *p != '\0'; p++)
    parameters += *p == '&';
  return query == NULL || size + parameters * PARAMETER_MEMORY <= CONNECTION_MEMORY / 2;
}

/* The first request is there, so the handshake is over. */
static void
begin_records(struct MHD_Connection *handle, Connection *connection)
{
  const union MHD_ConnectionInfo *info =
      microhttpd()->get_connection_info(handle, MHD_CONNECTION_INFO_GNUTLS_SESSION);
  if (info != NULL && connection != NULL)
    records_begin(connection_records(connection), info->tls_session);
}

/* A space in it would have libmicrohttpd see another target than others do. */
static void *
on_target(void *data, const char *target, struct MHD_Connection *handle)
{
  const char *end = target;
  while (end != NULL && (unsigned char)*end > ' ' && *end != 0x7f)
    end++;
  bool too_long = target != NULL && !query_has_room(target);
  Connection *connection = connection_of_handle(handle);
  begin_records(handle, connection);
  connection_set_target(connection, end != NULL && *end == '\0' ? end : NULL, too_long);
  /* The bytes are the connection's, and what is after the question mark is read next. */
  if (too_long)
    *((char *)(uintptr_t)strchr(target, '?') + 1) = '\0';
  return NULL;
}

/* libmicrohttpd hands no context to its certificate callback, so the one server is here. */
static HttpServer *shaking_hands;

/* A gnutls_certificate_retrieve_function2: the certificate of the endpoint that the client asks
 * for. Where that does not admit it, the handshake fails. */
static int
retrieve_certificate(gnutls_session_t session, const gnutls_datum_t *request_ca,
                     int request_ca_count, const gnutls_pk_algorithm_t *algorithms,
                     int algorithm_count, gnutls_pcert_st **chain, unsigned *count,
                     gnutls_privkey_t *key)
{
  char name[256];
  size_t size = sizeof name;
  unsigned type = 0;
  bool named = gnutls()->server_name_get(session, name, &size, &type, 0) == GNUTLS_E_SUCCESS &&
               type == GNUTLS_NAME_DNS;
  g_autoptr(Endpoint) endpoint = connection_watch_greet(
      shaking_hands->connections, gnutls()->transport_get_int(session), named ? name : NULL);
  if (endpoint == NULL)
    return -1;
  const TlsSettings files = {endpoint->settings->certificate, endpoint->settings->key};
  TlsCredentials *own =
      files.certificate == NULL ? NULL : identities_find(shaking_hands->identities, &files);
  TlsCredentials *shown = own != NULL ? own : shaking_hands->tls;
  if (shown == NULL)
    return -1;
  tls_credentials_show(shown, chain, count, key);
  client_certificate_ask(shaking_hands, endpoint, session);
  return 0;
}

static struct MHD_Daemon *
daemon_start(HttpServer *server, const HttpLimits *limits, bool secure)
{
  unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG |
                   MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ITC | (secure ? MHD_USE_TLS : 0);
  unsigned threads = MAX(2, g_get_num_processors());
  struct MHD_OptionItem plain[] = {{MHD_OPTION_END, 0, NULL}};
  struct MHD_OptionItem tls[] = {
      {MHD_OPTION_HTTPS_CERT_CALLBACK, 0, (void *)(uintptr_t)retrieve_certificate},
      {MHD_OPTION_HTTPS_PRIORITIES, 0,
       (void *)(uintptr_t) "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"},
      {MHD_OPTION_END, 0, NULL}};
  return microhttpd()->start_daemon(
      flags, 0, NULL, NULL, http_on_request, server, MHD_OPTION_EXTERNAL_LOGGER, on_error, NULL,
      MHD_OPTION_THREAD_POOL_SIZE, threads, MHD_OPTION_CONNECTION_LIMIT, LIBRARY_CONNECTIONS,
      MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY, MHD_OPTION_CONNECTION_TIMEOUT,
      (unsigned)limits->idle_seconds, MHD_OPTION_NOTIFY_COMPLETED, http_on_completed, server,
      MHD_OPTION_NOTIFY_CONNECTION, on_connection, server, MHD_OPTION_URI_LOG_CALLBACK, on_target,
      server, MHD_OPTION_UNESCAPE_CALLBACK, unescape, NULL, MHD_OPTION_ARRAY, secure ? tls : plain,
      MHD_OPTION_END);
}

struct MHD_Daemon *
daemons_get(HttpServer *server, bool secure, GError **error)
{
  struct MHD_Daemon **daemon = &server->daemons[secure];
  if (*daemon == NULL) {
    shaking_hands = server;
    *daemon = daemon_start(server, &server->config->limits.http, secure);
  }
  if (*daemon == NULL)
    error_set(error, ASSAY_ERROR_IO, "cannot serve HTTP: no threads can be started");
  return *daemon;
}

void
daemons_stop(HttpServer *server)
{
  for (size_t i = 0; i < G_N_ELEMENTS(server->daemons); i++)
    g_clear_pointer(&server->daemons[i], microhttpd()->stop_daemon);
}
