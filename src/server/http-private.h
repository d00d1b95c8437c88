/* What the files of the HTTP side share. */
#pragma once

#include <gnutls/abstract.h>

#include "server/http.h"

typedef struct {
  char *name, *value;
} Header;

struct Request {
  HttpServer *server;
  struct MHD_Connection *connection;
  char id[64];
  char *method, *path;
  const Route *route;
  GHashTable *parameters; /* or NULL */
  GByteArray *buffer;     /* BODY_BUFFERED */
  GBytes *body;
  bool drop_body; /* responded before the body ended */
  bool begun, finishing;
  void *state;
  GDestroyNotify free_state;
  struct MHD_Response *response;
  unsigned status;
  uint64_t response_bytes;
  GArray *headers; /* Header */
  int64_t started; /* g_get_monotonic_time() */
};

/* Finds the route; NULL with *allowed (methods, comma-separated) when only the method does not fit,
 * else without. @parameters: what the pattern's names stand for. */
const Route *route_find(const Route *routes, const char *method, const char *path,
                        GHashTable **parameters, char **allowed);

/* Sets the response; owned by the request. */
void request_take_response(Request *request, unsigned status, struct MHD_Response *response,
                           uint64_t bytes);

/* --- metrics.c --- */
typedef struct HttpMetrics HttpMetrics;
HttpMetrics *http_metrics_new(void);
void http_metrics_free(HttpMetrics *metrics);
void http_metrics_count(HttpMetrics *metrics, const char *label, const char *method,
                        unsigned status, double seconds, uint64_t bytes);
void http_metrics_write(HttpMetrics *metrics, GString *out);

/* --- tls.c --- */
typedef struct TlsCredentials TlsCredentials;
TlsCredentials *tls_credentials_new(const ConfigTls *tls, GError **error);
bool tls_credentials_reload(TlsCredentials *credentials, GError **error);
void tls_credentials_free(TlsCredentials *credentials);
/* The credentials that libmicrohttpd asks for with each handshake. */
void tls_credentials_use(TlsCredentials *credentials);

int tls_retrieve_certificate(gnutls_session_t session, const gnutls_datum_t *request_ca,
                             int request_ca_count, const gnutls_pk_algorithm_t *algorithms,
                             int algorithm_count, gnutls_pcert_st **chain, unsigned *count,
                             gnutls_privkey_t *key);

/* --- listen.c --- */
/* A bound, listening socket for "HOST:PORT"; *port the one chosen, *loopback whether only this
 * machine reaches it. -1 on error. */
int listen_open(const char *address, char **actual, bool *loopback, GError **error);
