/* The server around the requests: libmicrohttpd's daemons, one a protocol, their start and
 * their stop. */
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/metrics.h"
#include "server/http/daemons.h"
#include "server/http/endpoints.h"
#include "server/http/http-private.h"

#define POOL_THREADS  16
#define HEAVY_THREADS 2
#define PROBE_THREADS 2

/* The addresses of `listen`, and the endpoints of the configuration. */
static bool
listen_as_configured(HttpServer *server, const Config *config, GError **error)
{
  g_autoptr(GStrvBuilder) listen = g_strv_builder_new();
  for (unsigned i = 0; i < config->http.listen_count; i++)
    g_strv_builder_add(listen, config->http.listen[i].address);
  g_autoptr(Endpoint) first = endpoint_new_default(
      g_strv_builder_end(listen), (const char *const *)config->http.trusted_proxies);
  if (!endpoints_put(server, first, error))
    return false;
  for (unsigned i = 0; i < config->endpoints_count; i++) {
    g_autoptr(Endpoint) endpoint =
        endpoint_new(endpoint_settings_copy(&config->endpoints[i]), true);
    if (!endpoints_put(server, endpoint, error)) {
      g_prefix_error(error, "endpoint %s: ", endpoint_name(endpoint));
      return false;
    }
  }
  return true;
}

HttpServer *
http_server_new(const Config *config, Access *access, const Route *const *routes, void *context,
                GError **error)
{
  g_autoptr(HttpServer) server = g_new0(HttpServer, 1);
  server->config = config;
  server->access = access;
  server->context = context;
  server->connections = connection_watch_new(&config->limits.http);
  server->identities = identities_new();
  server->allowances = allowances_new();
  server->endpoints = g_ptr_array_new_with_free_func((GDestroyNotify)endpoint_unref);
  server->entrances = g_ptr_array_new_with_free_func((GDestroyNotify)entrance_unref);
  g_mutex_init(&server->endpoints_lock);
  g_mutex_init(&server->hand_over);
  server->reading = g_thread_pool_new(http_finish_on_worker, NULL, POOL_THREADS, FALSE, NULL);
  server->writing = g_thread_pool_new(http_finish_on_worker, NULL, POOL_THREADS, FALSE, NULL);
  server->heavy = g_thread_pool_new(http_finish_on_worker, NULL, HEAVY_THREADS, FALSE, NULL);
  server->probes = g_thread_pool_new(http_finish_on_worker, NULL, PROBE_THREADS, FALSE, NULL);
  server->identifying = g_thread_pool_new(identify_on_worker, NULL, IDENTIFY_THREADS, FALSE, NULL);
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
  }
  const AccessSettings *settings = access_settings(access);
  if (settings != NULL && settings->client_ca != NULL) {
    server->client_trust = client_trust_new(settings->client_ca, settings->client_crl, error);
    if (server->client_trust == NULL)
      return NULL;
  }
  if (!listen_as_configured(server, config, error))
    return NULL;
  door_open(server->door);
  return g_steal_pointer(&server);
}

GStrv
http_server_urls(HttpServer *server)
{
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&server->endpoints_lock);
  for (guint i = 0; i < server->entrances->len; i++)
    g_strv_builder_add(builder, entrance_url(g_ptr_array_index(server->entrances, i)));
  return g_strv_builder_end(builder);
}

bool
http_server_reload_tls(HttpServer *server, GError **error)
{
  /* Each for itself: a broken one does not keep the others out. */
  g_autoptr(GError) of_server = NULL, of_endpoints = NULL, of_clients = NULL;
  if (server->tls != NULL)
    tls_credentials_reload(server->tls, &of_server);
  identities_reload(server->identities, &of_endpoints);
  if (server->client_trust != NULL)
    client_trust_reload(server->client_trust, &of_clients);
  const GError *const problems[] = {of_server, of_endpoints, of_clients};
  g_autoptr(GString) told = g_string_new(NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(problems); i++)
    if (problems[i] != NULL)
      g_string_append_printf(told, "%s%s", told->len > 0 ? "\n" : "", problems[i]->message);
  return told->len == 0 || error_set(error, ASSAY_ERROR_INVALID, "%s", told->str);
}

bool
http_server_certificate(const HttpServer *server, CertificateTimes *times)
{
  if (server->tls != NULL)
    *times = tls_credentials_times(server->tls);
  return server->tls != NULL;
}

GPtrArray *
http_server_certificate_problems(const HttpServer *server)
{
  return identities_problems(server->identities, g_get_real_time() / G_USEC_PER_SEC);
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
  g_thread_pool_free(server->identifying, FALSE, TRUE);
  waiting_room_free(server->waiting);
}

void
http_server_free(HttpServer *server)
{
  if (server == NULL)
    return;
  door_close(server->door);
  close_pools(server);
  daemons_stop(server);
  door_free(server->door);
  connection_watch_free(server->connections);
  http_metrics_free(server->metrics);
  g_ptr_array_unref(server->endpoints);
  g_ptr_array_unref(server->entrances);
  identities_free(server->identities);
  allowances_free(server->allowances);
  g_mutex_clear(&server->endpoints_lock);
  tls_credentials_free(server->tls);
  client_trust_free(server->client_trust);
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
