/* Sockets to listen on, from addresses as operators write them. */
#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/fd.h"
#include "server/http-private.h"

#define BACKLOG 1024

/* "HOST:PORT", "[V6]:PORT", ":PORT". */
static bool
split_address(const char *address, char **host, char **port, GError **error)
{
  const char *colon = strrchr(address, ':');
  if (colon == NULL || colon[1] == '\0')
    return error_set(error, ASSAY_ERROR_INVALID,
                     "listen address \"%s\": write HOST:PORT, for example 127.0.0.1:5000 or "
                     "[::]:443",
                     address);
  bool bracketed = *address == '[' && colon > address && colon[-1] == ']';
  *host = bracketed ? g_strndup(address + 1, (gsize)(colon - address - 2))
                    : g_strndup(address, (gsize)(colon - address));
  *port = g_strdup(colon + 1);
  return true;
}

static bool
is_loopback(const struct sockaddr *address, socklen_t size)
{
  g_autoptr(GSocketAddress) socket_address =
      g_socket_address_new_from_native((void *)(uintptr_t)address, size);
  return G_IS_INET_SOCKET_ADDRESS(socket_address) &&
         g_inet_address_get_is_loopback(
             g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(socket_address)));
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
  const int on = 1;
  auto_fd int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  bool bound = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
               bind(fd, found->ai_addr, found->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0;
  int saved = errno;
  *loopback = is_loopback(found->ai_addr, found->ai_addrlen);
  freeaddrinfo(found);
  if (!bound) {
    error_set_errno(error, saved, "listen on %s", address);
    return -1;
  }
  *actual = actual_address(fd);
  return fd_steal(&fd);
}
