/* Endpoints: which there are, what they admit and serve, and changing those that the API made. */
#include "server/http/endpoints.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "server/api/api-private.h"
#include "server/stored_endpoints.h"

#define BODY_MAX   ((size_t)256 * 1024)
#define VALUES_MAX 20000u

/* --- the objects --- */

typedef struct {
  bool configured, listening;
  int64_t version; /* 0: of the configuration */
  char **urls;
} State;
static const JsonMember state_members[] = {
    {JSON_MEMBER(State, configured), .kind = &json_flag},
    {JSON_MEMBER(State, listening), .kind = &json_flag},
    {JSON_MEMBER(State, urls), .kind = &json_texts, .required = true},
    {JSON_MEMBER(State, version), .kind = &json_number},
};
static const JsonTable state_table = JSON_TABLE(State, state_members);

/* What an address would get. */
typedef struct {
  bool admitted;
  char *reason, *serves;
} Answer;
static const JsonMember answer_members[] = {
    {JSON_MEMBER(Answer, admitted), .kind = &json_flag},
    {JSON_MEMBER(Answer, reason), .kind = &json_text, .required = true},
    {JSON_MEMBER(Answer, serves), .kind = &json_text},
};
static const JsonTable answer_table = JSON_TABLE(Answer, answer_members);

const ApiSchema api_endpoint_schemas[] = {
    {"Endpoint", &endpoint_settings_table},
    {"Endpoint", &state_table},
    {"Endpoint.answer", &answer_table},
    {NULL},
};

static json_t *
answer_of(const Endpoint *endpoint, const Address *address)
{
  g_autofree char *reason = admission_text(endpoint, address);
  g_autofree char *serves = endpoint_services_text(endpoint);
  bool admitted = endpoint_admits(endpoint, address, NULL) == ADMITTED;
  const Answer answer = {admitted, reason, admitted ? serves : NULL};
  return json_table_write(&answer_table, &answer);
}

/* @address: of whom the answer is told; NULL: of nobody. (transfer full) */
static json_t *
endpoint_to_json(HttpServer *http, Endpoint *endpoint, int64_t version, const Address *address)
{
  g_auto(GStrv) urls = endpoints_urls(http, endpoint);
  const State state = {endpoint->configured, *urls != NULL, version, urls};
  json_t *object = endpoint_settings_to_json(endpoint->settings);
  json_table_add(&state_table, &state, object);
  if (address != NULL)
    json_object_set_new(object, "answer", answer_of(endpoint, address));
  return object;
}

/* --- reading --- */

static bool
address_of(Request *request, Address *address, bool *given)
{
  const char *text = request_query(request, "address");
  *given = text != NULL;
  if (text == NULL || address_parse(slice_from_string(text), address))
    return true;
  api_refuse(request, "?address= must be an address, 10.1.2.3 or 2001:db8::1");
  return false;
}

/* Of the configuration first, then those that are written down, whether they listen or not. */
static json_t *
list_all(Request *request, const Address *address, GError **error)
{
  HttpServer *http = request_http_server(request);
  g_autoptr(GPtrArray) stored = endpoint_store_list(server_context(request)->sql, error);
  g_autoptr(GPtrArray) present = endpoints_list(http);
  if (stored == NULL)
    return NULL;
  json_t *list = json_array();
  for (guint i = 0; i < present->len; i++) {
    Endpoint *endpoint = g_ptr_array_index(present, i);
    if (endpoint->configured)
      json_array_append_new(list, endpoint_to_json(http, endpoint, 0, address));
  }
  for (guint i = 0; i < stored->len; i++) {
    StoredEndpoint *one = g_ptr_array_index(stored, i);
    g_autoptr(Endpoint) endpoint = endpoint_new(g_steal_pointer(&one->settings), false);
    json_array_append_new(list, endpoint_to_json(http, endpoint, one->version, address));
  }
  return list;
}

static void
api_endpoints(Request *request)
{
  g_autoptr(GError) error = NULL;
  Address address;
  bool given;
  if (!address_of(request, &address, &given))
    return;
  json_t *list = list_all(request, given ? &address : NULL, &error);
  if (list == NULL) {
    respond_error(request, error);
    return;
  }
  g_autoptr(json_t) body = json_object();
  json_object_set_new(body, "endpoints", list);
  respond_json(request, MHD_HTTP_OK, body);
}

static void
respond_endpoint(Request *request, unsigned status, Endpoint *endpoint, int64_t version)
{
  g_autoptr(json_t) body = endpoint_to_json(request_http_server(request), endpoint, version, NULL);
  respond_json(request, status, body);
}

/* The one of the path; *version 0: of the configuration. NULL: it responded. (transfer full) */
static Endpoint *
endpoint_of(Request *request, int64_t *version)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(StoredEndpoint) stored = NULL;
  const char *name = request_parameter(request, "endpoint");
  g_autoptr(Endpoint) present = endpoints_find(request_http_server(request), name);
  *version = 0;
  if (present != NULL && present->configured)
    return g_steal_pointer(&present);
  Found found = endpoint_store_find(server_context(request)->sql, name, &stored, &error);
  if (found == ABSENT) {
    g_autofree char *message = g_strdup_printf("there is no endpoint %s", name);
    respond_oci_error(request, MHD_HTTP_NOT_FOUND, "NOT_FOUND", message, NULL);
  } else if (found == FAILED) {
    respond_error(request, error);
  }
  if (found != FOUND)
    return NULL;
  *version = stored->version;
  return endpoint_new(g_steal_pointer(&stored->settings), false);
}

