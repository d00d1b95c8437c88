/* The open connections; see the header. */
#include "server/http/connections.h"

#include <linux/sockios.h>
#include <linux/tcp.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/metrics.h"
#include "server/http/microhttpd_library-private.h"

/* Beside limits.connections, of all addresses; for probes, and to tell others that it is full. */
#define RESERVED_PLACES  64
#define RESERVED_SECONDS 5u
#define STEP_SECONDS     10u

METRIC(refused,
       COUNTER("assay_http_refused_total", "Connections that found no place: answered with "
                                           "503 unless they were probes."));
METRIC(displaced,
       COUNTER("assay_http_displaced_total",
               "Connections that waited for a request and gave their place to a new one."));
METRIC(slow_heads,
       COUNTER("assay_http_slow_heads_total",
               "Connections ended because no whole head of a request, or manifest, came "
               "in time; idle ones too."));
METRIC(slow_bodies, COUNTER("assay_http_slow_bodies_total",
                            "Connections ended because a body came too slowly."));
METRIC(slow_readers, COUNTER("assay_http_slow_readers_total",
                             "Connections ended because an answer was read too slowly."));

struct Connection {
  int fd;
  Entrance *entrance;
  Caller caller;
  bool greeted; /* a TLS client has said whom it asks */
  bool awaited; /* its PROXY header has not come yet */
  bool alone;
  char address[INET6_ADDRSTRLEN]; /* of caller.client */
  Peer peer;
  Places *places; /* NULL: it has none, or gave it away */
  bool reserved;
  _Atomic(const char *) reason;
  atomic_bool early;
  const char *target_end;
  bool target_too_long;
  Records records;
  /* Written by the connection's threads, read by the sweep. */
  _Atomic ConnectionPhase phase;
  atomic_uint turn;      /* counts the phases */
  _Atomic int64_t since; /* g_get_monotonic_time() when the phase began */
  _Atomic int64_t due;   /* when it must be over; 0: no limit */
  /* The sweep's own: the turn that it measures, since when, and what had moved then. */
  unsigned measured_turn;
  int64_t measured_since;
  uint64_t measured_bytes;
};

struct ConnectionWatch {
  const HttpLimits *limits;
  GMutex lock; /* guards the rest; a descriptor in `open` is open */
  GHashTable *open;
  Places *reserve;
};

static void
connection_free(void *data)
{
  Connection *connection = data;
  entrance_unref(connection->entrance);
  g_free(connection->caller.server_name);
  records_clear(&connection->records);
  g_free(connection);
}

ConnectionWatch *
connection_watch_new(const HttpLimits *limits)
{
  ConnectionWatch *watch = g_new0(ConnectionWatch, 1);
  watch->limits = limits;
  g_mutex_init(&watch->lock);
  watch->open = g_hash_table_new_full(NULL, NULL, NULL, connection_free);
  watch->reserve = places_new(RESERVED_PLACES, RESERVED_PLACES);
  return watch;
}

void
connection_watch_free(ConnectionWatch *watch)
{
  if (watch == NULL)
    return;
  g_hash_table_unref(watch->open);
  places_free(watch->reserve);
  g_mutex_clear(&watch->lock);
  g_free(watch);
}

/* --- of a connection --- */

