/* The server around the requests: libmicrohttpd's daemons, one an address, their start and their
 * stop. */
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/metrics.h"
#include "server/http/head.h"
#include "server/http/http-private.h"
#include "server/http/listen.h"
#include "server/http/tls.h"

/* Holds the request head and the read buffer; upload parts come in pieces of up to about half of
 * it. */
#define CONNECTION_MEMORY ((size_t)128 * 1024)
#define POOL_THREADS      16
#define HEAVY_THREADS     2
#define PROBE_THREADS     2

/* The server counts connections itself. The library must never be the one to refuse: beyond the
 * limit are those of reserved places, and those that gave theirs away and are about to end. */
#define CONNECTIONS_BEYOND 1024u

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

typedef struct {
  struct MHD_Daemon *daemon;
  char *url;
} Listener;

static void
listener_clear(void *data)
{
  Listener *listener = data;
  MHD_stop_daemon(listener->daemon);
  g_free(listener->url);
}

/* The end is told before the descriptor is closed. */
void
http_on_connection(void *data, struct MHD_Connection *handle, void **context,
                   enum MHD_ConnectionNotificationCode what)
{
  HttpServer *server = data;
  const union MHD_ConnectionInfo *info =
      MHD_get_connection_info(handle, MHD_CONNECTION_INFO_CONNECTION_FD);
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

/* A space in it would have libmicrohttpd see another target than others do. */
void *
http_on_target(void *data, const char *target, struct MHD_Connection *handle)
{
  const char *end = target;
  while (end != NULL && (unsigned char)*end > ' ' && *end != 0x7f)
    end++;
  connection_set_target_end(connection_of_handle(handle), end != NULL && *end == '\0' ? end : NULL);
  return NULL;
}

static struct MHD_Daemon *
daemon_start(HttpServer *server, const HttpLimits *limits, bool secure)
{
  unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG |
                   MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ITC | (secure ? MHD_USE_TLS : 0);
  unsigned threads = MAX(2, g_get_num_processors());
  struct MHD_OptionItem plain[] = {{MHD_OPTION_END, 0, NULL}};
  struct MHD_OptionItem tls[] = {
      {MHD_OPTION_HTTPS_CERT_CALLBACK, 0, (void *)(uintptr_t)tls_retrieve_certificate},
      {MHD_OPTION_HTTPS_PRIORITIES, 0,
       (void *)(uintptr_t) "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"},
      {MHD_OPTION_END, 0, NULL}};
  return MHD_start_daemon(
      flags, 0, NULL, NULL, http_on_request, server, MHD_OPTION_EXTERNAL_LOGGER, on_error, NULL,
      MHD_OPTION_THREAD_POOL_SIZE, threads, MHD_OPTION_CONNECTION_LIMIT,
      limits->connections + CONNECTIONS_BEYOND, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
      CONNECTION_MEMORY, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)limits->idle_seconds,
      MHD_OPTION_NOTIFY_COMPLETED, http_on_completed, server, MHD_OPTION_NOTIFY_CONNECTION,
      http_on_connection, server, MHD_OPTION_URI_LOG_CALLBACK, http_on_target, server,
      MHD_OPTION_UNESCAPE_CALLBACK, unescape, NULL, MHD_OPTION_ARRAY, secure ? tls : plain,
      MHD_OPTION_END);
}

static bool
listen_on(HttpServer *server, const Config *config, const ListenSettings *listen, GError **error)
{
  bool loopback = false, secure = server->tls != NULL && !listen->plain_http;
  g_autofree char *actual = NULL;
  auto_fd int fd = listen_open(listen->address, &actual, &loopback, error);
  if (fd < 0)
    return false;
  if (!secure && !loopback && !listen->plain_http)
    return error_set(error, ASSAY_ERROR_INVALID, LISTEN_NEEDS_TLS, listen->address);
  Listener listener = {daemon_start(server, &config->limits.http, secure),
                       g_strconcat(secure ? "https://" : "http://", actual, NULL)};
  if (listener.daemon == NULL) {
    g_free(listener.url);
    return error_set(error, ASSAY_ERROR_IO, "cannot serve HTTP on %s", listen->address);
  }
  door_listen(server->door, fd_steal(&fd), listener.daemon, secure, &config->limits.http);
  g_array_append_val(server->listeners, listener);
  return true;
}

