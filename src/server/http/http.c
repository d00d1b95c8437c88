/* A request's way through the server, phase by phase; see the header. http_server.c starts and
 * stops what calls these functions. */
#include <string.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/log.h"
#include "server/http/cors.h"
#include "server/http/finish.h"
#include "server/http/head.h"
#include "server/http/http-private.h"
#include "server/http/microhttpd_library-private.h"
#include "server/http/phases.h"
#include "server/http/request_log.h"

/* --- accept, id --- */

static enum MHD_Result
add_to_head(void *data, enum MHD_ValueKind kind, const char *name, size_t name_size,
            const char *value, size_t value_size)
{
  head_add(data, slice_new(name, name_size),
           value == NULL ? slice_new("", 0) : slice_new(value, value_size));
  return MHD_YES;
}

/* A random UUID (RFC 9562, section 5.4). For each request, so without formats. */
static void
make_id(char *id)
{
  static const char digits[] = "0123456789abcdef", form[] = "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx";
  const guint32 random[] = {g_random_int(), g_random_int(), g_random_int(), g_random_int()};
  for (size_t i = 0, used = 0; i < sizeof form; i++) {
    id[i] = form[i];
    if (form[i] != 'x' && form[i] != 'y')
      continue;
    unsigned digit = random[used / 8] >> (4 * (used % 8)) & 15;
    id[i] = digits[form[i] == 'x' ? digit : 8 | (digit & 3)];
    used++;
  }
}

