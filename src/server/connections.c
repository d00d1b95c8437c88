/* Connections that send the head of their next request too slowly are closed, and those that send a
 * body that is kept in memory: libmicrohttpd's own time limit begins anew with every byte, so that
 * one byte a minute would hold a place for ever. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "server/http-private.h"

struct Connection {
  int fd;
  char peer[INET6_ADDRSTRLEN];
  const char *target_end; /* of the request that is read, see head_walk(); its network thread's */
  _Atomic int64_t due;    /* g_get_monotonic_time() when it is closed; 0: not while it is at work */
};

struct ConnectionWatch {
  GMutex lock; /* guards the set; a descriptor in it is open */
  GHashTable *open;
  uint32_t head_seconds;
};

ConnectionWatch *
connection_watch_new(uint32_t head_seconds)
{
  ConnectionWatch *watch = g_new0(ConnectionWatch, 1);
  g_mutex_init(&watch->lock);
  watch->head_seconds = head_seconds;
  watch->open = g_hash_table_new_full(NULL, NULL, g_free, NULL);
  return watch;
}

void
connection_watch_free(ConnectionWatch *watch)
{
  if (watch == NULL)
    return;
  g_hash_table_unref(watch->open);
  g_mutex_clear(&watch->lock);
  g_free(watch);
}

void
connection_expect(Connection *connection, uint32_t seconds)
{
  if (connection != NULL)
    connection->due = seconds == 0 ? 0 : g_get_monotonic_time() + (int64_t)seconds * G_USEC_PER_SEC;
}

const char *
connection_peer(const Connection *connection)
{
  return connection == NULL ? "" : connection->peer;
}

/* A space in it would have libmicrohttpd see another target than others do. */
void *
connection_watch_target(void *data, const char *target, struct MHD_Connection *handle)
{
  Connection *connection = connection_of(handle);
  if (connection == NULL)
    return NULL;
  const char *end = target;
  while (end != NULL && (unsigned char)*end > ' ' && *end != 0x7f)
    end++;
  connection->target_end = end != NULL && *end == '\0' ? end : NULL;
  return NULL;
}

const char *
connection_target_end(const Connection *connection)
{
  return connection == NULL ? NULL : connection->target_end;
}

/* IPv4 is written as such, also where a socket for both takes it. */
static void
write_peer(const struct sockaddr *address, char *text, size_t size)
{
  *text = '\0';
  if (address->sa_family == AF_INET) {
    const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)address;
    inet_ntop(AF_INET, &in->sin_addr, text, (socklen_t)size);
  } else if (address->sa_family == AF_INET6) {
    const struct in6_addr *in = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(in))
      inet_ntop(AF_INET, &in->s6_addr[12], text, (socklen_t)size);
    else
      inet_ntop(AF_INET6, in, text, (socklen_t)size);
  }
}

/* MHD_NotifyConnectionCallback: the end is told before the descriptor is closed. */
void
connection_watch_notify(void *data, struct MHD_Connection *handle, void **context,
                        enum MHD_ConnectionNotificationCode what)
{
  ConnectionWatch *watch = data;
  if (what == MHD_CONNECTION_NOTIFY_STARTED) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(handle, MHD_CONNECTION_INFO_CONNECTION_FD);
    Connection *connection = g_new0(Connection, 1);
    connection->fd = info != NULL ? info->connect_fd : -1;
    info = MHD_get_connection_info(handle, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (info != NULL && info->client_addr != NULL)
      write_peer(info->client_addr, connection->peer, sizeof connection->peer);
    connection_expect(connection, watch->head_seconds);
    *context = connection;
    g_mutex_lock(&watch->lock);
    g_hash_table_add(watch->open, connection);
    g_mutex_unlock(&watch->lock);
  } else if (*context != NULL) {
    g_mutex_lock(&watch->lock);
    g_hash_table_remove(watch->open, *context);
    g_mutex_unlock(&watch->lock);
    *context = NULL;
  }
}

Connection *
connection_of(struct MHD_Connection *handle)
{
  const union MHD_ConnectionInfo *info =
      MHD_get_connection_info(handle, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
  return info == NULL ? NULL : info->socket_context;
}

unsigned
connection_watch_count(ConnectionWatch *watch)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&watch->lock);
  return g_hash_table_size(watch->open);
}

unsigned
connection_watch_sweep(ConnectionWatch *watch)
{
  int64_t now = g_get_monotonic_time();
  unsigned closed = 0;
  GHashTableIter iter;
  void *key;
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&watch->lock);
  g_hash_table_iter_init(&iter, watch->open);
  while (g_hash_table_iter_next(&iter, &key, NULL)) {
    Connection *connection = key;
    int64_t due = connection->due;
    if (due == 0 || due > now || connection->fd < 0)
      continue;
    /* libmicrohttpd, to whom the descriptor belongs, then sees the end and closes it. */
    shutdown(connection->fd, SHUT_RDWR);
    closed++;
  }
  return closed;
}