Connection *
connection_of_handle(struct MHD_Connection *handle)
{
  const union MHD_ConnectionInfo *info =
      microhttpd()->get_connection_info(handle, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
  return info == NULL ? NULL : info->socket_context;
}

const char *
connection_peer(const Connection *connection)
{
  return connection == NULL ? "" : connection->address;
}

const Caller *
connection_caller(const Connection *connection)
{
  return connection == NULL ? NULL : &connection->caller;
}

Endpoint *
connection_endpoint(const Connection *connection)
{
  return connection == NULL ? NULL : entrance_find(connection->entrance, &connection->caller);
}

bool
connection_is_reserved(const Connection *connection)
{
  return connection != NULL && connection->reserved;
}

void
connection_set_phase(Connection *connection, ConnectionPhase phase, uint32_t seconds)
{
  if (connection == NULL)
    return;
  int64_t now = g_get_monotonic_time();
  connection->since = now;
  connection->due = seconds == 0 ? 0 : now + (int64_t)seconds * G_USEC_PER_SEC;
  connection->phase = phase;
  atomic_fetch_add(&connection->turn, 1);
}

const char *
connection_end_reason(const Connection *connection)
{
  return connection == NULL ? NULL : connection->reason;
}

void
connection_end(Connection *connection, const char *reason)
{
  if (connection == NULL)
    return;
  connection->reason = reason;
  shutdown(connection->fd, SHUT_RDWR);
}

void
connection_set_early(Connection *connection)
{
  if (connection != NULL)
    connection->early = true;
}

/* Also one that has bytes which nobody read. */
bool
connection_is_early(const Connection *connection)
{
  int unread = 0;
  return connection != NULL && connection->reason == NULL &&
         (connection->early || (ioctl(connection->fd, FIONREAD, &unread) == 0 && unread > 0));
}

void
connection_set_target(Connection *connection, const char *end, bool too_long)
{
  if (connection == NULL)
    return;
  connection->target_end = end;
  connection->target_too_long = too_long;
}

const char *
connection_target_end(const Connection *connection)
{
  return connection == NULL ? NULL : connection->target_end;
}

bool
connection_target_is_too_long(const Connection *connection)
{
  return connection != NULL && connection->target_too_long;
}

Records *
connection_records(Connection *connection)
{
  return &connection->records;
}

/* --- coming and going --- */

static void
give_place(Connection *connection)
{
  if (connection->places != NULL)
    places_give(connection->places, &connection->peer);
  connection->places = NULL;
}

/* Of those that wait for a head, of which no byte is unread, the one that waits longest; of
 * @places, and of @peer unless that is NULL. */
static Connection *
find_waiting(ConnectionWatch *watch, const Places *places, const Peer *peer)
{
  Connection *oldest = NULL;
  GHashTableIter iter;
  void *value;
  g_hash_table_iter_init(&iter, watch->open);
  while (g_hash_table_iter_next(&iter, NULL, &value)) {
    Connection *connection = value;
    int unread = 0;
    if (connection->places == places && connection->phase == PHASE_WAITING &&
        (oldest == NULL || connection->since < oldest->since) &&
        (peer == NULL || memcmp(&connection->peer, peer, sizeof *peer) == 0) &&
        ioctl(connection->fd, FIONREAD, &unread) == 0 && unread == 0)
      oldest = connection;
  }
  return oldest;
}

/* A place of @places for @connection, if need be that of one that waits: of the same peer, which
 * has no more places then than before, or of any other if the peer has none at all. */
static bool
take_place(ConnectionWatch *watch, Connection *connection, Places *places)
{
  const Peer *peer = &connection->peer;
  PlacesResult result = places_take(places, peer, connection->alone);
  if (result != PLACES_TAKEN) {
    Connection *oldest = find_waiting(watch, places, peer);
    if (oldest == NULL && result == PLACES_FULL &&
        (connection->alone || places_held(places, peer) == 0))
      oldest = find_waiting(watch, places, NULL);
    if (oldest == NULL)
      return false;
    give_place(oldest);
    connection_end(oldest, "its place was needed");
    metric_add(&displaced, 1);
    result = places_take(places, peer, true);
  }
  connection->places = places;
  return result == PLACES_TAKEN;
}

static void
forget(ConnectionWatch *watch, int fd)
{
  Connection *connection = g_hash_table_lookup(watch->open, GINT_TO_POINTER(fd));
  if (connection == NULL)
    return;
  give_place(connection);
  g_hash_table_remove(watch->open, GINT_TO_POINTER(fd));
}

static void
set_client(Connection *connection, const Address *client)
{
  connection->caller.client = *client;
  connection->peer = peer_of(client);
  address_text(client, connection->address);
}

/* One of its entrance's places, or of the reserved ones. */
static bool
find_place(ConnectionWatch *watch, Connection *connection)
{
  if (take_place(watch, connection, entrance_places(connection->entrance)))
    return true;
  metric_add(&refused, 1);
  connection->reserved = true;
  return take_place(watch, connection, watch->reserve);
}

bool
connection_watch_enter(ConnectionWatch *watch, int fd, Entrance *entrance, const Address *peer,
                       Visit visit, bool alone)
{
  Connection *connection = g_new0(Connection, 1);
  connection->fd = fd;
  connection->entrance = entrance_ref(entrance);
  connection->alone = alone;
  connection->awaited = visit == VISIT_PROXIED;
  connection->caller.hop = *peer;
  set_client(connection, peer);
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&watch->lock);
  /* One that libmicrohttpd had no memory for: it closed the descriptor and told nobody. */
  forget(watch, fd);
  if (!find_place(watch, connection)) {
    connection_free(connection);
    return false;
  }
  connection_set_phase(connection, PHASE_WAITING,
                       connection->reserved ? MIN(RESERVED_SECONDS, watch->limits->head_seconds)
                                            : watch->limits->head_seconds);
  g_hash_table_insert(watch->open, GINT_TO_POINTER(fd), connection);
  return true;
}

bool
connection_watch_set_client(ConnectionWatch *watch, int fd, const Address *client)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&watch->lock);
  Connection *connection = g_hash_table_lookup(watch->open, GINT_TO_POINTER(fd));
  if (connection == NULL)
    return false;
  connection->awaited = false;
  connection->caller.proxied = client != NULL;
  if (client != NULL) {
    give_place(connection);
    connection->alone = false;
    set_client(connection, client);
  }
  return entrance_admits(connection->entrance, &connection->caller) &&
         (client == NULL || find_place(watch, connection));
}

