/* The door; see the header. */
#include "server/http/door.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/metrics.h"
#include "server/http/first_byte.h"
#include "server/http/microhttpd_library-private.h"
#include "server/http/proxy_reader.h"

/* At most so many clients are seen off at once, for so long, and so many bytes of each are read. */
#define LINGER_MAX     256
#define LINGER_SECONDS 2
#define LINGER_BYTES   ((size_t)8 * 1024 * 1024)
#define EVENTS_MAX     64
/* When there are no more descriptors. */
#define BREATH_MS 50

METRIC(cut, COUNTER("assay_http_cut_total",
                    "Connections from addresses that no endpoint there admits."));

typedef enum { VISITOR_WAKE, VISITOR_LISTENER, VISITOR_NEW, VISITOR_LEAVING } VisitorKind;

/* What epoll hands back. */
typedef struct {
  VisitorKind kind;
  int fd;
  /* A listener's; of a new connection, those of the listener that it came by. */
  struct MHD_Daemon *daemon;
  Entrance *entrance;
  /* Of a new connection. */
  struct sockaddr_storage address;
  socklen_t address_size;
  GByteArray *header; /* ... the part of its PROXY header that has come; NULL: none is awaited */
  bool shut;          /* of a listener */
  /* Of one that leaves. */
  int epoll;
  int64_t until;
  size_t read;
} Visitor;

struct Door {
  ConnectionWatch *watch;
  int epoll;
  Visitor wake; /* an eventfd */
  GThread *thread;
  GHashTable *fresh;    /* Visitor: connections without a byte; the thread's own */
  GMutex lock;          /* guards the rest */
  GPtrArray *listeners; /* Visitor; those that are shut go when the thread has seen it */
  GCond changed;
  GHashTable *leaving; /* Visitor */
  bool closing, closed, ending;
};

/* --- visitors --- */

static void
visitor_free(void *data)
{
  Visitor *visitor = data;
  /* Closing is not enough where another descriptor of the socket is still open. */
  if (visitor->kind == VISITOR_LEAVING)
    epoll_ctl(visitor->epoll, EPOLL_CTL_DEL, visitor->fd, NULL);
  fd_clear(&visitor->fd);
  entrance_unref(visitor->entrance);
  if (visitor->header != NULL)
    g_byte_array_unref(visitor->header);
  g_free(visitor);
}

static bool
watch_for(Door *door, Visitor *visitor, uint32_t events)
{
  struct epoll_event event = {.events = events, .data.ptr = visitor};
  return epoll_ctl(door->epoll, EPOLL_CTL_ADD, visitor->fd, &event) == 0;
}

/* --- those that leave --- */

static void
see_off(Door *door, int fd)
{
  Visitor *visitor = g_new0(Visitor, 1);
  visitor->kind = VISITOR_LEAVING;
  visitor->fd = fd;
  visitor->epoll = door->epoll;
  visitor->until = g_get_monotonic_time() + LINGER_SECONDS * G_TIME_SPAN_SECOND;
  shutdown(fd, SHUT_WR);
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&door->lock);
  if (door->ending || g_hash_table_size(door->leaving) >= LINGER_MAX ||
      !watch_for(door, visitor, EPOLLIN))
    visitor_free(visitor);
  else
    g_hash_table_add(door->leaving, visitor);
}

void
door_linger(Door *door, int fd)
{
  int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (copy >= 0)
    see_off(door, copy);
}

static void
read_last_words(Door *door, Visitor *visitor)
{
  uint8_t bytes[16 * 1024];
  ssize_t size = recv(visitor->fd, bytes, sizeof bytes, MSG_DONTWAIT);
  visitor->read += size > 0 ? (size_t)size : 0;
  if ((size < 0 && errno == EAGAIN) || (size > 0 && visitor->read < LINGER_BYTES))
    return;
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&door->lock);
  g_hash_table_remove(door->leaving, visitor);
}

