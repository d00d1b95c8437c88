/* What a request goes through before its body: the phases, in one order that is seen here. */
#include <string.h>

#include "server/http/authorise.h"
#include "server/http/client_certificate.h"
#include "server/http/cors.h"
#include "server/http/http-private.h"
#include "server/http/phases.h"
#include "server/http/rate.h"

/* False: it has responded. On the network thread: none may wait for anything. */
typedef bool (*Phase)(Request *request);

/* Of "OPTIONS *", which asks about the server as a whole. */
#define ALL_METHODS "GET, HEAD, POST, PUT, PATCH, DELETE"

/* Through which endpoint it came: rules that changed since its connection was made hold for it, and
 * whom a trusted proxy names as its client must be admitted as well. */
static bool
phase_endpoint(Request *request)
{
  Address client;
  const Endpoint *endpoint = request->endpoint;
  bool admitted = endpoint != NULL &&
                  address_parse(slice_from_string(request_client(request)), &client) &&
                  endpoint_admits(endpoint, &client, NULL) == ADMITTED;
  if (admitted && !client_certificate_is_missing(request))
    return true;
  respond_oci_error(request, MHD_HTTP_FORBIDDEN, "DENIED",
                    admitted
                        ? "this endpoint requires a client certificate, and the connection has none"
                        : "this endpoint does not admit the address that the request comes from",
                    NULL);
  response_header(request, "Connection", "close");
  return false;
}

/* What reads from a repository by a name that it had is answered by the one that it has, and needs
 * the rights to that. */
static void
follow_move(Request *request)
{
  const Route *route = request->match.route;
  g_clear_pointer(&request->moved_to, g_free);
  if (route->follow != NULL)
    request->moved_to = route->follow(request->server->context, request_parameter(request, "name"));
}

static bool
is_served(const Request *request, const char *repository)
{
  const Route *route = request->match.route;
  if (route->on == ON_ONESELF)
    return endpoint_serves(request->endpoint, VERB_MANAGE_ACCESS, NULL);
  return route->on == ON_WHAT_ONE_MAY
             ? endpoint_serves_some(request->endpoint, route->needs)
             : endpoint_serves(request->endpoint, route->needs, repository);
}

bool
request_follow_again(Request *request)
{
  if (request->moved_to != NULL)
    return false;
  follow_move(request);
  if (request->moved_to == NULL)
    return false;
  if (is_served(request, request->moved_to) &&
      request_may(request, request->match.route->needs, request->moved_to))
    return true;
  g_clear_pointer(&request->moved_to, g_free);
  return false;
}

/* The distribution API has a closed list of codes. */
static void
respond_nothing_there(Request *request)
{
  bool listed = g_str_has_prefix(request->path, "/v2/");
  respond_oci_error(request, MHD_HTTP_NOT_FOUND, listed ? "UNSUPPORTED" : "NOT_FOUND",
                    "there is nothing at this path", NULL);
}

static bool
phase_route(Request *request)
{
  const Router *router = request->server->router;
  request->match = router_find(router, request->method, request->path);
  if (request->match.route != NULL) {
    request_cut_parts(request);
    follow_move(request);
    return true;
  }
  g_autofree char *allowed = router_allowed(router, request->path);
  bool options = strcmp(request->method, "OPTIONS") == 0;
  if (options && (allowed != NULL || strcmp(request->path, "*") == 0)) {
    cors_respond_options(request, allowed != NULL ? allowed : ALL_METHODS);
  } else if (allowed != NULL) {
    respond_oci_error(request, MHD_HTTP_METHOD_NOT_ALLOWED, "UNSUPPORTED",
                      "this path does not take this method; see the Allow header", NULL);
    response_header(request, "Allow", allowed);
  } else {
    respond_nothing_there(request);
  }
  return false;
}

/* Whether the endpoint serves what the route does to what it is done to. */
static bool
phase_service(Request *request)
{
  const Route *route = request->match.route;
  const char *repository = route->on == ON_REPOSITORY ? request_parameter(request, "name") : NULL;
  if (is_served(request, repository))
    return true;
  Verb verb = route->on == ON_ONESELF ? VERB_MANAGE_ACCESS : route->needs;
  g_autofree char *message = endpoint_refusal_text(request->endpoint, verb, repository);
  respond_oci_error(request, MHD_HTTP_FORBIDDEN, "DENIED", message, NULL);
  return false;
}

/* --- limits --- */

static bool
body_is_too_large(const Request *request)
{
  int64_t length = request_content_length(request);
  return request->match.route->body == NULL && length > 0 && (uint64_t)length > request->body_limit;
}

void
respond_too_large(Request *request)
{
  g_autofree char *message =
      request->match.route->body_limit == 0
          ? g_strdup("this request takes no body")
          : g_strdup_printf("the body may have at most %zu bytes", request->body_limit);
  respond_oci_error(request, MHD_HTTP_CONTENT_TOO_LARGE, "SIZE_INVALID", message, NULL);
}

static bool
phase_limits(Request *request)
{
  request->body_limit = request->match.route->body_limit;
  if (!body_is_too_large(request))
    return true;
  respond_too_large(request);
  return false;
}

void
request_limit_body(Request *request, size_t limit)
{
  request->body_limit = MIN(request->body_limit, limit);
  if (body_is_too_large(request))
    respond_too_large(request);
}

/* --- begin --- */

static bool
phase_begin(Request *request)
{
  if (request->match.route->begin != NULL)
    request->match.route->begin(request);
  return true;
}

/* What it does from here on bears the name of who asks. */
static bool
phase_act(Request *request)
{
  request_act(request);
  return true;
}

static const Phase phases[] = {phase_endpoint,   phase_route, phase_service,     rate_of_address,
                               request_identify, phase_act,   rate_of_principal, request_authorise,
                               phase_limits,     phase_begin};

void
request_begin(Request *request)
{
  for (size_t i = 0; i < G_N_ELEMENTS(phases) && phases[i](request); i++)
    ;
}
