/* Sockets to listen on, from addresses as operators write them. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "base/address.h"
#include "base/error.h"
#include "base/fd.h"
#include "server/http/listen.h"

#define BACKLOG 1024

/* "HOST:PORT", "[V6]:PORT", ":PORT". */
static bool
split_address(const char *address, char **host, char **port, GError **error)
{
  const char *colon = strrchr(address, ':');
  uint64_t number;
  /* getaddrinfo() takes 65536 for 0. */
  if (colon == NULL || !slice_to_uint64(slice_from_string(colon + 1), &number) ||
      number > UINT16_MAX)
    return error_set(error, ASSAY_ERROR_INVALID,
                     "listen address \"%s\": write HOST:PORT, for example 127.0.0.1:5000 or "
                     "[::]:443; a port is at most 65535",
                     address);
  bool bracketed = *address == '[' && colon > address && colon[-1] == ']';
  *host = bracketed ? g_strndup(address + 1, (gsize)(colon - address - 2))
                    : g_strndup(address, (gsize)(colon - address));
  *port = g_strdup(colon + 1);
  return true;
}

static bool
is_loopback(const struct sockaddr *socket)
{
  Address address = address_of_socket(socket);
  return address_is_loopback(&address);
}

static char *
actual_address(int fd)
{
  struct sockaddr_storage bound;
  socklen_t size = sizeof bound;
  char host[NI_MAXHOST], port[NI_MAXSERV];
  if (getsockname(fd, (struct sockaddr *)&bound, &size) < 0 ||
      getnameinfo((struct sockaddr *)&bound, size, host, sizeof host, port, sizeof port,
                  NI_NUMERICHOST | NI_NUMERICSERV) != 0)
    return NULL;
  return g_strdup_printf(strchr(host, ':') != NULL ? "[%s]:%s" : "%s:%s", host, port);
}

/* -1 with errno. */
static int
listen_to(const struct addrinfo *found)
{
  const int on = 1;
  int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0 || (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
                 bind(fd, found->ai_addr, found->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0))
    return fd;
  int saved = errno;
  fd_clear(&fd);
  errno = saved;
  return -1;
}

static void
add_advice(GError **error, int errno_value)
{
  const char *advice = "";
  if (errno_value == EADDRINUSE)
    advice = "; another program listens there: stop it, or choose another address with --listen or "
             "`listen` in the config";
  else if (errno_value == EACCES)
    advice = "; ports below 1024 need CAP_NET_BIND_SERVICE";
  else if (errno_value == EADDRNOTAVAIL)
    advice = "; this machine has no such address";
  if (error != NULL && *error != NULL) {
    g_autofree char *message = g_strconcat((*error)->message, advice, NULL);
    g_free((*error)->message);
    (*error)->message = g_steal_pointer(&message);
  }
}

/* Where the system's choice is bbr, a connection within the machine is paced for a bottleneck that
 * it does not have: pulls over loopback take thrice the processor time. Connections inherit it from
 * the socket that accepts them. A kernel without both leaves its own choice. */
static void
choose_congestion_control(int fd)
{
  static const char *const unpaced[] = {"cubic", "reno"};
  for (size_t i = 0; i < G_N_ELEMENTS(unpaced); i++)
    if (setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, unpaced[i], (socklen_t)strlen(unpaced[i])) == 0)
      return;
}

int
listen_open(const char *address, char **actual, bool *loopback, GError **error)
{
  g_autofree char *host = NULL, *port = NULL;
  if (!split_address(address, &host, &port, error))
    return -1;
  struct addrinfo hints = {
      .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
  struct addrinfo *found = NULL;
  int code = getaddrinfo(*host == '\0' ? NULL : host, port, &hints, &found);
  if (code != 0) {
    error_set(error, ASSAY_ERROR_INVALID, "listen address \"%s\": %s", address, gai_strerror(code));
    return -1;
  }
  /* A name may have addresses that this machine does not ("localhost" is ::1 as well). */
  int saved = 0;
  auto_fd int fd = -1;
  for (const struct addrinfo *one = found; one != NULL && fd < 0; one = one->ai_next) {
    fd = listen_to(one);
    saved = errno;
    *loopback = is_loopback(one->ai_addr);
    if (saved == EADDRINUSE)
      break;
  }
  if (fd >= 0 && *loopback)
    choose_congestion_control(fd);
  freeaddrinfo(found);
  if (fd < 0) {
    error_set_errno(error, saved, "listen on %s", address);
    add_advice(error, saved);
    return -1;
  }
  *actual = actual_address(fd);
  return fd_steal(&fd);
}
