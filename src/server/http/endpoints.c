/* Which endpoints there are, and the sockets that they need; see the header. */
#include "server/http/endpoints.h"

#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "server/http/daemons.h"
#include "server/http/http-private.h"
#include "server/http/listen.h"

/* An address as the endpoints together want it. */
typedef struct {
  const char *address;
  bool plain_http;
  GPtrArray *endpoints; /* Endpoint */
  Entrance *entrance;
  int fd; /* of a new entrance */
} Wanted;

static void
wanted_clear(void *data)
{
  Wanted *wanted = data;
  g_ptr_array_unref(wanted->endpoints);
  entrance_unref(wanted->entrance);
  fd_clear(&wanted->fd);
}

/* --- what they want --- */

static Wanted *
find_wanted(GArray *all, const char *address)
{
  for (guint i = 0; i < all->len; i++) {
    Wanted *wanted = &g_array_index(all, Wanted, i);
    if (strcmp(wanted->address, address) == 0)
      return wanted;
  }
  return NULL;
}

static bool
share_a_name(const Endpoint *a, const Endpoint *b)
{
  char **names = a->settings->server_names;
  if (*names == NULL)
    return *b->settings->server_names == NULL;
  for (; *names != NULL; names++)
    if (*b->settings->server_names != NULL && endpoint_is_called(b, *names))
      return true;
  return false;
}

static bool
check_shared(const Wanted *wanted, const Endpoint *endpoint, bool plain_http, GError **error)
{
  for (guint i = 0; i < wanted->endpoints->len; i++) {
    const Endpoint *other = g_ptr_array_index(wanted->endpoints, i);
    if (wanted->plain_http != plain_http)
      return error_set(error, ASSAY_ERROR_INVALID,
                       "at %s, which it shares with endpoint %s, only one of them has "
                       "`plain_http`",
                       wanted->address, endpoint_name(other));
    if (share_a_name(endpoint, other))
      return error_set(
          error, ASSAY_ERROR_INVALID,
          "at %s it cannot be told from endpoint %s: give them different addresses, or "
          "different `server_names`",
          wanted->address, endpoint_name(other));
  }
  return true;
}

static bool
want(GArray *all, Endpoint *endpoint, const char *address, bool plain_http, GError **error)
{
  Wanted *wanted = find_wanted(all, address);
  if (wanted != NULL && !check_shared(wanted, endpoint, plain_http, error))
    return false;
  if (wanted == NULL) {
    const Wanted one = {address, plain_http,
                        g_ptr_array_new_with_free_func((GDestroyNotify)endpoint_unref), NULL, -1};
    g_array_append_val(all, one);
    wanted = &g_array_index(all, Wanted, all->len - 1);
  }
  g_ptr_array_add(wanted->endpoints, endpoint_ref(endpoint));
  return true;
}

static bool
is_default(const Endpoint *endpoint)
{
  return strcmp(endpoint_name(endpoint), ENDPOINT_DEFAULT) == 0;
}

static bool
want_all(const HttpServer *server, Endpoint *endpoint, GArray *all, GError **error)
{
  const HttpSettings *http = &server->config->http;
  if (is_default(endpoint)) {
    for (unsigned i = 0; i < http->listen_count; i++)
      if (!want(all, endpoint, http->listen[i].address, http->listen[i].plain_http, error))
        return false;
    return true;
  }
  const EndpointSettings *settings = endpoint->settings;
  for (char **address = settings->listen; *address != NULL; address++)
    if (!want(all, endpoint, *address, settings->plain_http, error))
      return false;
  return true;
}

/* --- sockets --- */

static Entrance *
find_entrance(const HttpServer *server, const char *address)
{
  for (guint i = 0; i < server->entrances->len; i++) {
    Entrance *entrance = g_ptr_array_index(server->entrances, i);
    if (strcmp(entrance_address(entrance), address) == 0)
      return entrance;
  }
  return NULL;
}

/* Whether all endpoints of an address have a certificate. */
static bool
is_secure(const HttpServer *server, const Wanted *wanted, GError **error)
{
  unsigned without = 0;
  for (guint i = 0; i < wanted->endpoints->len; i++) {
    const Endpoint *endpoint = g_ptr_array_index(wanted->endpoints, i);
    without += endpoint->settings->certificate == NULL && server->tls == NULL;
  }
  if (without > 0 && without < wanted->endpoints->len)
    return error_set(error, ASSAY_ERROR_INVALID,
                     "of the endpoints at %s, each needs a `certificate`, or there must be `tls`",
                     wanted->address);
  return without == 0;
}

static bool
open_entrance(HttpServer *server, Wanted *wanted, GError **error)
{
  g_autoptr(GError) mixed = NULL;
  Entrance *present = find_entrance(server, wanted->address);
  bool loopback = false, secure = !wanted->plain_http && is_secure(server, wanted, &mixed);
  if (mixed != NULL) {
    g_propagate_error(error, g_steal_pointer(&mixed));
    return false;
  }
  if (present != NULL && secure != entrance_is_secure(present))
    return error_set(error, ASSAY_ERROR_INVALID,
                     "%s: whether an address speaks TLS is not changed while it listens: delete "
                     "its endpoint, and create it anew",
                     wanted->address);
  if (present != NULL) {
    wanted->entrance = entrance_ref(present);
    return true;
  }
  g_autofree char *actual = NULL;
  wanted->fd = listen_open(wanted->address, &actual, &loopback, error);
  if (wanted->fd < 0)
    return false;
  if (!secure && !loopback && !wanted->plain_http)
    return error_set(error, ASSAY_ERROR_INVALID, LISTEN_NEEDS_TLS, wanted->address);
  g_autofree char *url = g_strconcat(secure ? "https://" : "http://", actual, NULL);
  const HttpLimits *limits = &server->config->limits.http;
  wanted->entrance = entrance_new(wanted->address, url, secure,
                                  places_new(limits->connections, limits->connections_per_peer));
  return daemons_get(server, secure, error) != NULL;
}

