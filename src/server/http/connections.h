/* The open connections: who they are, what each is at, and which must end.
 *
 * libmicrohttpd's own limits are a number of connections and a time without any byte: slow clients
 * would hold every place for ever. Here
 * - a connection has a place, which peers share (places.h), or is one of a few that are reserved:
 *   those get an answer to a probe (Route.probe), others 503, and then end;
 * - one that waits for a request gives its place to the next that needs it, the oldest first;
 * - the head of a request must come within limits.head_seconds, however it is dripped;
 * - a body or an answer must move limits.least_bytes_per_second, measured by the kernel's counts
 *   over limits.slow_seconds, unless it is the server that is behind.
 *
 * A descriptor belongs to the door and then to libmicrohttpd, who see a connection that is ended
 * here by its shutdown(). All may be called from any thread. */
#pragma once

#include <microhttpd.h>
#include <stdbool.h>

#include "server/http/entrance.h"
#include "server/http/http_settings.h"
#include "server/http/records.h"

typedef struct ConnectionWatch ConnectionWatch;
typedef struct Connection Connection;

typedef enum {
  PHASE_WAITING, /* for a head, or in it */
  PHASE_BODY,    /* the client sends */
  PHASE_WORK,    /* the server thinks */
  PHASE_ANSWER,  /* the client reads */
} ConnectionPhase;

/* @limits: borrowed. (transfer full) */
ConnectionWatch *connection_watch_new(const HttpLimits *limits);
void connection_watch_free(ConnectionWatch *watch);

/* A new one, of @peer, which @alone may have all places. False: there is not even one of the
 * reserved places. */
bool connection_watch_enter(ConnectionWatch *watch, int fd, Entrance *entrance, const Address *peer,
                            Visit visit, bool alone);
/* Its PROXY header names @client, whose places count from now on; NULL: the hop speaks for itself.
 * False: no endpoint admits that, or there is no place left. */
bool connection_watch_set_client(ConnectionWatch *watch, int fd, const Address *client);
/* Before its descriptor is closed. */
void connection_watch_leave(ConnectionWatch *watch, int fd);
/* The one of a descriptor; NULL when there is none. */
Connection *connection_watch_find(ConnectionWatch *watch, int fd);
unsigned connection_watch_count(ConnectionWatch *watch);
/* Ends what is too slow; called every connection_watch_step() seconds. */
void connection_watch_sweep(ConnectionWatch *watch);
uint32_t connection_watch_step(const ConnectionWatch *watch);
/* Ends those that no endpoint of their entrance admits any more. */
void connection_watch_review(ConnectionWatch *watch);

/* --- of a connection; NULL is one that nobody knows --- */
/* The one of a handle of libmicrohttpd's, whose socket context it is. */
Connection *connection_of_handle(struct MHD_Connection *handle);
/* The address of its peer, as text. */
const char *connection_peer(const Connection *connection);
/* NULL: nobody knows. On its network thread. */
const Caller *connection_caller(const Connection *connection);
/* The endpoint that admits it, NULL: none does. On its network thread. (transfer full) */
Endpoint *connection_endpoint(const Connection *connection);
/* What a TLS client asked for, in its handshake; NULL: nothing. The endpoint, as above. */
Endpoint *connection_watch_greet(ConnectionWatch *watch, int fd, const char *server_name);
bool connection_is_reserved(const Connection *connection);
/* What it is at now. @seconds: how long that may take; 0: no such limit. */
void connection_set_phase(Connection *connection, ConnectionPhase phase, uint32_t seconds);
/* Why it was ended; NULL: it was not. */
const char *connection_end_reason(const Connection *connection);
/* Ends it. @reason: a literal. */
void connection_end(Connection *connection, const char *reason);
/* The answer came before the request's end: what still comes must be read, or the reset that
 * closing with unread bytes causes would take the answer from the client. */
void connection_set_early(Connection *connection);
bool connection_is_early(const Connection *connection);

/* Of the target of the request that is read, for its network thread. @end: where it ends, before it
 * is decoded; NULL: it holds what no target may. @too_long: there is no room for its query. */
void connection_set_target(Connection *connection, const char *end, bool too_long);
const char *connection_target_end(const Connection *connection);
bool connection_target_is_too_long(const Connection *connection);
/* How its records of TLS come and leave. For its network thread; not of NULL. (transfer none) */
Records *connection_records(Connection *connection);