static void
api_endpoint(Request *request)
{
  int64_t version;
  g_autoptr(Endpoint) endpoint = endpoint_of(request, &version);
  if (endpoint != NULL)
    respond_endpoint(request, MHD_HTTP_OK, endpoint, version);
}

/* --- changing --- */

/* NULL: it responded. (transfer full) */
static json_t *
body_of(Request *request)
{
  g_autoptr(GError) error = NULL;
  GBytes *text = request_body(request);
  json_t *object =
      json_parse_bounded(text == NULL ? SLICE_EMPTY : slice_from_bytes(text), VALUES_MAX, &error);
  if (json_is_object(object))
    return object;
  json_decref(object);
  api_refuse(request, "the body must be a JSON object%s%s", error != NULL ? ": " : "",
             error != NULL ? error->message : "");
  return NULL;
}

/* Has the endpoint that @object describes, and responds. */
static void
put(Request *request, const json_t *object, int64_t version)
{
  g_autoptr(GError) error = NULL;
  HttpServer *http = request_http_server(request);
  EndpointSettings *settings = endpoint_settings_parse(object, &error);
  g_autofree char *name = settings == NULL ? NULL : g_strdup(settings->name);
  if (settings == NULL) {
    api_refuse(request, "%s", error->message);
    return;
  }
  if (!stored_endpoints_put(server_context(request), http, settings, version, &error)) {
    respond_error(request, error);
    return;
  }
  g_autoptr(Endpoint) endpoint = endpoints_find(http, name);
  if (endpoint == NULL) {
    respond_oci_error(request, MHD_HTTP_CONFLICT, "CONFLICT", "it was deleted meanwhile", NULL);
    return;
  }
  if (version == 0)
    response_header_format(request, "Location", "/api/v1/endpoints/%s", name);
  respond_endpoint(request, version == 0 ? MHD_HTTP_CREATED : MHD_HTTP_OK, endpoint, version + 1);
}

static void
api_create_endpoint(Request *request)
{
  g_autoptr(json_t) object = body_of(request);
  if (object != NULL)
    put(request, object, 0);
}

static bool
may_change(Request *request, const Endpoint *endpoint)
{
  if (endpoint == NULL)
    return false;
  if (!endpoint->configured)
    return true;
  respond_oci_error(request, MHD_HTTP_CONFLICT, "CONFLICT",
                    "this endpoint is in the configuration: change it there, and start the server "
                    "again",
                    NULL);
  return false;
}

static void
api_change_endpoint(Request *request)
{
  int64_t version = 0;
  g_autoptr(json_t) change = body_of(request);
  g_autoptr(Endpoint) endpoint = change == NULL ? NULL : endpoint_of(request, &version);
  if (!may_change(request, endpoint))
    return;
  if (json_object_get(change, "name") != NULL &&
      g_strcmp0(json_get_string(change, "name"), endpoint_name(endpoint)) != 0) {
    api_refuse(request, "the name of an endpoint does not change: create another");
    return;
  }
  g_autoptr(json_t) object = endpoint_settings_to_json(endpoint->settings);
  const char *key;
  json_t *value;
  json_object_foreach(change, key, value) {
    json_t *present = json_object_get(object, key);
    if (json_is_null(value))
      json_object_del(object, key);
    else if (json_is_object(value) && json_is_object(present))
      json_object_update(present, value);
    else
      json_object_set(object, key, value);
  }
  put(request, object, version);
}

static void
api_delete_endpoint(Request *request)
{
  g_autoptr(GError) error = NULL;
  int64_t version;
  g_autoptr(Endpoint) endpoint = endpoint_of(request, &version);
  if (!may_change(request, endpoint))
    return;
  if (stored_endpoints_delete(server_context(request), request_http_server(request),
                              endpoint_name(endpoint), version, &error))
    respond_empty(request, MHD_HTTP_NO_CONTENT);
  else
    respond_error(request, error);
}

#define ENDPOINT "/api/v1/endpoints/<endpoint>"
#define ROUTE(method, pattern, label)                                                              \
  method, pattern, label, VERB_MANAGE_ENDPOINTS, ON_SYSTEM, WORK_WAITS

const Route api_endpoint_routes[] = {
    {ROUTE("GET", "/api/v1/endpoints", "api-endpoints"), .finish = api_endpoints},
    {ROUTE("POST", "/api/v1/endpoints", "api-endpoints"), .finish = api_create_endpoint,
     .body_limit = BODY_MAX},
    {ROUTE("GET", ENDPOINT, "api-endpoint"), .finish = api_endpoint},
    {ROUTE("PATCH", ENDPOINT, "api-endpoint"), .finish = api_change_endpoint,
     .body_limit = BODY_MAX},
    {ROUTE("DELETE", ENDPOINT, "api-endpoint"), .finish = api_delete_endpoint},
    {NULL},
};
