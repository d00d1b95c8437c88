/* Pulls one URL again and again over kept connections, one thread a client, and prints the bytes a
 * second that arrived. Bodies are thrown away inside the kernel (MSG_TRUNC), so that the server and
 * not this program sets the pace; over TLS they are decrypted, as by a client, and thrown away
 * then. Nobody checks the certificate. TLS is of version 1.3 with one cipher for all peers.
 *
 * usage: pull-load PORT PATH CLIENTS SECONDS [tls] */
#include <glib.h>
#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEADER_BYTES = 16384, DISCARD_BYTES = 4 << 20, RECORD_BYTES = 16384 };

static const char tls_priority[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM";

typedef struct {
  uint16_t port;
  bool secure;
  const char *path;
  gint64 end; /* g_get_monotonic_time() */
  uint64_t received;
  const char *failure;
} Client;

/* A connection; session: NULL in plain. */
typedef struct {
  int fd;
  gnutls_certificate_credentials_t credentials;
  gnutls_session_t session;
} Line;

static int
open_socket(uint16_t port)
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

static bool
greet(Line *line)
{
  int code;
  gnutls_certificate_allocate_credentials(&line->credentials);
  gnutls_init(&line->session, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL);
  gnutls_priority_set_direct(line->session, tls_priority, NULL);
  gnutls_credentials_set(line->session, GNUTLS_CRD_CERTIFICATE, line->credentials);
  gnutls_transport_set_int(line->session, line->fd);
  do
    code = gnutls_handshake(line->session);
  while (code < 0 && !gnutls_error_is_fatal(code));
  return code == GNUTLS_E_SUCCESS;
}

static void
line_close(Line *line)
{
  if (line->session != NULL) {
    gnutls_deinit(line->session);
    gnutls_certificate_free_credentials(line->credentials);
  }
  if (line->fd >= 0)
    close(line->fd);
}

static bool
send_all(const Line *line, const char *text)
{
  ssize_t size = (ssize_t)strlen(text);
  return (line->session != NULL ? gnutls_record_send(line->session, text, (size_t)size)
                                : send(line->fd, text, (size_t)size, MSG_NOSIGNAL)) == size;
}

/* Tickets and changes of keys come between records of data. */
static ssize_t
receive(const Line *line, char *buffer, size_t size)
{
  if (line->session == NULL)
    return recv(line->fd, buffer, size, 0);
  ssize_t got;
  do
    got = gnutls_record_recv(line->session, buffer, size);
  while (got == GNUTLS_E_AGAIN || got == GNUTLS_E_INTERRUPTED);
  return got;
}

static ssize_t
discard(const Line *line, size_t size)
{
  char buffer[RECORD_BYTES];
  return line->session == NULL ? recv(line->fd, NULL, size, MSG_TRUNC)
                               : receive(line, buffer, MIN(size, sizeof buffer));
}

/* Reads the header byte by byte up to its end, so that no byte of the body is taken with it; -1
 * unless it is a 200 with a Content-Length. */
static gint64
read_header(const Line *line)
{
  char header[HEADER_BYTES];
  size_t size = 0;
  while (size < sizeof header - 1 && (size < 4 || memcmp(header + size - 4, "\r\n\r\n", 4) != 0)) {
    if (receive(line, header + size, 1) != 1)
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
pull_once(Client *client, const Line *line, const char *request)
{
  if (!send_all(line, request))
    return false;
  gint64 left = read_header(line);
  if (left < 0)
    return false;
  while (left > 0 && g_get_monotonic_time() < client->end) {
    ssize_t got = discard(line, (size_t)MIN(left, DISCARD_BYTES));
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
  Line line = {.fd = open_socket(client->port)};
  if (line.fd < 0 || (client->secure && !greet(&line)))
    client->failure = "no connection";
  while (client->failure == NULL && g_get_monotonic_time() < client->end)
    if (!pull_once(client, &line, request))
      client->failure = "the server did not answer with a whole 200";
  line_close(&line);
  return NULL;
}

int
main(int argc, char **argv)
{
  if (argc != 5 && (argc != 6 || strcmp(argv[5], "tls") != 0)) {
    fprintf(stderr, "usage: %s PORT PATH CLIENTS SECONDS [tls]\n", argv[0]);
    return 2;
  }
  int count = CLAMP(atoi(argv[3]), 1, 1024);
  gint64 start = g_get_monotonic_time();
  g_autofree Client *clients = g_new0(Client, (gsize)count);
  g_autofree GThread **threads = g_new0(GThread *, (gsize)count);
  for (int i = 0; i < count; i++) {
    clients[i] = (Client){.port = (uint16_t)atoi(argv[1]),
                          .path = argv[2],
                          .secure = argc == 6,
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
