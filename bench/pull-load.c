/* Pulls one URL again and again over kept connections, one thread a client, and prints the bytes a
 * second that arrived. Bodies are thrown away inside the kernel (MSG_TRUNC), so that the server and
 * not this program sets the pace.
 *
 * usage: pull-load PORT PATH CLIENTS SECONDS */
#include <glib.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEADER_BYTES = 16384, DISCARD_BYTES = 4 << 20 };

typedef struct {
  uint16_t port;
  const char *path;
  gint64 end; /* g_get_monotonic_time() */
  uint64_t received;
  const char *failure;
} Client;

static int
open_connection(uint16_t port)
{
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
    close(fd);
    return -1;
  }
  return fd;
}

/* Reads the header byte by byte up to its end, so that no byte of the body is taken with it; -1
 * unless it is a 200 with a Content-Length. */
static gint64
read_header(int fd)
{
  char header[HEADER_BYTES];
  size_t size = 0;
  while (size < sizeof header - 1 && (size < 4 || memcmp(header + size - 4, "\r\n\r\n", 4) != 0)) {
    if (recv(fd, header + size, 1, 0) != 1)
      return -1;
    size++;
  }
  header[size] = '\0';
  g_autofree char *lower = g_ascii_strdown(header, -1);
  const char *length = strstr(lower, "\r\ncontent-length:");
  if (!g_str_has_prefix(lower, "http/1.1 200") || length == NULL)
    return -1;
  return g_ascii_strtoll(length + strlen("\r\ncontent-length:"), NULL, 10);
}

static bool
pull_once(Client *client, int fd, const char *request)
{
  if (send(fd, request, strlen(request), MSG_NOSIGNAL) != (ssize_t)strlen(request))
    return false;
  gint64 left = read_header(fd);
  if (left < 0)
    return false;
  while (left > 0 && g_get_monotonic_time() < client->end) {
    ssize_t got = recv(fd, NULL, (size_t)MIN(left, DISCARD_BYTES), MSG_TRUNC);
    if (got <= 0)
      return false;
    left -= got;
    client->received += (uint64_t)got;
  }
  return true;
}

static gpointer
run_client(gpointer data)
{
  Client *client = data;
  g_autofree char *request =
      g_strdup_printf("GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n\r\n", client->path, client->port);
  int fd = open_connection(client->port);
  while (fd >= 0 && client->failure == NULL && g_get_monotonic_time() < client->end)
    if (!pull_once(client, fd, request))
      client->failure = "the server did not answer with a whole 200";
  if (fd < 0)
    client->failure = "no connection";
  else
    close(fd);
  return NULL;
}

int
main(int argc, char **argv)
{
  if (argc != 5) {
    fprintf(stderr, "usage: %s PORT PATH CLIENTS SECONDS\n", argv[0]);
    return 2;
  }
  int count = CLAMP(atoi(argv[3]), 1, 1024);
  gint64 start = g_get_monotonic_time();
  g_autofree Client *clients = g_new0(Client, (gsize)count);
  g_autofree GThread **threads = g_new0(GThread *, (gsize)count);
  for (int i = 0; i < count; i++) {
    clients[i] = (Client){.port = (uint16_t)atoi(argv[1]),
                          .path = argv[2],
                          .end = start + atoi(argv[4]) * G_USEC_PER_SEC};
    threads[i] = g_thread_new("client", run_client, &clients[i]);
  }
  uint64_t received = 0;
  const char *failure = NULL;
  for (int i = 0; i < count; i++) {
    g_thread_join(threads[i]);
    received += clients[i].received;
    failure = clients[i].failure != NULL ? clients[i].failure : failure;
  }
  if (failure != NULL) {
    fprintf(stderr, "%s: port %s, %s: %s\n", argv[0], argv[1], argv[2], failure);
    return 1;
  }
  double seconds = (double)(g_get_monotonic_time() - start) / G_USEC_PER_SEC;
  printf("%.0f\n", (double)received / seconds);
  return 0;
}
