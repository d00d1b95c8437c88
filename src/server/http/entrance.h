/* An entrance: an address at which the server listens, with the endpoints
 * (access/endpoint/endpoint.h) that share it. It says who may come in at all, which is asked before
 * a byte of a connection is read, and which endpoint a caller has come to, which is asked again for
 * each request: rules that changed hold for connections that are open.
 *
 * Counted; all may be called from any thread. */
#pragma once

#include "access/endpoint/endpoint.h"
#include "server/http/places.h"

typedef struct Entrance Entrance;

/* Who is at the other end of a connection. */
typedef struct {
  Address hop;       /* the peer of the socket */
  Address client;    /* the same, or whom the hop's PROXY header names */
  bool proxied;      /* there was such a header */
  char *server_name; /* what a TLS client asked for; NULL: nothing, or not yet */
} Caller;

/* @places: taken over. @url: "https://10.0.1.5:443". (transfer full) */
Entrance *entrance_new(const char *address, const char *url, bool secure, Places *places);
Entrance *entrance_ref(Entrance *entrance);
void entrance_unref(Entrance *entrance);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Entrance, entrance_unref)

/* As it was written; where it is; whether TLS is spoken there. */
const char *entrance_address(const Entrance *entrance);
const char *entrance_url(const Entrance *entrance);
bool entrance_is_secure(const Entrance *entrance);
/* Under the lock of the connections (connections.h). */
Places *entrance_places(const Entrance *entrance);

/* Replaces its endpoints. @endpoints: taken over, Endpoint; none: it is closed. */
void entrance_set_endpoints(Entrance *entrance, GPtrArray *endpoints);

/* Whether an endpoint of that name is there. */
bool entrance_has(Entrance *entrance, const char *name);

typedef enum {
  VISIT_REFUSED, /* none of its endpoints admits the peer */
  VISIT_DIRECT,
  VISIT_PROXIED, /* a hop, which begins with a PROXY header */
} Visit;
/* @alone: whether the peer stands for many clients. */
Visit entrance_visit(Entrance *entrance, const Address *peer, bool *alone);

/* A connection of @peer was cut: the log says so, a line in a second at most. */
void entrance_tell_cut(Entrance *entrance, const Address *peer);

/* Whether one of its endpoints admits @caller, whichever it asks for. */
bool entrance_admits(Entrance *entrance, const Caller *caller);
/* The endpoint to which @caller came, if that admits it; NULL: it may not be here. A hop whose
 * header names the client is admitted for that: each request is to be asked for its client.
 * (transfer full) */
Endpoint *entrance_find(Entrance *entrance, const Caller *caller);
