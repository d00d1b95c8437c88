/* Endpoints that the API makes; see the header. */
#include "server/stored_endpoints.h"

#include "base/error.h"
#include "base/log.h"
#include "server/http/endpoints.h"

/* One change at a time: what listens is what was written last. */
static GMutex changing;

bool
stored_endpoints_open(const ServerContext *context, GError **error)
{
  g_autoptr(GPtrArray) all = endpoint_store_list(context->sql, error);
  if (all == NULL)
    return false;
  for (guint i = 0; i < all->len; i++) {
    StoredEndpoint *stored = g_ptr_array_index(all, i);
    g_autoptr(Endpoint) endpoint = endpoint_new(g_steal_pointer(&stored->settings), false);
    g_autoptr(Endpoint) configured = endpoints_find(context->http, endpoint_name(endpoint));
    g_autoptr(GError) problem = NULL;
    if (configured != NULL)
      log_warning("an endpoint that was made by the API gives way to that of the configuration",
                  "endpoint", endpoint_name(endpoint), NULL);
    else if (!endpoints_put(context->http, endpoint, &problem))
      log_error("an endpoint cannot be opened", "endpoint", endpoint_name(endpoint), "error",
                problem->message, NULL);
  }
  return true;
}

static bool
check_origin(const Endpoint *endpoint, const char *name, GError **error)
{
  return endpoint == NULL || !endpoint->configured ||
         error_set(error, ASSAY_ERROR_DENIED,
                   "endpoint %s is in the configuration: change it there, and start the server "
                   "again",
                   name);
}

/* As it was before. */
static void
bring_back(HttpServer *http, Endpoint *former, const char *name)
{
  g_autoptr(GError) error = NULL;
  if (former == NULL)
    endpoints_remove(http, name);
  else if (!endpoints_put(http, former, &error))
    log_error("an endpoint cannot be opened", "endpoint", name, "error", error->message, NULL);
}

/* An address or a file that cannot be had is a mistake of who asked, who is told of it. */
static bool
have_listen(HttpServer *http, Endpoint *endpoint, GError **error)
{
  g_autoptr(GError) problem = NULL;
  return endpoints_put(http, endpoint, &problem) ||
         error_set(error, ASSAY_ERROR_INVALID, "%s", problem->message);
}

bool
stored_endpoints_put(const ServerContext *context, HttpServer *http, EndpointSettings *settings,
                     int64_t version, GError **error)
{
  g_autoptr(Endpoint) endpoint = endpoint_new(settings, false);
  const char *name = endpoint_name(endpoint);
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&changing);
  g_autoptr(Endpoint) former = endpoints_find(http, name);
  if (!check_origin(former, name, error))
    return false;
  if (version == 0 && former != NULL)
    return error_set(error, ASSAY_ERROR_EXISTS, "there is an endpoint %s", name);
  if (!have_listen(http, endpoint, error))
    return false;
  if (endpoint_store_put(context->sql, settings, version, error))
    return true;
  bring_back(http, former, name);
  return false;
}

bool
stored_endpoints_delete(const ServerContext *context, HttpServer *http, const char *name,
                        int64_t version, GError **error)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&changing);
  g_autoptr(Endpoint) former = endpoints_find(http, name);
  if (!check_origin(former, name, error) ||
      !endpoint_store_delete(context->sql, name, version, error))
    return false;
  endpoints_remove(http, name);
  return true;
}