/* Those whose time is over go. Returns how many milliseconds the next has, at most until @next. */
static int
time_to_sleep(Door *door, int64_t next)
{
  int64_t now = g_get_monotonic_time();
  GHashTableIter iter;
  void *key;
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&door->lock);
  g_hash_table_iter_init(&iter, door->leaving);
  while (g_hash_table_iter_next(&iter, &key, NULL)) {
    const Visitor *visitor = key;
    if (visitor->until <= now)
      g_hash_table_iter_remove(&iter);
    else
      next = MIN(next, visitor->until);
  }
  return next <= now ? 0 : (int)((next - now) / 1000) + 1;
}

/* --- those that come --- */

static void
tell(int fd, const char *message)
{
  g_autofree char *answer = g_strdup_printf("HTTP/1.1 400 Bad Request\r\n"
                                            "Content-Type: text/plain; charset=utf-8\r\n"
                                            "Content-Length: %zu\r\n"
                                            "Connection: close\r\n\r\n%s",
                                            strlen(message), message);
  /* A new connection's buffer has room for it. */
  if (send(fd, answer, strlen(answer), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
    log_debug("a client of the wrong protocol could not be told", "error", g_strerror(errno), NULL);
}

static void
turn_away(Door *door, Visitor *visitor, const char *fault)
{
  if (*fault != '\0')
    tell(visitor->fd, fault);
  log_debug("a client spoke another protocol than its address", "client",
            connection_peer(connection_watch_find(door->watch, visitor->fd)), NULL);
  connection_watch_leave(door->watch, visitor->fd);
  see_off(door, fd_steal(&visitor->fd));
}

static void
leave(Door *door, Visitor *visitor)
{
  connection_watch_leave(door->watch, visitor->fd);
  fd_clear(&visitor->fd);
}

static HeaderRead
read_header(Door *door, Visitor *visitor)
{
  ProxyHeader header;
  HeaderRead read = proxy_header_read(visitor->fd, visitor->header, &header);
  if (read == HEADER_READ) {
    g_clear_pointer(&visitor->header, g_byte_array_unref);
    const Address *client = header.local ? NULL : &header.client;
    if (!connection_watch_set_client(door->watch, visitor->fd, client))
      read = HEADER_REFUSED;
    const Address hop = address_of_socket((const struct sockaddr *)&visitor->address);
    if (read == HEADER_REFUSED)
      entrance_tell_cut(visitor->entrance, header.local ? &hop : &header.client);
  }
  if (read == HEADER_REFUSED) {
    metric_add(&cut, 1);
    leave(door, visitor);
  }
  return read;
}

/* False: there is no byte yet. Else the visitor is gone, wherever to. */
static bool
receive(Door *door, Visitor *visitor)
{
  uint8_t first;
  HeaderRead header = visitor->header == NULL ? HEADER_READ : read_header(door, visitor);
  if (header != HEADER_READ)
    return header == HEADER_REFUSED;
  ssize_t size = recv(visitor->fd, &first, 1, MSG_PEEK | MSG_DONTWAIT);
  if (size < 0 && (errno == EAGAIN || errno == EINTR))
    return false;
  if (size <= 0) {
    leave(door, visitor);
    return true;
  }
  const char *fault = first_byte_fault(entrance_is_secure(visitor->entrance), first);
  if (fault != NULL) {
    turn_away(door, visitor, fault);
    return true;
  }
  /* From here on it is the library's, which closes it also when it does not take it. */
  int fd = fd_steal(&visitor->fd);
  if (microhttpd()->add_connection(visitor->daemon, fd, (struct sockaddr *)&visitor->address,
                                   visitor->address_size) != MHD_YES)
    connection_watch_leave(door->watch, fd);
  return true;
}

static void
drop_fresh(Door *door, Visitor *visitor)
{
  connection_watch_leave(door->watch, visitor->fd);
  g_hash_table_remove(door->fresh, visitor);
}

static void
come_again(Door *door, Visitor *visitor)
{
  epoll_ctl(door->epoll, EPOLL_CTL_DEL, visitor->fd, NULL);
  if (receive(door, visitor))
    g_hash_table_remove(door->fresh, visitor);
  else if (!watch_for(door, visitor, EPOLLIN | EPOLLRDHUP))
    drop_fresh(door, visitor);
}

/* A visitor whose peer may come in, or NULL. */
static Visitor *
let_in(Door *door, const Visitor *listener, int fd, const struct sockaddr_storage *address,
       socklen_t size)
{
  bool alone;
  Address peer = address_of_socket((const struct sockaddr *)address);
  Visit visit = entrance_visit(listener->entrance, &peer, &alone);
  if (visit == VISIT_REFUSED) {
    metric_add(&cut, 1);
    entrance_tell_cut(listener->entrance, &peer);
    return NULL;
  }
  if (!connection_watch_enter(door->watch, fd, listener->entrance, &peer, visit, alone))
    return NULL;
  Visitor *visitor = g_new0(Visitor, 1);
  visitor->kind = VISITOR_NEW;
  visitor->fd = fd;
  visitor->daemon = listener->daemon;
  visitor->entrance = entrance_ref(listener->entrance);
  visitor->address = *address;
  visitor->address_size = size;
  if (visit == VISIT_PROXIED)
    visitor->header = g_byte_array_new();
  return visitor;
}

/* False: nobody waits, or nobody can be let in now. */
static bool
accept_one(Door *door, const Visitor *listener)
{
  struct sockaddr_storage address;
  socklen_t size = sizeof address;
  auto_fd int fd =
      accept4(listener->fd, (struct sockaddr *)&address, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd < 0) {
    int code = errno;
    if (code == EMFILE || code == ENFILE || code == ENOBUFS || code == ENOMEM)
      g_usleep(BREATH_MS * 1000);
    return code == ECONNABORTED || code == EINTR;
  }
  Visitor *visitor = let_in(door, listener, fd, &address, size);
  if (visitor == NULL)
    return true;
  fd_steal(&fd);
  if (receive(door, visitor)) {
    visitor_free(visitor);
    return true;
  }
  g_hash_table_add(door->fresh, visitor);
  if (watch_for(door, visitor, EPOLLIN | EPOLLRDHUP))
    return true;
  drop_fresh(door, visitor);
  return false;
}

/* --- the thread --- */

/* Closes the sockets that were shut, or all, and drops who came by them and said nothing. */
static void
stop_listening(Door *door)
{
  GHashTableIter iter;
  void *key;
  for (guint i = door->listeners->len; i > 0; i--) {
    Visitor *listener = g_ptr_array_index(door->listeners, i - 1);
    if (!listener->shut && !door->closing)
      continue;
    g_hash_table_iter_init(&iter, door->fresh);
    while (g_hash_table_iter_next(&iter, &key, NULL)) {
      const Visitor *visitor = key;
      if (visitor->entrance != listener->entrance)
        continue;
      connection_watch_leave(door->watch, visitor->fd);
      g_hash_table_iter_remove(&iter);
    }
    g_ptr_array_remove_index_fast(door->listeners, i - 1);
  }
}

/* True when the thread shall end. */
static bool
heed(Door *door)
{
  uint64_t count;
  if (read(door->wake.fd, &count, sizeof count) < 0 && errno != EAGAIN)
    return true;
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&door->lock);
  stop_listening(door);
  door->closed = door->closing;
  g_cond_broadcast(&door->changed);
  return door->ending;
}

static void
attend(Door *door, Visitor *visitor)
{
  switch (visitor->kind) {
  case VISITOR_WAKE:
    break;
  case VISITOR_LISTENER:
    for (unsigned i = 0; i < EVENTS_MAX && accept_one(door, visitor); i++)
      ;
    break;
  case VISITOR_NEW:
    come_again(door, visitor);
    break;
  case VISITOR_LEAVING:
    read_last_words(door, visitor);
    break;
  }
}

static void *
keep_the_door(void *data)
{
  Door *door = data;
  struct epoll_event events[EVENTS_MAX];
  const int64_t step = connection_watch_step(door->watch) * G_TIME_SPAN_SECOND;
  int64_t next_sweep = g_get_monotonic_time() + step;
  for (;;) {
    int count = epoll_wait(door->epoll, events, EVENTS_MAX, time_to_sleep(door, next_sweep));
    if (g_get_monotonic_time() >= next_sweep) {
      connection_watch_sweep(door->watch);
      next_sweep = g_get_monotonic_time() + step;
    }
    bool woken = false;
    for (int i = 0; i < count; i++) {
      Visitor *visitor = events[i].data.ptr;
      woken = woken || visitor->kind == VISITOR_WAKE;
      attend(door, visitor);
    }
    /* Last: it frees what the other events are of. */
    if (woken && heed(door))
      return NULL;
  }
}

static void
wake(Door *door)
{
  const uint64_t one = 1;
  if (write(door->wake.fd, &one, sizeof one) < 0)
    log_error("the thread that accepts connections cannot be woken", "error", g_strerror(errno),
              NULL);
}

Door *
door_new(ConnectionWatch *watch, GError **error)
{
  g_autoptr(GHashTable) fresh = g_hash_table_new_full(NULL, NULL, visitor_free, NULL);
  Door *door = g_new0(Door, 1);
  door->watch = watch;
  door->listeners = g_ptr_array_new_with_free_func(visitor_free);
  door->fresh = g_steal_pointer(&fresh);
  door->leaving = g_hash_table_new_full(NULL, NULL, visitor_free, NULL);
  g_mutex_init(&door->lock);
  g_cond_init(&door->changed);
  door->wake.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  door->epoll = epoll_create1(EPOLL_CLOEXEC);
  if (door->epoll >= 0 && door->wake.fd >= 0 && watch_for(door, &door->wake, EPOLLIN))
    return door;
  error_set_errno(error, errno, "accepting connections");
  door_free(door);
  return NULL;
}

void
door_listen(Door *door, int fd, Entrance *entrance, struct MHD_Daemon *daemon)
{
  Visitor *listener = g_new0(Visitor, 1);
  listener->kind = VISITOR_LISTENER;
  listener->fd = fd;
  listener->daemon = daemon;
  listener->entrance = entrance_ref(entrance);
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&door->lock);
  g_ptr_array_add(door->listeners, listener);
  watch_for(door, listener, EPOLLIN);
}

