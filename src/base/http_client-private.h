/* What http_client.c and http_client_download.c share: one exchange with a server, and its state.
 */
#pragma once

#include <curl/curl.h>

#include "base/http_client.h"

struct HttpClient {
  CURL *curl; /* its connections are kept for the next request */
  char *ca_file, *certificate, *key;
  bool insecure, direct;
  unsigned strict_seconds; /* 0: http_client_set_strict() was not called */
  int64_t deadline;        /* http_client_set_deadline() */
  HttpTimeouts timeouts;
};

typedef struct {
  HttpSink sink; /* NULL: the body goes to memory */
  void *sink_data;
  uint64_t limit;           /* of the body */
  const HttpUpload *upload; /* the request's body, instead of bytes in memory; or NULL */
  Cancellable *cancellable;
  /* set by the exchange */
  CURL *curl;
  const char *url;
  HttpResponse *response; /* headers and status are right when the sink sees its first bytes */
  GByteArray *body;
  uint64_t received, sent;
  GError *error; /* what a callback failed with */
  CURLcode code;
} HttpExchange;

/* One request by @exchange's rules. (transfer full) */
HttpResponse *http_client_exchange(HttpClient *client, const char *method, const char *url,
                                   const char *const *headers, Slice request_body,
                                   HttpExchange *exchange, GError **error);
