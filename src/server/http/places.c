/* Places that peers share; see the header. */
#include "server/http/places.h"

#include <string.h>

struct Places {
  unsigned limit, per_peer, taken;
  GHashTable *held; /* Peer -> how many */
};

Peer
peer_of(const Address *address)
{
  Peer peer = {{0}};
  if (address_is_ipv4(address))
    memcpy(peer.bytes, address->bytes + 12, 4);
  else
    memcpy(peer.bytes, address->bytes, sizeof peer.bytes);
  return peer;
}

static guint
peer_hash(gconstpointer data)
{
  uint64_t number;
  memcpy(&number, data, sizeof number);
  return g_int64_hash(&number);
}

static gboolean
peer_equal(gconstpointer a, gconstpointer b)
{
  return memcmp(a, b, sizeof(Peer)) == 0;
}

Places *
places_new(unsigned limit, unsigned per_peer)
{
  Places *places = g_new0(Places, 1);
  places->limit = limit;
  places->per_peer = per_peer;
  places->held = g_hash_table_new_full(peer_hash, peer_equal, g_free, NULL);
  return places;
}

void
places_free(Places *places)
{
  if (places == NULL)
    return;
  g_hash_table_unref(places->held);
  g_free(places);
}

unsigned
places_held(const Places *places, const Peer *peer)
{
  return GPOINTER_TO_UINT(g_hash_table_lookup(places->held, peer));
}

static void
set_held(Places *places, const Peer *peer, unsigned count)
{
  if (count == 0)
    g_hash_table_remove(places->held, peer);
  else
    g_hash_table_replace(places->held, g_memdup2(peer, sizeof *peer), GUINT_TO_POINTER(count));
}

PlacesResult
places_take(Places *places, const Peer *peer, bool alone)
{
  unsigned held = places_held(places, peer);
  if (places->taken >= places->limit)
    return PLACES_FULL;
  unsigned free_places = places->limit - places->taken;
  if (!alone && held >= (places->per_peer != 0 ? places->per_peer : free_places))
    return PLACES_PEER_FULL;
  places->taken++;
  set_held(places, peer, held + 1);
  return PLACES_TAKEN;
}

void
places_give(Places *places, const Peer *peer)
{
  places->taken--;
  set_held(places, peer, places_held(places, peer) - 1);
}

unsigned
places_taken(const Places *places)
{
  return places->taken;
}
