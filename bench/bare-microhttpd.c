/* The least that libmicrohttpd can do: one fixed answer to each GET, from a pool of two threads.
 * `make bench` holds the registry's manifest GET against it. Ends when standard input does.
 *
 * usage: bare-microhttpd PORT BYTES */
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct MHD_Response *fixed_answer;

static enum MHD_Result
answer_request(void *context, struct MHD_Connection *connection, const char *url,
               const char *method, const char *version, const char *body, size_t *body_size,
               void **state)
{
  /* An answer before the end of the request would close the connection. */
  static int seen;
  if (*state == NULL) {
    *state = &seen;
    return MHD_YES;
  }
  return MHD_queue_response(connection, MHD_HTTP_OK, fixed_answer);
}

int
main(int argc, char **argv)
{
  if (argc != 3) {
    fprintf(stderr, "usage: %s PORT BYTES\n", argv[0]);
    return 2;
  }
  static char body[1 << 16];
  size_t size = strtoul(argv[2], NULL, 10);
  if (size > sizeof body) {
    fprintf(stderr, "%s: at most %zu bytes\n", argv[0], sizeof body);
    return 2;
  }
  memset(body, 'x', sizeof body);
  fixed_answer = MHD_create_response_from_buffer(size, body, MHD_RESPMEM_PERSISTENT);

  struct sockaddr_in address = {.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)atoi(argv[1])),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  struct MHD_Daemon *daemon = MHD_start_daemon(
      MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, answer_request, NULL, MHD_OPTION_SOCK_ADDR,
      (struct sockaddr *)&address, MHD_OPTION_THREAD_POOL_SIZE, 2u, MHD_OPTION_END);
  if (daemon == NULL) {
    fprintf(stderr, "%s: cannot listen on port %s\n", argv[0], argv[1]);
    return 1;
  }
  char byte;
  while (read(STDIN_FILENO, &byte, 1) > 0)
    continue;
  MHD_stop_daemon(daemon);
  MHD_destroy_response(fixed_answer);
  return 0;
}
