/* A request's way through the server, phase by phase, on libmicrohttpd; see the header. */
#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "server/http-private.h"

/* Holds the request head and the read buffer; upload parts come in pieces of up to about half of
 * it. */
#define CONNECTION_MEMORY  ((size_t)128 * 1024)
#define CONNECTION_TIMEOUT 60u
/* Threads that wait for the disk on behalf of suspended connections. */
#define BLOCKING_THREADS 16

struct HttpServer {
  const Route *routes;
  void *context;
  GPtrArray *daemons;   /* struct MHD_Daemon */
  GPtrArray *addresses; /* char * */
  GThreadPool *blocking;
  TlsCredentials *tls; /* NULL: plain HTTP */
  HttpMetrics *metrics;
  atomic_uint in_flight;
  atomic_bool stopping;
};

/* --- accept, id --- */

/* A client's own id is kept when it is short and plain, so that its logs and ours can be joined. */
static void
choose_id(Request *request)
{
  const char *given = request_header(request, "X-Request-Id");
  if (given != NULL && *given != '\0' && strlen(given) < sizeof request->id &&
      strspn(given, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") ==
          strlen(given)) {
    g_strlcpy(request->id, given, sizeof request->id);
    return;
  }
  g_autofree char *uuid = g_uuid_string_random();
  g_strlcpy(request->id, uuid, sizeof request->id);
}

static void
header_clear(void *data)
{
  Header *header = data;
  g_free(header->name);
  g_free(header->value);
}

static Request *
request_new(HttpServer *server, struct MHD_Connection *connection, const char *method,
            const char *path)
{
  Request *request = g_new0(Request, 1);
  request->server = server;
  request->connection = connection;
  request->method = g_strdup(method);
  request->path = g_strdup(path);
  request->started = g_get_monotonic_time();
  request->headers = g_array_new(FALSE, FALSE, sizeof(Header));
  g_array_set_clear_func(request->headers, header_clear);
  choose_id(request);
  atomic_fetch_add(&server->in_flight, 1);
  return request;
}

static void
request_drop_state(Request *request)
{
  if (request->state != NULL && request->free_state != NULL)
    request->free_state(request->state);
  request->state = NULL;
}

static void
request_free(Request *request)
{
  request_drop_state(request);
  g_clear_pointer(&request->response, MHD_destroy_response);
  g_clear_pointer(&request->parameters, g_hash_table_unref);
  g_clear_pointer(&request->buffer, g_byte_array_unref);
  g_clear_pointer(&request->body, g_bytes_unref);
  g_array_unref(request->headers);
  g_free(request->method);
  g_free(request->path);
  g_free(request);
}

/* --- route, begin --- */

static bool
body_is_too_large(const Request *request)
{
  int64_t length = request_content_length(request);
  switch (request->route->body_kind) {
  case BODY_NONE:
    return length > 0;
  case BODY_BUFFERED:
    return length > 0 && (uint64_t)length > request->route->body_limit;
  case BODY_STREAMED:
    break;
  }
  return false;
}

static void
respond_too_large(Request *request)
{
  g_autofree char *message =
      request->route->body_kind == BODY_NONE
          ? g_strdup("this request takes no body")
          : g_strdup_printf("the body may have at most %zu bytes", request->route->body_limit);
  respond_oci_error(request, MHD_HTTP_CONTENT_TOO_LARGE, "SIZE_INVALID", message, NULL);
}

static void
request_begin(Request *request)
{
  g_autofree char *allowed = NULL;
  request->route = route_find(request->server->routes, request->method, request->path,
                              &request->parameters, &allowed);
  if (request->route == NULL && allowed != NULL) {
    respond_oci_error(request, MHD_HTTP_METHOD_NOT_ALLOWED, "UNSUPPORTED",
                      "this path does not take this method; see the Allow header", NULL);
    response_header(request, "Allow", "%s", allowed);
  } else if (request->route == NULL) {
    respond_oci_error(request, MHD_HTTP_NOT_FOUND, "NOT_FOUND", "there is nothing at this path",
                      NULL);
  } else if (body_is_too_large(request)) {
    respond_too_large(request);
  } else if (request->route->begin != NULL) {
    request->route->begin(request);
  }
}

/* --- body --- */

static void
request_take_body(Request *request, Slice bytes)
{
  if (request->drop_body || request_has_response(request)) {
    request->drop_body = true;
    return;
  }
  switch (request->route->body_kind) {
  case BODY_STREAMED:
    request->drop_body = !request->route->body(request, bytes);
    return;
  case BODY_BUFFERED:
    if (request->buffer == NULL)
      request->buffer = g_byte_array_new();
    if (bytes.size <= request->route->body_limit - request->buffer->len) {
      g_byte_array_append(request->buffer, bytes.data, (guint)bytes.size);
      return;
    }
    break;
  case BODY_NONE:
    break;
  }
  respond_too_large(request);
  request->drop_body = true;
}

/* --- finish --- */

static void
request_finish(Request *request)
{
  log_set_request_id(request->id);
  request->route->finish(request);
  log_set_request_id(NULL);
  g_assert(request_has_response(request));
}

static void
finish_on_worker(void *data, void *user_data)
{
  Request *request = data;
  request_finish(request);
  MHD_resume_connection(request->connection);
}

/* --- respond --- */

static enum MHD_Result
request_send(Request *request)
{
  struct MHD_Response *response = request->response;
  /* Before the client sees the answer: its next request may want what this one holds (an upload).
   */
  request_drop_state(request);
  MHD_add_response_header(response, "X-Request-Id", request->id);
  MHD_add_response_header(response, "Docker-Distribution-Api-Version", "registry/2.0");
  MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
  for (guint i = 0; i < request->headers->len; i++) {
    const Header *header = &g_array_index(request->headers, Header, i);
    MHD_add_response_header(response, header->name, header->value);
  }
  if (atomic_load(&request->server->stopping))
    MHD_add_response_header(response, "Connection", "close");
  return MHD_queue_response(request->connection, request->status, response);
}

/* --- log and metrics --- */

static void
request_log(const Request *request, enum MHD_RequestTerminationCode how)
{
  const char *label = request->route == NULL ? "none" : request->route->label;
  double seconds = (double)(g_get_monotonic_time() - request->started) / G_USEC_PER_SEC;
  unsigned status = how == MHD_REQUEST_TERMINATED_COMPLETED_OK ? request->status : 499;
  http_metrics_count(request->server->metrics, label, request->method, status, seconds,
                     request->response_bytes);
  char status_text[8], duration_text[32];
  g_snprintf(status_text, sizeof status_text, "%u", status);
  g_snprintf(duration_text, sizeof duration_text, "%.6f", seconds);
  log_event(status >= 500 ? LOG_WARNING_LEVEL : LOG_INFO_LEVEL, "request", "request_id",
            request->id, "method", request->method, "path", request->path, "status", status_text,
            "seconds", duration_text, NULL);
}

/* --- libmicrohttpd's side --- */

static enum MHD_Result
on_request(void *data, struct MHD_Connection *connection, const char *path, const char *method,
           const char *version, const char *upload, size_t *upload_size, void **state)
{
  HttpServer *server = data;
  Request *request = *state;
  if (request == NULL) {
    *state = request_new(server, connection, method, path);
    return MHD_YES;
  }
  if (!request->begun) {
    request->begun = true;
    request_begin(request);
    /* Answered without the body: told before it is sent, where the client asked (Expect). */
    if (request_has_response(request) && *upload_size == 0)
      return request_send(request);
  }
  if (*upload_size > 0) {
    request_take_body(request, slice_new(upload, *upload_size));
    *upload_size = 0;
    return MHD_YES;
  }
  if (!request_has_response(request) && !request->finishing) {
    request->finishing = true;
    if (request->buffer != NULL)
      request->body = g_byte_array_free_to_bytes(g_steal_pointer(&request->buffer));
    if (request->route->blocking) {
      MHD_suspend_connection(connection);
      g_thread_pool_push(server->blocking, request, NULL);
      return MHD_YES;
    }
    request_finish(request);
  }
  return request_send(request);
}

static void
on_completed(void *data, struct MHD_Connection *connection, void **state,
             enum MHD_RequestTerminationCode how)
{
  HttpServer *server = data;
  Request *request = *state;
  if (request == NULL)
    return;
  *state = NULL;
  request_log(request, how);
  request_free(request);
  atomic_fetch_sub(&server->in_flight, 1);
}

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

static struct MHD_Daemon *
daemon_start(HttpServer *server, const Config *config, int socket_fd)
{
  unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG |
                   (server->tls != NULL ? MHD_USE_TLS : 0);
  unsigned threads = MAX(2, g_get_num_processors());
  struct MHD_OptionItem plain[] = {{MHD_OPTION_END, 0, NULL}};
  struct MHD_OptionItem secure[] = {
      {MHD_OPTION_HTTPS_CERT_CALLBACK, 0, (void *)(uintptr_t)tls_retrieve_certificate},
      {MHD_OPTION_HTTPS_PRIORITIES, 0,
       (void *)(uintptr_t) "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"},
      {MHD_OPTION_END, 0, NULL}};
  return MHD_start_daemon(
      flags, 0, NULL, NULL, on_request, server, MHD_OPTION_EXTERNAL_LOGGER, on_error, NULL,
      MHD_OPTION_LISTEN_SOCKET, socket_fd, MHD_OPTION_THREAD_POOL_SIZE, threads,
      MHD_OPTION_CONNECTION_LIMIT, MAX(config->limits.connections, threads),
      MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY, MHD_OPTION_CONNECTION_TIMEOUT,
      CONNECTION_TIMEOUT, MHD_OPTION_NOTIFY_COMPLETED, on_completed, server, MHD_OPTION_ARRAY,
      server->tls != NULL ? secure : plain, MHD_OPTION_END);
}

static bool
listen_on(HttpServer *server, const Config *config, const ConfigListen *listen, GError **error)
{
  bool loopback = false;
  g_autofree char *actual = NULL;
  auto_fd int fd = listen_open(listen->address, &actual, &loopback, error);
  if (fd < 0)
    return false;
  if (server->tls == NULL && !loopback && !listen->plain_http)
    return error_set(error, ASSAY_ERROR_INVALID,
                     "listen address %s is reached from other machines: give `tls` a certificate "
                     "and key, or say `plain_http: true` if something in front of it speaks TLS",
                     listen->address);
  struct MHD_Daemon *daemon = daemon_start(server, config, fd);
  if (daemon == NULL)
    return error_set(error, ASSAY_ERROR_IO, "cannot serve HTTP on %s", listen->address);
  fd_steal(&fd);
  g_ptr_array_add(server->daemons, daemon);
  g_ptr_array_add(server->addresses, g_steal_pointer(&actual));
  return true;
}

HttpServer *
http_server_new(const Config *config, const Route *routes, void *context, GError **error)
{
  g_autoptr(HttpServer) server = g_new0(HttpServer, 1);
  server->routes = routes;
  server->context = context;
  server->metrics = http_metrics_new();
  server->daemons = g_ptr_array_new();
  server->addresses = g_ptr_array_new_with_free_func(g_free);
  server->blocking = g_thread_pool_new(finish_on_worker, NULL, BLOCKING_THREADS, FALSE, NULL);
  if (config->tls.certificate != NULL) {
    server->tls = tls_credentials_new(&config->tls, error);
    if (server->tls == NULL)
      return NULL;
    tls_credentials_use(server->tls);
  }
  for (unsigned i = 0; i < config->listen_count; i++)
    if (!listen_on(server, config, &config->listen[i], error))
      return NULL;
  return g_steal_pointer(&server);
}

GStrv
http_server_addresses(const HttpServer *server)
{
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
  for (guint i = 0; i < server->addresses->len; i++)
    g_strv_builder_add(builder, g_ptr_array_index(server->addresses, i));
  return g_strv_builder_end(builder);
}

const char *
http_server_scheme(const HttpServer *server)
{
  return server->tls != NULL ? "https" : "http";
}

bool
http_server_reload_tls(HttpServer *server, GError **error)
{
  return server->tls == NULL || tls_credentials_reload(server->tls, error);
}

bool
http_server_stop(HttpServer *server, uint32_t deadline)
{
  atomic_store(&server->stopping, true);
  for (guint i = 0; i < server->daemons->len; i++) {
    MHD_socket listening = MHD_quiesce_daemon(g_ptr_array_index(server->daemons, i));
    if (listening >= 0)
      fd_clear(&listening);
  }
  int64_t end = g_get_monotonic_time() + (int64_t)deadline * G_USEC_PER_SEC;
  while (atomic_load(&server->in_flight) > 0 && g_get_monotonic_time() < end)
    g_usleep(10000);
  return atomic_load(&server->in_flight) == 0;
}

void
http_server_free(HttpServer *server)
{
  if (server == NULL)
    return;
  /* Work that was handed over resumes its connection, which must still be there then. */
  if (server->blocking != NULL)
    g_thread_pool_free(server->blocking, FALSE, TRUE);
  for (guint i = 0; i < server->daemons->len; i++)
    MHD_stop_daemon(g_ptr_array_index(server->daemons, i));
  g_ptr_array_unref(server->daemons);
  g_ptr_array_unref(server->addresses);
  http_metrics_free(server->metrics);
  tls_credentials_free(server->tls);
  g_free(server);
}

void
http_server_write_metrics(HttpServer *server, GString *out)
{
  http_metrics_write(server->metrics, out);
  g_string_append_printf(out,
                         "# HELP assay_http_requests_in_flight Requests being answered.\n"
                         "# TYPE assay_http_requests_in_flight gauge\n"
                         "assay_http_requests_in_flight %u\n",
                         atomic_load(&server->in_flight));
}

void *
request_context(const Request *request)
{
  return request->server->context;
}
