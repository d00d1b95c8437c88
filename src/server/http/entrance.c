/* Addresses at which the server listens, and the endpoints there; see the header. */
#include "server/http/entrance.h"

#include <string.h>

#include "base/log.h"

struct Entrance {
  gatomicrefcount references;
  char *address, *url;
  bool secure;
  Places *places;
  GMutex lock; /* guards the rest */
  GPtrArray *endpoints;
  int64_t told; /* g_get_monotonic_time() of the last line about peers that were cut */
  uint64_t untold;
};

Entrance *
entrance_new(const char *address, const char *url, bool secure, Places *places)
{
  Entrance *entrance = g_new0(Entrance, 1);
  g_atomic_ref_count_init(&entrance->references);
  entrance->address = g_strdup(address);
  entrance->url = g_strdup(url);
  entrance->secure = secure;
  entrance->places = places;
  g_mutex_init(&entrance->lock);
  entrance->endpoints = g_ptr_array_new();
  return entrance;
}

Entrance *
entrance_ref(Entrance *entrance)
{
  g_atomic_ref_count_inc(&entrance->references);
  return entrance;
}

void
entrance_unref(Entrance *entrance)
{
  if (entrance == NULL || !g_atomic_ref_count_dec(&entrance->references))
    return;
  g_free(entrance->address);
  g_free(entrance->url);
  places_free(entrance->places);
  g_mutex_clear(&entrance->lock);
  g_ptr_array_unref(entrance->endpoints);
  g_free(entrance);
}

const char *
entrance_address(const Entrance *entrance)
{
  return entrance->address;
}

const char *
entrance_url(const Entrance *entrance)
{
  return entrance->url;
}

bool
entrance_is_secure(const Entrance *entrance)
{
  return entrance->secure;
}

Places *
entrance_places(const Entrance *entrance)
{
  return entrance->places;
}

void
entrance_set_endpoints(Entrance *entrance, GPtrArray *endpoints)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&entrance->lock);
  g_ptr_array_unref(entrance->endpoints);
  entrance->endpoints = endpoints;
}

bool
entrance_has(Entrance *entrance, const char *name)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&entrance->lock);
  for (guint i = 0; i < entrance->endpoints->len; i++)
    if (strcmp(endpoint_name(g_ptr_array_index(entrance->endpoints, i)), name) == 0)
      return true;
  return false;
}

static bool
is_among(const GArray *blocks, const Address *address)
{
  return address_blocks_find(blocks, address) >= 0;
}

Visit
entrance_visit(Entrance *entrance, const Address *peer, bool *alone)
{
  Visit visit = VISIT_REFUSED;
  *alone = false;
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&entrance->lock);
  for (guint i = 0; i < entrance->endpoints->len; i++) {
    const Endpoint *endpoint = g_ptr_array_index(entrance->endpoints, i);
    bool forwards = endpoint_trusts(endpoint, peer);
    *alone = *alone || forwards;
    if (is_among(endpoint->proxy_protocol, peer)) {
      *alone = true;
      return VISIT_PROXIED;
    }
    if (forwards || endpoint_admits(endpoint, peer, NULL) == ADMITTED)
      visit = VISIT_DIRECT;
  }
  return visit;
}

void
entrance_tell_cut(Entrance *entrance, const Address *peer)
{
  char address[INET6_ADDRSTRLEN], others[24];
  int64_t now = g_get_monotonic_time();
  g_mutex_lock(&entrance->lock);
  bool tells = entrance->told == 0 || now - entrance->told >= G_USEC_PER_SEC;
  g_snprintf(others, sizeof others, "%" G_GUINT64_FORMAT, entrance->untold);
  entrance->untold = tells ? 0 : entrance->untold + 1;
  entrance->told = tells ? now : entrance->told;
  g_mutex_unlock(&entrance->lock);
  address_text(peer, address);
  if (tells)
    log_info("a connection was cut: no endpoint there admits its address", "client", address, "at",
             entrance->url, "others_since_the_last_line", others, NULL);
}

static bool
admits_caller(const Endpoint *endpoint, const Caller *caller)
{
  if (caller->proxied && !is_among(endpoint->proxy_protocol, &caller->hop))
    return false;
  return endpoint_trusts(endpoint, &caller->client) ||
         endpoint_admits(endpoint, &caller->client, NULL) == ADMITTED;
}

bool
entrance_admits(Entrance *entrance, const Caller *caller)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&entrance->lock);
  for (guint i = 0; i < entrance->endpoints->len; i++)
    if (admits_caller(g_ptr_array_index(entrance->endpoints, i), caller))
      return true;
  return false;
}

/* Who asks by a name is at the endpoint of that name, or at that without names, and nowhere else:
 * being refused at one does not lead to the other. */
Endpoint *
entrance_find(Entrance *entrance, const Caller *caller)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&entrance->lock);
  Endpoint *called = NULL;
  for (guint i = 0; i < entrance->endpoints->len; i++) {
    Endpoint *endpoint = g_ptr_array_index(entrance->endpoints, i);
    bool by_name = *endpoint->settings->server_names != NULL;
    if (endpoint_is_called(endpoint, caller->server_name) && (called == NULL || by_name))
      called = endpoint;
  }
  return called != NULL && admits_caller(called, caller) ? endpoint_ref(called) : NULL;
}