HttpServer *
http_server_new(const Config *config, const Route *const *routes, void *context, GError **error)
{
  g_autoptr(HttpServer) server = g_new0(HttpServer, 1);
  server->config = config;
  server->context = context;
  server->proxies = proxy_list_new((const char *const *)config->http.trusted_proxies);
  server->connections = connection_watch_new(&config->limits.http, server->proxies);
  server->listeners = g_array_new(FALSE, FALSE, sizeof(Listener));
  g_array_set_clear_func(server->listeners, listener_clear);
  g_mutex_init(&server->hand_over);
  server->reading = g_thread_pool_new(http_finish_on_worker, NULL, POOL_THREADS, FALSE, NULL);
  server->writing = g_thread_pool_new(http_finish_on_worker, NULL, POOL_THREADS, FALSE, NULL);
  server->heavy = g_thread_pool_new(http_finish_on_worker, NULL, HEAVY_THREADS, FALSE, NULL);
  server->probes = g_thread_pool_new(http_finish_on_worker, NULL, PROBE_THREADS, FALSE, NULL);
  server->waiting = waiting_room_new(http_hand_over_again, NULL);
  server->router = router_new(routes, error);
  server->metrics = server->router == NULL ? NULL : http_metrics_new(router_count(server->router));
  server->door = server->router == NULL ? NULL : door_new(server->connections, error);
  if (server->door == NULL)
    return NULL;
  if (config->http.tls.certificate != NULL) {
    server->tls = tls_credentials_new(&config->http.tls, error);
    if (server->tls == NULL)
      return NULL;
    tls_credentials_use(server->tls);
  }
  for (unsigned i = 0; i < config->http.listen_count; i++)
    if (!listen_on(server, config, &config->http.listen[i], error))
      return NULL;
  door_open(server->door);
  return g_steal_pointer(&server);
}

GStrv
http_server_urls(const HttpServer *server)
{
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
  for (guint i = 0; i < server->listeners->len; i++)
    g_strv_builder_add(builder, g_array_index(server->listeners, Listener, i).url);
  return g_strv_builder_end(builder);
}

bool
http_server_reload_tls(HttpServer *server, GError **error)
{
  return server->tls == NULL || tls_credentials_reload(server->tls, error);
}

bool
http_server_certificate(const HttpServer *server, CertificateTimes *times)
{
  if (server->tls != NULL)
    *times = tls_credentials_times(server->tls);
  return server->tls != NULL;
}

void
http_server_wake(HttpServer *server)
{
  waiting_room_wake(server->waiting);
}

bool
http_server_stop(HttpServer *server, int64_t end)
{
  atomic_store(&server->stopping, true);
  door_close(server->door);
  /* Those who wait for something are told that it will not come. */
  waiting_room_wake(server->waiting);
  while (atomic_load(&server->in_flight) > 0 && g_get_monotonic_time() < end)
    g_usleep(10000);
  return atomic_load(&server->in_flight) == 0;
}

/* A connection whose request was handed over must be resumed before its daemon stops: so whoever
 * waits is sent back first, then the pools finish what they have, and take no more. */
static void
close_pools(HttpServer *server)
{
  g_mutex_lock(&server->hand_over);
  server->closed = true;
  g_mutex_unlock(&server->hand_over);
  g_thread_pool_free(server->reading, FALSE, TRUE);
  g_thread_pool_free(server->writing, FALSE, TRUE);
  g_thread_pool_free(server->heavy, FALSE, TRUE);
  g_thread_pool_free(server->probes, FALSE, TRUE);
  waiting_room_free(server->waiting);
}

void
http_server_free(HttpServer *server)
{
  if (server == NULL)
    return;
  door_close(server->door);
  close_pools(server);
  g_array_unref(server->listeners);
  door_free(server->door);
  connection_watch_free(server->connections);
  http_metrics_free(server->metrics);
  proxy_list_free(server->proxies);
  tls_credentials_free(server->tls);
  router_free(server->router);
  g_mutex_clear(&server->hand_over);
  g_free(server);
}

void
http_server_write_metrics(HttpServer *server, GString *out)
{
  metrics_gauge(out, "assay_http_requests_in_flight", "Requests being answered.",
                atomic_load(&server->in_flight));
  metrics_gauge(out, "assay_http_requests_waiting", "Pulls that wait for the scan of their image.",
                waiting_room_count(server->waiting));
  metrics_gauge(out, "assay_http_connections", "Open connections.",
                connection_watch_count(server->connections));
}
