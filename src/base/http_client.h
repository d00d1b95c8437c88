/* HTTP as a client: libcurl behind one small door, for feeds and for other registries.
 *
 * TLS is verified against the system's certificates (and HTTP_CLIENT_CA_FILE's equivalent, a config
 * setting), proxies come from the usual environment variables, redirects are followed at most five
 * times (http_client_set_strict(): never) and never from https to http, and never carry
 * Authorization to another host. Calls block:
 * no server thread may make one. A client may be used from one thread at a time. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/cancellable.h"
#include "base/progress.h"
#include "base/slice.h"

typedef struct HttpClient HttpClient;

#define HTTP_RETRY_AFTER_MAX_MS 60000u

typedef struct {
  long status;
  /* How long it asks to wait (Retry-After), at most HTTP_RETRY_AFTER_MAX_MS; 0: it does not. */
  unsigned retry_after_ms;
  GHashTable *headers; /* lower-case name -> value; the last response's only */
  bool elsewhere;      /* redirects led to another host: it is that one's answer */
  GBytes *body;        /* NULL when it went to a file or a sink */
} HttpResponse;

void http_response_free(HttpResponse *response);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HttpResponse, http_response_free)

/* @ca_file: extra trust anchors (PEM), or NULL. (transfer full) */
HttpClient *http_client_new(const char *ca_file);
void http_client_free(HttpClient *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HttpClient, http_client_free)

/* Turns off certificate checks for this client (`--insecure`). */
void http_client_set_insecure(HttpClient *client, bool insecure);

/* Who we are to a server that asks for a certificate (PEM). */
void http_client_set_certificate(HttpClient *client, const char *certificate, const char *key);

/* How long a silent remote is waited for. Zero members keep the defaults: 30 s to connect, 60 s
 * without a byte, a first pause of 1000 ms between retries that doubles up to 30 s. */
typedef struct {
  unsigned connect_seconds, idle_seconds, retry_pause_ms;
} HttpTimeouts;
void http_client_set_timeouts(HttpClient *client, HttpTimeouts timeouts);
/* For who must be sure whom it asks, and when it is done: redirects are answers like others, and an
 * exchange takes at most @seconds from its first packet to its last; more is ASSAY_ERROR_TIMEOUT.
 */
void http_client_set_strict(HttpClient *client, unsigned seconds);
/* No proxy of the environment: for what is on this machine's own link. */
void http_client_set_direct(HttpClient *client);

/* Until when all that is asked has ended (g_get_monotonic_time(); 0: whenever), redirects and
 * bodies with it: what is not there by then is ASSAY_ERROR_TIMEOUT. */
void http_client_set_deadline(HttpClient *client, int64_t deadline);

/* Whether the status is one that passes (408, 425, 429, 500 and above). */
bool http_status_is_passing(long status);
/* Waits; ASSAY_ERROR_CANCELLED when @cancellable ends it. */
bool http_pause(unsigned milliseconds, Cancellable *cancellable, GError **error);

/* One request, which takes no longer than @cancellable has time. @headers: "Name: value" lines or
 * NULL. @request_body: NULL for none. The response's body is kept in memory up to @body_limit: more
 * is ASSAY_ERROR_LIMIT. Any status is a success here; only a remote that did not answer is an
 * error: ASSAY_ERROR_NETWORK, _TIMEOUT or _CANCELLED. (transfer full) */
HttpResponse *http_client_request(HttpClient *client, const char *method, const char *url,
                                  const char *const *headers, Slice request_body, size_t body_limit,
                                  Cancellable *cancellable, GError **error);

/* GET whose body streams to @sink, which returns false (with *error set) to stop. Used where bytes
 * are hashed or unpacked as they come. The sink sees only the body of a 2xx answer; that of any
 * other status is kept in the response, as much as HTTP_ERROR_BODY_MAX. A body that ends early is
 * ASSAY_ERROR_NETWORK, one over @body_limit is ASSAY_ERROR_LIMIT. */
#define HTTP_ERROR_BODY_MAX ((size_t)64 * 1024)
typedef bool (*HttpSink)(Slice bytes, void *data, GError **error);
HttpResponse *http_client_stream(HttpClient *client, const char *url, const char *const *headers,
                                 HttpSink sink, void *sink_data, uint64_t body_limit,
                                 Cancellable *cancellable, GError **error);

/* A request whose body is @size bytes of a file: read where they are, so that a large one needs no
 * memory. The answer's body is kept as http_client_request() does. */
typedef struct {
  int fd; /* stays the caller's; read by pread(2) from its beginning */
  uint64_t size;
  const char *name; /* of what is sent, for the progress */
  const Progress *progress;
} HttpUpload;
HttpResponse *http_client_upload(HttpClient *client, const char *method, const char *url,
                                 const char *const *headers, const HttpUpload *upload,
                                 size_t body_limit, Cancellable *cancellable, GError **error);

typedef enum { DOWNLOAD_NEW, DOWNLOAD_UNCHANGED } DownloadResult;

/* Keeps @path (a file) as the newest copy of @url. A validator file `@path.etag` remembers ETag and
 * Last-Modified, so that an unchanged file costs one request (If-None-Match / If-Modified-Since). A
 * broken transfer is resumed with Range + If-Range, up to @retries times with growing pauses, or
 * those that the server asks for (what had come is kept in `@path.part`, so that the next run
 * resumes it too). The file is replaced whole, after its size is known to be right. Schemes http,
 * https and file. A status that says "not there" is ASSAY_ERROR_NOT_FOUND, "not you" _DENIED, any
 * other _NETWORK. */
bool http_client_download(HttpClient *client, const char *url, const char *path,
                          uint64_t size_limit, int retries, const Progress *progress,
                          Cancellable *cancellable, DownloadResult *result, GError **error);
