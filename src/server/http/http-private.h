/* What the files of the HTTP side share. */
#pragma once

#include <gnutls/abstract.h>
#include <stdatomic.h>

#include "base/log.h"
#include "server/http/client.h"
#include "server/http/connections.h"
#include "server/http/door.h"
#include "server/http/http.h"
#include "server/http/metrics.h"
#include "server/http/router.h"
#include "server/http/waiting.h"

typedef struct TlsCredentials TlsCredentials;

struct HttpServer {
  const Config *config;
  Router *router;
  void *context;
  GArray *listeners; /* Listener, see http_server.c */
  /* Threads that wait for the disk on behalf of suspended connections: for GET; for the rest, whose
   * turns at the one writer of the metadata may take long; for what is heavy; and for probes, which
   * must be answered whatever the others are at. */
  GThreadPool *reading, *writing, *heavy, *probes;
  WaitingRoom *waiting;
  ConnectionWatch *connections;
  Door *door;
  ProxyList *proxies;  /* trusted_proxies */
  TlsCredentials *tls; /* NULL: plain HTTP */
  HttpMetrics *metrics;
  atomic_uint in_flight;
  atomic_size_t buffered; /* bytes of bodies in memory, of all requests */
  atomic_bool stopping;
  GMutex hand_over; /* guards closed, and that nothing is handed over once it is set */
  atomic_bool closed;
};

typedef struct {
  char *name, *value;
} Header;

/* From the first to one of the others, once. */
typedef enum {
  STAGE_BODY,
  STAGE_FINISH,    /* the body is all there */
  STAGE_DISPLACED, /* by another request: nothing of it is taken any more */
} RequestStage;

struct Request {
  HttpServer *server;
  struct MHD_Connection *handle;
  Connection *connection;
  char id[REQUEST_ID_MAX + 1];
  char *method, *path;
  char *cut;    /* the path with a NUL after each part that the match names */
  char *client; /* see request_client(); NULL: nobody asked yet */
  RouteMatch match;
  size_t body_limit;  /* of a body that is kept: the route's, or a smaller one */
  GByteArray *buffer; /* of one */
  GBytes *body;
  size_t buffered; /* its part in the server's sum */
  bool drop_body;  /* responded before the body ended */
  bool begun;
  _Atomic RequestStage stage;
  int64_t waits_until; /* set by request_wait(); 0: does not wait */
  void *state;
  GDestroyNotify free_state;
  struct MHD_Response *response;
  unsigned status;
  uint64_t response_bytes, received_bytes;
  GArray *headers; /* Header */
  int64_t started; /* g_get_monotonic_time() */
};

/* --- phases.c --- */
/* All that comes before the body: has responded, or waits, or the body may come. */
void request_begin(Request *request);
/* 413: for what is longer than the route, or begin, allows. */
void respond_too_large(Request *request);

/* Sets the response; owned by the request. */
void request_take_response(Request *request, unsigned status, struct MHD_Response *response,
                           uint64_t bytes);

/* --- request_log.c --- */
void request_log(Request *request, enum MHD_RequestTerminationCode how);

/* --- http.c: what libmicrohttpd calls; @data is the HttpServer --- */
enum MHD_Result http_on_request(void *data, struct MHD_Connection *connection, const char *path,
                                const char *method, const char *version, const char *upload,
                                size_t *upload_size, void **state);
void http_on_completed(void *data, struct MHD_Connection *connection, void **state,
                       enum MHD_RequestTerminationCode how);
/* Runs the finish of a Request (@data); for the thread pools. */
void http_finish_on_worker(void *data, void *user_data);
/* Gives a Request (@data) that waited to its pool again; for the waiting room. */
void http_hand_over_again(void *data, void *user_data);

/* MHD_NotifyConnectionCallback, MHD_OPTION_URI_LOG_CALLBACK; @data is the HttpServer. */
void http_on_connection(void *data, struct MHD_Connection *handle, void **context,
                        enum MHD_ConnectionNotificationCode what);
void *http_on_target(void *data, const char *target, struct MHD_Connection *handle);
/* The one of a handle of libmicrohttpd's. */
Connection *http_connection_of(struct MHD_Connection *handle);

/* --- cors.c --- */
/* Adds what lets the page of another origin read the answer, where the config allows it. */
void cors_add_headers(Request *request);
/* Answers OPTIONS for a path that takes @methods. */
void cors_respond_options(Request *request, const char *methods);

/* --- tls.c --- */
TlsCredentials *tls_credentials_new(const ConfigTls *tls, GError **error);
bool tls_credentials_reload(TlsCredentials *credentials, GError **error);
void tls_credentials_free(TlsCredentials *credentials);
CertificateTimes tls_credentials_times(TlsCredentials *credentials);
/* The credentials that libmicrohttpd asks for with each handshake. */
void tls_credentials_use(TlsCredentials *credentials);

int tls_retrieve_certificate(gnutls_session_t session, const gnutls_datum_t *request_ca,
                             int request_ca_count, const gnutls_pk_algorithm_t *algorithms,
                             int algorithm_count, gnutls_pcert_st **chain, unsigned *count,
                             gnutls_privkey_t *key);

/* --- listen.c --- */
/* A bound, listening socket for "HOST:PORT"; *port the one chosen, *loopback whether only this
 * machine reaches it. -1 on error. */
#define LISTEN_NEEDS_TLS                                                                           \
  "listen address %s is reached from other machines: give `tls` a certificate and key, or say "    \
  "`plain_http: true` if something in front of it speaks TLS"
int listen_open(const char *address, char **actual, bool *loopback, GError **error);

/* --- sendfile.c --- */
/* Before a file becomes a response by its descriptor: where in it the response ends. */
void sendfile_mark_end(int fd, uint64_t end);