/* --- the change --- */

static void
take_over(HttpServer *server, GArray *all)
{
  GPtrArray *former = server->entrances;
  server->entrances = g_ptr_array_new_with_free_func((GDestroyNotify)entrance_unref);
  for (guint i = 0; i < all->len; i++) {
    Wanted *wanted = &g_array_index(all, Wanted, i);
    entrance_set_endpoints(wanted->entrance, g_ptr_array_ref(wanted->endpoints));
    g_ptr_array_add(server->entrances, entrance_ref(wanted->entrance));
    if (wanted->fd >= 0)
      door_listen(server->door, fd_steal(&wanted->fd), wanted->entrance,
                  daemons_get(server, entrance_is_secure(wanted->entrance), NULL));
  }
  for (guint i = 0; i < former->len; i++) {
    Entrance *entrance = g_ptr_array_index(former, i);
    if (find_entrance(server, entrance_address(entrance)) == entrance)
      continue;
    entrance_set_endpoints(entrance, g_ptr_array_new());
    door_shut(server->door, entrance);
  }
  g_ptr_array_unref(former);
  connection_watch_review(server->connections);
}

/* With the lock. @endpoints: those that there are to be; taken over when it succeeds. */
static bool
apply(HttpServer *server, GPtrArray *endpoints, GError **error)
{
  g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(Wanted));
  g_array_set_clear_func(all, wanted_clear);
  for (guint i = 0; i < endpoints->len; i++)
    if (!want_all(server, g_ptr_array_index(endpoints, i), all, error))
      return false;
  for (guint i = 0; i < all->len; i++)
    if (!open_entrance(server, &g_array_index(all, Wanted, i), error))
      return false;
  take_over(server, all);
  g_ptr_array_unref(server->endpoints);
  server->endpoints = g_ptr_array_ref(endpoints);
  return true;
}

static gint
compare_names(gconstpointer a, gconstpointer b)
{
  const Endpoint *one = *(Endpoint *const *)a, *other = *(Endpoint *const *)b;
  if (is_default(one) != is_default(other))
    return is_default(one) ? -1 : 1;
  return strcmp(endpoint_name(one), endpoint_name(other));
}

/* Those of now without the one of @name. (transfer full) */
static GPtrArray *
all_but(const HttpServer *server, const char *name)
{
  GPtrArray *others = g_ptr_array_new_with_free_func((GDestroyNotify)endpoint_unref);
  for (guint i = 0; i < server->endpoints->len; i++) {
    Endpoint *endpoint = g_ptr_array_index(server->endpoints, i);
    if (name == NULL || strcmp(endpoint_name(endpoint), name) != 0)
      g_ptr_array_add(others, endpoint_ref(endpoint));
  }
  return others;
}

bool
endpoints_put(HttpServer *server, Endpoint *endpoint, GError **error)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&server->endpoints_lock);
  const EndpointSettings *settings = endpoint->settings;
  const TlsSettings files = {settings->certificate, settings->key};
  if (files.certificate != NULL && !identities_load(server->identities, &files, error))
    return false;
  g_autoptr(GPtrArray) endpoints = all_but(server, endpoint_name(endpoint));
  g_ptr_array_add(endpoints, endpoint_ref(endpoint));
  g_ptr_array_sort(endpoints, compare_names);
  return apply(server, endpoints, error);
}

bool
endpoints_remove(HttpServer *server, const char *name)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&server->endpoints_lock);
  g_autoptr(GPtrArray) endpoints = all_but(server, name);
  /* Fewer endpoints need no new sockets: it does not fail. */
  return endpoints->len < server->endpoints->len && apply(server, endpoints, NULL);
}

GPtrArray *
endpoints_list(HttpServer *server)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&server->endpoints_lock);
  return all_but(server, NULL);
}

Endpoint *
endpoints_find(HttpServer *server, const char *name)
{
  g_autoptr(GPtrArray) endpoints = endpoints_list(server);
  for (guint i = 0; i < endpoints->len; i++) {
    Endpoint *endpoint = g_ptr_array_index(endpoints, i);
    if (strcmp(endpoint_name(endpoint), name) == 0)
      return endpoint_ref(endpoint);
  }
  return NULL;
}

GStrv
endpoints_urls(HttpServer *server, const Endpoint *endpoint)
{
  g_autoptr(GStrvBuilder) urls = g_strv_builder_new();
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&server->endpoints_lock);
  for (guint i = 0; i < server->entrances->len; i++) {
    Entrance *entrance = g_ptr_array_index(server->entrances, i);
    if (entrance_has(entrance, endpoint_name(endpoint)))
      g_strv_builder_add(urls, entrance_url(entrance));
  }
  return g_strv_builder_end(urls);
}