/* A client's own id is kept when it is short and plain, so that its logs and ours can be joined. */
static void
choose_id(Request *request, const char *given)
{
  if (given != NULL && *given != '\0' && strlen(given) < sizeof request->id &&
      strspn(given, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") ==
          strlen(given)) {
    g_strlcpy(request->id, given, sizeof request->id);
    return;
  }
  make_id(request->id);
}

/* RFC 9112, section 3.2.2: the absolute form, which names a host again, is to be understood. */
static const char *
path_of_target(const char *target)
{
  const char *scheme_end =
      g_ascii_strncasecmp(target, "http", 4) == 0 ? strstr(target, "://") : NULL;
  if (scheme_end == NULL)
    return target;
  const char *path = strchr(scheme_end + strlen("://"), '/');
  return path != NULL ? path : "/";
}

static Request *
request_new(HttpServer *server, struct MHD_Connection *handle, const char *method, const char *path)
{
  Request *request = g_new0(Request, 1);
  request->server = server;
  request->handle = handle;
  request->connection = connection_of_handle(handle);
  request->endpoint = connection_endpoint(request->connection);
  request->method = g_strdup(method);
  path = path_of_target(path);
  size_t size = strlen(path) + 1;
  request->path = g_malloc(2 * size);
  request->cut = request->path + size;
  memcpy(request->path, path, size);
  request->started = g_get_monotonic_time();
  request->headers = request_headers_new();
  atomic_fetch_add(&server->in_flight, 1);
  connection_set_phase(request->connection, PHASE_BODY, 0);
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
  atomic_fetch_sub(&request->server->buffered, request->buffered);
  g_clear_pointer(&request->response, microhttpd()->destroy_response);
  g_clear_pointer(&request->buffer, g_byte_array_unref);
  g_clear_pointer(&request->body, g_bytes_unref);
  g_array_unref(request->headers);
  endpoint_unref(request->endpoint);
  identify_clear(request);
  g_free(request->client);
  g_free(request->moved_to);
  g_free(request->answer);
  g_free(request->method);
  g_free(request->path);
  g_free(request);
}

/* --- body --- */

/* libmicrohttpd takes a short read for the end of what has arrived and waits for the next event.
 * Had the client hung up by then, that event was the one it just handled, and it would wait on a
 * dead connection until the timeout: the upload would stay busy for who resumes it, and a stop
 * would wait. Shutting the side that is closed anyway makes a new event. */
static void
tell_of_hangup(struct MHD_Connection *connection)
{
  const union MHD_ConnectionInfo *info =
      microhttpd()->get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  char byte;
  if (info != NULL && recv(info->connect_fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0)
    shutdown(info->connect_fd, SHUT_RD);
}

/* From here on it is worth a buffer to read several records at once. */
#define LONG_BODY ((uint64_t)64 * 1024)

/* After a part of a body. Over TLS, libmicrohttpd goes on until nothing has arrived, so that it
 * sees a client that hung up. */
static void
await_more(Request *request)
{
  const union MHD_ConnectionInfo *info =
      microhttpd()->get_connection_info(request->handle, MHD_CONNECTION_INFO_GNUTLS_SESSION);
  if (info == NULL)
    tell_of_hangup(request->handle);
  else if (request->connection != NULL && request->received_bytes >= LONG_BODY)
    records_read_ahead(connection_records(request->connection));
}

/* What all clients together may have the server keep while their requests go on: pulls shall not
 * suffer from pushes that never end. */
#define BUFFERED_BYTES_MAX ((size_t)256 * 1024 * 1024)

/* A body that is kept in memory may take so many times as long as a head. */
#define BODY_HEADS 10u

/* False after it responded. */
static bool
buffer_body(Request *request, Slice bytes)
{
  if (bytes.size > request->body_limit - request->buffered) {
    respond_too_large(request);
    return false;
  }
  request->buffered += bytes.size;
  if (atomic_fetch_add(&request->server->buffered, bytes.size) > BUFFERED_BYTES_MAX - bytes.size) {
    respond_oci_error(request, MHD_HTTP_SERVICE_UNAVAILABLE, "UNAVAILABLE",
                      "too many manifests are being pushed at once; try again in a moment", NULL);
    response_header(request, "Retry-After", "5");
    return false;
  }
  if (request->buffer == NULL) {
    request->buffer = g_byte_array_new();
    connection_set_phase(request->connection, PHASE_BODY,
                         BODY_HEADS * request->server->config->limits.http.head_seconds);
  }
  g_byte_array_append(request->buffer, bytes.data, (guint)bytes.size);
  return true;
}

static void
request_take_body(Request *request, Slice bytes)
{
  request->received_bytes += bytes.size;
  if (request->drop_body || request_has_response(request)) {
    request->drop_body = true;
    return;
  }
  const Route *route = request->match.route;
  request->drop_body =
      !(route->body != NULL ? route->body(request, bytes) : buffer_body(request, bytes));
}

/* --- finish --- */

bool
request_wait(Request *request, uint32_t seconds)
{
  int64_t until = request->started + (int64_t)seconds * G_USEC_PER_SEC;
  if (g_get_monotonic_time() >= until || request->server->stopping || request->server->closed)
    return false;
  request->waits_until = until;
  return true;
}

void
http_finish_on_worker(void *data, void *user_data)
{
  Request *request = data;
  HttpServer *server = request->server;
  uint64_t changes = waiting_room_changes(server->waiting);
  request->waits_until = 0;
  request_act(request);
  request_finish_route(request);
  request_act(NULL);
  g_assert(request_has_response(request) != (request->waits_until != 0));
  if (request_has_response(request))
    microhttpd()->resume_connection(request->handle);
  else
    waiting_room_enter(server->waiting, request, request->waits_until, changes);
}

static GThreadPool *
pool_of(const HttpServer *server, const Route *route)
{
  if (route_is_probe(route))
    return server->probes;
  if (route->work == WORK_HEAVY)
    return server->heavy;
  return strcmp(route->method, "GET") == 0 ? server->reading : server->writing;
}

/* False once the pools are closed. */
static bool
hand_over(Request *request)
{
  HttpServer *server = request->server;
  GThreadPool *pool = pool_of(server, request->match.route);
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&server->hand_over);
  if (!server->closed)
    g_thread_pool_push(pool, request, NULL);
  return !server->closed;
}

void
http_hand_over_again(void *data, void *user_data)
{
  Request *request = data;
  if (!request->begun) {
    microhttpd()->resume_connection(request->handle);
    return;
  }
  if (hand_over(request))
    return;
  respond_stopping(request);
  microhttpd()->resume_connection(request->handle);
}

static void
request_finish_blocking(Request *request)
{
  microhttpd()->suspend_connection(request->handle);
  if (hand_over(request))
    return;
  respond_stopping(request);
  microhttpd()->resume_connection(request->handle);
}

/* --- respond --- */

/* What is shown to one is not for a cache that others read as well; of the API, even its own is
 * asked whether it still holds. */
static const char *
cache_rule(const Request *request)
{
  if (request->shown_once)
    return "no-store";
  if (request_is_of_api(request) || request_is_of_harbor(request))
    return "private, no-cache";
  return g_str_has_prefix(request->path, "/v2") && !access_is_open(request->server->access)
             ? "private"
             : NULL;
}

static enum MHD_Result
request_send(Request *request)
{
  struct MHD_Response *response = request->response;
  /* Before the client sees the answer: its next request may want what this one holds (an upload).
   */
  request_drop_state(request);
  cors_add_headers(request);
  microhttpd()->add_response_header(response, "X-Request-Id", request->id);
  microhttpd()->add_response_header(response, "Docker-Distribution-Api-Version", "registry/2.0");
  microhttpd()->add_response_header(response, "X-Content-Type-Options", "nosniff");
  for (guint i = 0; i < request->headers->len; i++) {
    const Header *header = &g_array_index(request->headers, Header, i);
    if (!request->shown_once || strcmp(header->name, "ETag") != 0)
      microhttpd()->add_response_header(response, header->name, header->value);
  }
  const char *cache = cache_rule(request);
  if (cache != NULL && request_answered_header(request, "Cache-Control") == NULL)
    microhttpd()->add_response_header(response, "Cache-Control", cache);
  connection_set_phase(request->connection, PHASE_ANSWER, 0);
  if (atomic_load(&request->server->stopping) || connection_is_reserved(request->connection))
    microhttpd()->add_response_header(response, "Connection", "close");
  return microhttpd()->queue_response(request->handle, request->status, response);
}

/* --- libmicrohttpd's side --- */

/* Before the body was read, which ends the connection. */
static enum MHD_Result
request_send_early(Request *request)
{
  connection_set_early(request->connection);
  return request_send(request);
}

static bool
is_probe(const Request *request)
{
  RouteMatch match = router_find(request->server->router, request->method, request->path);
  return route_is_probe(match.route);
}

/* The first call: the head is there. A response that is queued now is sent before the body is read,
 * and ends the connection. */
static enum MHD_Result
request_open(Request *request, const RequestLine *line)
{
  Head head = {0};
  const union MHD_ConnectionInfo *info =
      microhttpd()->get_connection_info(request->handle, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
  head_walk(&head, line, line->method + (info == NULL ? 0 : info->header_size));
  microhttpd()->get_connection_values_n(request->handle, MHD_HEADER_KIND, add_to_head, &head);
  choose_id(request, head.request_id);
  request_act(request);
  if (connection_target_is_too_long(request->connection)) {
    respond_oci_error(request, MHD_HTTP_URI_TOO_LONG, "INVALID",
                      "the query is too long, or has too many parameters", NULL);
    return request_send_early(request);
  }
  const char *problem = head_problem(&head, strcmp(line->version, MHD_HTTP_VERSION_1_0) == 0);
  if (problem != NULL) {
    respond_oci_error(request, MHD_HTTP_BAD_REQUEST, "INVALID", problem, NULL);
    return request_send_early(request);
  }
  if (connection_is_reserved(request->connection) && !is_probe(request)) {
    respond_oci_error(request, MHD_HTTP_SERVICE_UNAVAILABLE, "UNAVAILABLE",
                      "the registry has no place for another connection (limits.connections); try "
                      "again in a moment",
                      NULL);
    response_header(request, "Retry-After", "5");
    return request_send_early(request);
  }
  /* Whoever asks before it sends a large body is told now that it need not. */
  if (head.expects_continue) {
    request_begin(request);
    /* What must wait for another does so when the body comes. */
    request->begun = request->waits_until == 0 && !request->identifying;
    if (request_has_response(request))
      return request_send_early(request);
  }
  tell_of_hangup(request->handle);
  return MHD_YES;
}

/* False: it waits. The library calls again then, with the same bytes, for none of them was taken.
 */
static bool
request_has_begun(Request *request)
{
  WaitingRoom *waiting = request->server->waiting;
  uint64_t changes = waiting_room_changes(waiting);
  if (request->begun)
    return true;
  request->waits_until = 0;
  request->identifying = false;
  request_begin(request);
  request->begun = request->waits_until == 0 && !request->identifying;
  connection_set_phase(request->connection, request->begun ? PHASE_BODY : PHASE_WORK, 0);
  if (request->begun)
    return true;
  microhttpd()->suspend_connection(request->handle);
  if (request->identifying) {
    identify_later(request);
    return false;
  }
  waiting_room_enter(waiting, request, request->waits_until, changes);
  return false;
}

/* Lines after the last chunk, which no client of a registry sends, and which the library reads as
 * loosely as it reads heads. True after it responded. */
static bool
has_trailers(Request *request)
{
  if (microhttpd()->get_connection_values(request->handle, MHD_FOOTER_KIND, NULL, NULL) == 0)
    return false;
  respond_oci_error(request, MHD_HTTP_BAD_REQUEST, "INVALID",
                    "a chunked body may not have trailers", NULL);
  response_header(request, "Connection", "close");
  connection_set_early(request->connection);
  return true;
}

static enum MHD_Result
request_go_on(Request *request, const char *upload, size_t *upload_size)
{
  /* The connection ends: what the body still brings is none of the upload's. */
  if (request->stage == STAGE_DISPLACED)
    return MHD_NO;
  if (!request_has_begun(request))
    return MHD_YES;
  if (*upload_size > 0) {
    request_take_body(request, slice_new(upload, *upload_size));
    *upload_size = 0;
    await_more(request);
    return MHD_YES;
  }
  connection_set_phase(request->connection, PHASE_WORK, 0);
  if (!request_has_response(request) && request->stage != STAGE_FINISH) {
    RequestStage stage = STAGE_BODY;
    if (!atomic_compare_exchange_strong(&request->stage, &stage, STAGE_FINISH))
      return MHD_NO;
    if (has_trailers(request))
      return request_send(request);
    if (request->buffer != NULL)
      request->body = g_byte_array_free_to_bytes(g_steal_pointer(&request->buffer));
    Work work = request->match.route->work;
    if (work != WORK_AT_ONCE && work != WORK_PROBE_AT_ONCE) {
      request_finish_blocking(request);
      return MHD_YES;
    }
    request->match.route->finish(request);
  }
  return request_send(request);
}

enum MHD_Result
http_on_request(void *data, struct MHD_Connection *connection, const char *path, const char *method,
                const char *version, const char *upload, size_t *upload_size, void **state)
{
  HttpServer *server = data;
  Request *request = *state;
  enum MHD_Result result;
  if (request == NULL) {
    *state = request = request_new(server, connection, method, path);
    RequestLine line = {method, path, connection_target_end(request->connection), version};
    result = request_open(request, &line);
  } else {
    request_act(request);
    result = request_go_on(request, upload, upload_size);
  }
  request_act(NULL);
  return result;
}

void
http_on_completed(void *data, struct MHD_Connection *connection, void **state,
                  enum MHD_RequestTerminationCode how)
{
  HttpServer *server = data;
  Request *request = *state;
  if (request == NULL)
    return;
  *state = NULL;
  request_log(request, how);
  if (request->connection != NULL)
    records_read_singly(connection_records(request->connection));
  connection_set_phase(request->connection, PHASE_WAITING,
                       server->config->limits.http.head_seconds);
  request_free(request);
  atomic_fetch_sub(&server->in_flight, 1);
}
