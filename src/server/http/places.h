/* Places that peers share: connections of an address.
 *
 * A peer may hold no more places than are still free. One alone gets half of them; two get a third
 * each; and however many hold what they may, the next one finds as many free as each of them has.
 * So a peer that takes all it can get keeps no other out, and no number must be guessed for it. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"

typedef struct Places Places;

/* An IPv4 address, or the first half of an IPv6 address: the other half is its owner's to choose.
 */
typedef struct {
  uint8_t bytes[8];
} Peer;
Peer peer_of(const Address *address);

typedef enum { PLACES_TAKEN, PLACES_FULL, PLACES_PEER_FULL } PlacesResult;

/* @per_peer: so many for each; 0: by the rule above. (transfer full) */
Places *places_new(unsigned limit, unsigned per_peer);
void places_free(Places *places);
/* @alone: a proxy, which stands for many peers and may have all. Not locked. */
PlacesResult places_take(Places *places, const Peer *peer, bool alone);
void places_give(Places *places, const Peer *peer);
unsigned places_held(const Places *places, const Peer *peer);
unsigned places_taken(const Places *places);
