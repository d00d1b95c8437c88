/* The limits of an endpoint; see the header. */
#include "server/http/rate.h"

#include "access/endpoint/allowance.h"
#include "server/http/authorise.h"
#include "server/http/http-private.h"

static const EndpointLimits *
limits_of(const Request *request)
{
  const EndpointLimits *limits =
      request->endpoint == NULL ? NULL : &request->endpoint->settings->limits;
  bool limited =
      limits != NULL && (limits->requests_per_minute > 0 || limits->bytes_per_minute > 0);
  return limited && !route_is_probe(request->match.route) ? limits : NULL;
}

/* (transfer full) */
static char *
key_of_address(Request *request)
{
  g_autofree char *network = client_network(request_client(request));
  return g_strconcat(endpoint_name(request->endpoint), " address ", network, NULL);
}

/* NULL: nobody is logged in. (transfer full) */
static char *
key_of_principal(const Request *request)
{
  const char *user = request_user(request);
  return user == NULL ? NULL
                      : g_strconcat(endpoint_name(request->endpoint), " principal ", user, NULL);
}

static bool
take(Request *request, const char *key, const EndpointLimits *limits)
{
  unsigned seconds = 0;
  if (allowances_take(request->server->allowances, key, limits, g_get_monotonic_time(), &seconds))
    return true;
  g_autofree char *message =
      g_strdup_printf("endpoint %s gives each client %u requests and %" G_GUINT64_FORMAT
                      " bytes a minute (0: any number); ask again in %u seconds",
                      endpoint_name(request->endpoint), limits->requests_per_minute,
                      limits->bytes_per_minute, seconds);
  respond_oci_error(request, MHD_HTTP_TOO_MANY_REQUESTS, "TOOMANYREQUESTS", message, NULL);
  response_header_format(request, "Retry-After", "%u", seconds);
  return false;
}

bool
rate_of_address(Request *request)
{
  const EndpointLimits *limits = limits_of(request);
  if (limits == NULL || request->address_counted)
    return true;
  request->address_counted = true;
  g_autofree char *key = key_of_address(request);
  return take(request, key, limits);
}

bool
rate_of_principal(Request *request)
{
  const EndpointLimits *limits = limits_of(request);
  if (limits == NULL || request->principal_counted)
    return true;
  request->principal_counted = true;
  g_autofree char *key = key_of_principal(request);
  return key == NULL || take(request, key, limits);
}

void
rate_spend(Request *request, uint64_t bytes)
{
  const EndpointLimits *limits = limits_of(request);
  if (limits == NULL || !request->address_counted)
    return;
  Allowances *allowances = request->server->allowances;
  int64_t now = g_get_monotonic_time();
  g_autofree char *address = key_of_address(request), *principal = key_of_principal(request);
  allowances_spend(allowances, address, limits, now, bytes);
  if (principal != NULL)
    allowances_spend(allowances, principal, limits, now, bytes);
}