void
connection_watch_leave(ConnectionWatch *watch, int fd)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&watch->lock);
  forget(watch, fd);
}

Connection *
connection_watch_find(ConnectionWatch *watch, int fd)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&watch->lock);
  return g_hash_table_lookup(watch->open, GINT_TO_POINTER(fd));
}

unsigned
connection_watch_count(ConnectionWatch *watch)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&watch->lock);
  return g_hash_table_size(watch->open);
}

/* --- the sweep --- */

uint32_t
connection_watch_step(const ConnectionWatch *watch)
{
  return MIN(MIN(watch->limits->head_seconds, watch->limits->slow_seconds), STEP_SECONDS);
}

/* What the client has done of its part, by the kernel's count; *waits: whether it is its turn. What
 * lies unread, or was not written yet, is the server's to do. */
static bool
progress_of(const Connection *connection, bool sends, uint64_t *bytes, bool *waits)
{
  struct tcp_info info = {0};
  socklen_t size = sizeof info;
  int queued = 0;
  if (getsockopt(connection->fd, IPPROTO_TCP, TCP_INFO, &info, &size) < 0 ||
      ioctl(connection->fd, sends ? SIOCINQ : SIOCOUTQ, &queued) < 0)
    return false;
  *bytes = sends ? info.tcpi_bytes_received : info.tcpi_bytes_acked;
  *waits = sends ? queued == 0 : queued > 0;
  return true;
}

static bool
is_too_slow(const ConnectionWatch *watch, Connection *connection, bool sends, int64_t now)
{
  unsigned turn = atomic_load(&connection->turn);
  uint64_t bytes;
  bool waits;
  if (watch->limits->least_bytes_per_second == 0 || !progress_of(connection, sends, &bytes, &waits))
    return false;
  int64_t elapsed = now - connection->measured_since;
  bool same = connection->measured_turn == turn && connection->measured_since != 0;
  if (same && elapsed < (int64_t)watch->limits->slow_seconds * G_USEC_PER_SEC)
    return false;
  double least = (double)watch->limits->least_bytes_per_second * (double)elapsed / G_USEC_PER_SEC;
  if (same && waits && (double)(bytes - connection->measured_bytes) < least)
    return true;
  connection->measured_turn = turn;
  connection->measured_since = now;
  connection->measured_bytes = bytes;
  return false;
}

static void
look_at(ConnectionWatch *watch, Connection *connection, int64_t now)
{
  ConnectionPhase phase = connection->phase;
  int64_t due = connection->due;
  if (connection->reason != NULL)
    return;
  if (due != 0 && due <= now) {
    metric_add(&slow_heads, 1);
    connection_end(connection, phase == PHASE_WAITING ? "no request came in time" : "too slow");
  } else if (phase == PHASE_BODY && is_too_slow(watch, connection, true, now)) {
    metric_add(&slow_bodies, 1);
    connection_end(connection, "the body came too slowly");
  } else if (phase == PHASE_ANSWER && is_too_slow(watch, connection, false, now)) {
    metric_add(&slow_readers, 1);
    connection_end(connection, "the answer was read too slowly");
  }
}

void
connection_watch_sweep(ConnectionWatch *watch)
{
  int64_t now = g_get_monotonic_time();
  GHashTableIter iter;
  void *connection;
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&watch->lock);
  g_hash_table_iter_init(&iter, watch->open);
  while (g_hash_table_iter_next(&iter, NULL, &connection))
    look_at(watch, connection, now);
}

/* --- rules that changed --- */

Endpoint *
connection_watch_greet(ConnectionWatch *watch, int fd, const char *server_name)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&watch->lock);
  Connection *connection = g_hash_table_lookup(watch->open, GINT_TO_POINTER(fd));
  if (connection == NULL)
    return NULL;
  if (!connection->greeted)
    connection->caller.server_name = g_strdup(server_name);
  connection->greeted = true;
  return connection_endpoint(connection);
}

/* Of one that has not said yet whom it asks, its peer alone is known. */
static bool
may_stay(const Connection *connection)
{
  bool alone, known = !connection->awaited &&
                      (connection->greeted || !entrance_is_secure(connection->entrance));
  if (!known)
    return entrance_visit(connection->entrance, &connection->caller.hop, &alone) != VISIT_REFUSED;
  g_autoptr(Endpoint) endpoint = connection_endpoint(connection);
  return endpoint != NULL;
}

void
connection_watch_review(ConnectionWatch *watch)
{
  GHashTableIter iter;
  void *value;
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&watch->lock);
  g_hash_table_iter_init(&iter, watch->open);
  while (g_hash_table_iter_next(&iter, NULL, &value)) {
    Connection *connection = value;
    if (connection->reason != NULL || may_stay(connection))
      continue;
    give_place(connection);
    connection_end(connection, "its endpoint does not admit it any more");
  }
}
