/* What a handler may ask of its request. */
#include <string.h>

#include "server/http/http-private.h"

#include "server/http/microhttpd_library-private.h"

#define AGENT_BYTES_MAX 200

const char *
request_id(const Request *request)
{
  return request->id;
}

const char *
request_method(const Request *request)
{
  return request->method;
}

const char *
request_path(const Request *request)
{
  return request->path;
}

const char *
request_path_shown(const Request *request)
{
  const Route *route = request->match.route;
  return route != NULL && route->path_is_secret ? route->pattern : request->path;
}

void
request_cut_parts(Request *request)
{
  strcpy(request->cut, request->path);
  for (unsigned i = 0; i < request->match.count; i++) {
    Slice value = request->match.parts[i].value;
    request->cut[(const char *)value.data - request->path + value.size] = '\0';
  }
}

bool
request_is_of_api(const Request *request)
{
  return g_str_has_prefix(request->path, "/api/");
}

bool
request_is_of_harbor(const Request *request)
{
  return g_str_has_prefix(request->path, "/harbor/");
}

const char *
request_parameter(const Request *request, const char *name)
{
  if (request->moved_to != NULL && strcmp(name, "name") == 0)
    return request->moved_to;
  for (unsigned i = 0; i < request->match.count; i++) {
    const PathPart *part = &request->match.parts[i];
    if (slice_equal_string(part->name, name))
      return request->cut + ((const char *)part->value.data - request->path);
  }
  return NULL;
}

const char *
request_query(const Request *request, const char *name)
{
  return microhttpd()->lookup_connection_value(request->handle, MHD_GET_ARGUMENT_KIND, name);
}

const char *
request_cookie(const Request *request, const char *name)
{
  return microhttpd()->lookup_connection_value(request->handle, MHD_COOKIE_KIND, name);
}

typedef struct {
  const char *name;
  GStrvBuilder *values;
} NamedValues;

static enum MHD_Result
collect_value(void *data, enum MHD_ValueKind kind, const char *name, const char *value)
{
  NamedValues *named = data;
  if (strcmp(name, named->name) == 0 && value != NULL)
    g_strv_builder_add(named->values, value);
  return MHD_YES;
}

GStrv
request_query_all(const Request *request, const char *name)
{
  g_autoptr(GStrvBuilder) values = g_strv_builder_new();
  NamedValues named = {name, values};
  microhttpd()->get_connection_values(request->handle, MHD_GET_ARGUMENT_KIND, collect_value,
                                      &named);
  return g_strv_builder_end(values);
}

const char *
request_header(const Request *request, const char *name)
{
  return microhttpd()->lookup_connection_value(request->handle, MHD_HEADER_KIND, name);
}

char *
request_agent(const Request *request)
{
  const char *agent = request_header(request, "User-Agent");
  return agent == NULL ? NULL : g_strndup(agent, AGENT_BYTES_MAX);
}

typedef struct {
  const char *name;
  GString *joined;
} JoinedHeader;

static enum MHD_Result
join_header(void *data, enum MHD_ValueKind kind, const char *name, const char *value)
{
  JoinedHeader *header = data;
  if (g_ascii_strcasecmp(name, header->name) == 0 && value != NULL)
    g_string_append_printf(header->joined, "%s%s", header->joined->len > 0 ? ", " : "", value);
  return MHD_YES;
}

char *
request_header_joined(const Request *request, const char *name)
{
  JoinedHeader header = {name, g_string_new(NULL)};
  microhttpd()->get_connection_values(request->handle, MHD_HEADER_KIND, join_header, &header);
  return g_string_free(header.joined, header.joined->len == 0);
}

GBytes *
request_body(const Request *request)
{
  return request->body;
}

int64_t
request_content_length(const Request *request)
{
  const char *text = request_header(request, "Content-Length");
  uint64_t length;
  if (text == NULL || !slice_to_uint64(slice_from_string(text), &length) || length > INT64_MAX)
    return -1;
  return (int64_t)length;
}

const char *
request_client(Request *request)
{
  const Caller *caller = connection_caller(request->connection);
  if (request->client == NULL && (caller == NULL || request->endpoint == NULL)) {
    request->client = g_strdup(connection_peer(request->connection));
  } else if (request->client == NULL) {
    ForwardedBy by = request->endpoint->settings->forwarded_by;
    g_autofree char *forwarded = request_header_joined(
        request, by == FORWARDED_BY_FORWARDED ? "Forwarded" : "X-Forwarded-For");
    Address client = forwarded_client(request->endpoint, &caller->client, forwarded);
    request->client = g_malloc(INET6_ADDRSTRLEN);
    address_text(&client, request->client);
  }
  return request->client;
}

void
request_set_state(Request *request, void *state, GDestroyNotify free_state)
{
  request->state = state;
  request->free_state = free_state;
}

void *
request_state(const Request *request)
{
  return request->state;
}

bool
request_has_response(const Request *request)
{
  return request->response != NULL;
}

bool
request_displace(const Request *request, Request *holder, const char *reason)
{
  if (holder->started > request->started)
    return false;
  RequestStage stage = STAGE_BODY;
  if (atomic_compare_exchange_strong(&holder->stage, &stage, STAGE_DISPLACED))
    connection_end(holder->connection, reason);
  return true;
}

HttpServer *
request_http_server(const Request *request)
{
  return request->server;
}

void *
request_context(const Request *request)
{
  return request->server->context;
}