static bool
is_listening(const Door *door, const Entrance *entrance, bool shut)
{
  bool found = false;
  for (guint i = 0; i < door->listeners->len; i++) {
    Visitor *listener = g_ptr_array_index(door->listeners, i);
    if (listener->entrance != entrance)
      continue;
    listener->shut = listener->shut || shut;
    found = true;
  }
  return found;
}

void
door_shut(Door *door, const Entrance *entrance)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&door->lock);
  if (!is_listening(door, entrance, true))
    return;
  if (door->thread == NULL) {
    stop_listening(door);
    return;
  }
  wake(door);
  while (is_listening(door, entrance, true) && !door->ending)
    g_cond_wait(&door->changed, &door->lock);
}

void
door_open(Door *door)
{
  door->thread = g_thread_new("door", keep_the_door, door);
}

void
door_close(Door *door)
{
  if (door == NULL || door->thread == NULL)
    return;
  g_mutex_lock(&door->lock);
  door->closing = true;
  wake(door);
  while (!door->closed)
    g_cond_wait(&door->changed, &door->lock);
  g_mutex_unlock(&door->lock);
}

void
door_free(Door *door)
{
  if (door == NULL)
    return;
  door_close(door);
  g_mutex_lock(&door->lock);
  door->ending = true;
  g_mutex_unlock(&door->lock);
  if (door->thread != NULL) {
    wake(door);
    g_thread_join(door->thread);
  }
  g_ptr_array_unref(door->listeners);
  g_hash_table_unref(door->fresh);
  g_hash_table_unref(door->leaving);
  fd_clear(&door->wake.fd);
  fd_clear(&door->epoll);
  g_mutex_clear(&door->lock);
  g_cond_clear(&door->changed);
  g_free(door);
}
