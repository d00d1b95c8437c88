/* One HTTP request at a time over libcurl. Keeping a file up to date is in http_client_download.c.
 */
#include "base/http_client.h"

#include <errno.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/curl-private.h"
#include "base/error.h"
#include "base/http_client-private.h"

#define REDIRECTS_MAX   5L
#define HEADERS_MAX     256 /* of one response; more are dropped */
#define CONNECT_SECONDS 30
#define IDLE_SECONDS    60
#define RETRY_PAUSE_MS  1000
#define PAUSE_STEP_MS   50u
#define CA_FOLDER       "/etc/ssl/certs"
#define CA_BUNDLE       "/etc/ssl/certs/ca-certificates.crt"
#define NAME_OF_PROGRAM "assay"

void
http_response_free(HttpResponse *response)
{
  if (response == NULL)
    return;
  g_clear_pointer(&response->headers, g_hash_table_unref);
  g_clear_pointer(&response->body, g_bytes_unref);
  g_free(response);
}

HttpClient *
http_client_new(const char *ca_file)
{
  HttpClient *client = g_new0(HttpClient, 1);
  client->curl = curl_library()->easy_init();
  g_assert(client->curl != NULL);
  client->ca_file = g_strdup(ca_file);
  client->timeouts = (HttpTimeouts){CONNECT_SECONDS, IDLE_SECONDS, RETRY_PAUSE_MS};
  return client;
}

void
http_client_free(HttpClient *client)
{
  if (client == NULL)
    return;
  curl_library()->easy_cleanup(client->curl);
  g_free(client->ca_file);
  g_free(client->certificate);
  g_free(client->key);
  g_free(client);
}

void
http_client_set_insecure(HttpClient *client, bool insecure)
{
  client->insecure = insecure;
}

void
http_client_set_certificate(HttpClient *client, const char *certificate, const char *key)
{
  g_free(client->certificate);
  g_free(client->key);
  client->certificate = g_strdup(certificate);
  client->key = g_strdup(key);
}

void
http_client_set_strict(HttpClient *client, unsigned seconds)
{
  client->strict_seconds = seconds;
}

void
http_client_set_deadline(HttpClient *client, int64_t deadline)
{
  client->deadline = deadline;
}

void
http_client_set_direct(HttpClient *client)
{
  client->direct = true;
}

bool
http_status_is_passing(long status)
{
  return status == 408 || status == 425 || status == 429 || status >= 500;
}

bool
http_pause(unsigned milliseconds, Cancellable *cancellable, GError **error)
{
  for (unsigned waited = 0; waited < milliseconds; waited += PAUSE_STEP_MS) {
    if (cancellable_is_cancelled(cancellable))
      return error_set(error, ASSAY_ERROR_CANCELLED, "cancelled");
    g_usleep((gulong)MIN(PAUSE_STEP_MS, milliseconds - waited) * 1000);
  }
  return true;
}

void
http_client_set_timeouts(HttpClient *client, HttpTimeouts timeouts)
{
  client->timeouts.connect_seconds =
      timeouts.connect_seconds != 0 ? timeouts.connect_seconds : CONNECT_SECONDS;
  client->timeouts.idle_seconds = timeouts.idle_seconds != 0 ? timeouts.idle_seconds : IDLE_SECONDS;
  client->timeouts.retry_pause_ms =
      timeouts.retry_pause_ms != 0 ? timeouts.retry_pause_ms : RETRY_PAUSE_MS;
}

static size_t
take_header(char *bytes, size_t size, size_t count, void *data)
{
  HttpExchange *exchange = data;
  Slice line = slice_strip(slice_new(bytes, size * count));
  /* Each response of a redirect chain begins with its status line: keep the last one's. */
  if (slice_has_prefix(line, SLICE_LITERAL("HTTP/")))
    g_hash_table_remove_all(exchange->response->headers);
  gssize colon = slice_find(line, ':');
  if (colon > 0 && g_hash_table_size(exchange->response->headers) < HEADERS_MAX) {
    g_autofree char *name = slice_to_string(slice_sub(line, 0, (size_t)colon));
    g_hash_table_insert(
        exchange->response->headers, g_ascii_strdown(name, -1),
        slice_to_string(slice_strip(slice_sub(line, (size_t)colon + 1, line.size))));
  }
  return size * count;
}

static size_t
take_body(char *bytes, size_t size, size_t count, void *data)
{
  HttpExchange *exchange = data;
  Slice part = slice_new(bytes, size * count);
  long status = 0;
  curl_library()->easy_getinfo(exchange->curl, CURLINFO_RESPONSE_CODE, &status);
  exchange->response->status = status;
  if (exchange->sink != NULL && (status < 200 || status > 299)) {
    size_t room = HTTP_ERROR_BODY_MAX - exchange->body->len;
    g_byte_array_append(exchange->body, part.data, (guint)MIN(part.size, room));
    return part.size;
  }
  if (part.size > exchange->limit - exchange->received) {
    error_set(&exchange->error, ASSAY_ERROR_LIMIT,
              "the answer has more than %" G_GUINT64_FORMAT " bytes", exchange->limit);
    return 0;
  }
  exchange->received += part.size;
  if (exchange->sink == NULL)
    g_byte_array_append(exchange->body, part.data, (guint)part.size);
  else if (!exchange->sink(part, exchange->sink_data, &exchange->error))
    return 0;
  return part.size;
}

/* The next bytes of the request's body. */
static size_t
give_upload(char *buffer, size_t size, size_t count, void *data)
{
  HttpExchange *exchange = data;
  const HttpUpload *upload = exchange->upload;
  size_t wanted = (size_t)MIN((uint64_t)size * count, upload->size - exchange->sent);
  ssize_t got;
  do
    got = wanted == 0 ? 0 : pread(upload->fd, buffer, wanted, (off_t)exchange->sent);
  while (got < 0 && errno == EINTR);
  if (got < 0 || (got == 0 && wanted > 0)) {
    error_set(&exchange->error, ASSAY_ERROR_IO, "what is sent cannot be read: %s",
              got < 0 ? g_strerror(errno) : "it became shorter");
    return CURL_READFUNC_ABORT;
  }
  exchange->sent += (uint64_t)got;
  progress_tell(upload->progress, upload->name, exchange->sent, upload->size);
  return (size_t)got;
}

/* A redirect, or a connection that was closed while it was idle: all of it again. */
static int
rewind_upload(void *data, curl_off_t offset, int origin)
{
  HttpExchange *exchange = data;
  if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > exchange->upload->size)
    return CURL_SEEKFUNC_FAIL;
  exchange->sent = (uint64_t)offset;
  return CURL_SEEKFUNC_OK;
}

static void
set_upload(CURL *curl, const char *method, HttpExchange *exchange)
{
  curl_library()->easy_setopt(curl, CURLOPT_UPLOAD, 1L);
  curl_library()->easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)exchange->upload->size);
  curl_library()->easy_setopt(curl, CURLOPT_READFUNCTION, give_upload);
  curl_library()->easy_setopt(curl, CURLOPT_READDATA, exchange);
  curl_library()->easy_setopt(curl, CURLOPT_SEEKFUNCTION, rewind_upload);
  curl_library()->easy_setopt(curl, CURLOPT_SEEKDATA, exchange);
  curl_library()->easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
}

static int
check_cancelled(void *data, curl_off_t total, curl_off_t done, curl_off_t upload_total,
                curl_off_t upload_done)
{
  HttpExchange *exchange = data;
  return cancellable_is_cancelled(exchange->cancellable) ? 1 : 0;
}

/* Headers as curl wants them, without what it adds on its own account for a body. */
static struct curl_slist *
make_header_list(const char *const *headers)
{
  struct curl_slist *list = curl_library()->slist_append(NULL, "Expect:");
  bool has_content_type = false;
  for (size_t i = 0; headers != NULL && headers[i] != NULL; i++) {
    has_content_type |= g_ascii_strncasecmp(headers[i], "content-type:", 13) == 0;
    list = curl_library()->slist_append(list, headers[i]);
  }
  return has_content_type ? list : curl_library()->slist_append(list, "Content-Type:");
}

static void
set_trust(HttpClient *client)
{
  curl_library()->easy_setopt(client->curl, CURLOPT_SSL_VERIFYPEER, client->insecure ? 0L : 1L);
  curl_library()->easy_setopt(client->curl, CURLOPT_SSL_VERIFYHOST, client->insecure ? 0L : 2L);
  curl_library()->easy_setopt(client->curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
  /* The file adds to the system's anchors: GnuTLS loads both the folder and the file. */
  curl_library()->easy_setopt(client->curl, CURLOPT_CAPATH, CA_FOLDER);
  curl_library()->easy_setopt(client->curl, CURLOPT_CAINFO,
                              client->ca_file != NULL ? client->ca_file : CA_BUNDLE);
  if (client->certificate != NULL) {
    curl_library()->easy_setopt(client->curl, CURLOPT_SSLCERT, client->certificate);
    curl_library()->easy_setopt(client->curl, CURLOPT_SSLKEY, client->key);
  }
}

static void
set_method(CURL *curl, const char *method, Slice body)
{
  if (strcmp(method, "HEAD") == 0) {
    curl_library()->easy_setopt(curl, CURLOPT_NOBODY, 1L);
    return;
  }
  if (strcmp(method, "GET") == 0) {
    curl_library()->easy_setopt(curl, CURLOPT_HTTPGET, 1L);
    return;
  }
  if (body.size > 0 || strcmp(method, "DELETE") != 0) {
    curl_library()->easy_setopt(curl, CURLOPT_POST, 1L);
    curl_library()->easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.size);
    curl_library()->easy_setopt(curl, CURLOPT_POSTFIELDS,
                                body.size > 0 ? (const char *)body.data : "");
  }
  curl_library()->easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
}

/* Why a certificate does not hold: by GnuTLS' flags, which curl hands on, or its own word where it
 * is for another name. */
static bool
explain_distrust(const HttpClient *client, const HttpExchange *exchange, const char *text,
                 GError **error)
{
  static const struct {
    long flag;
    const char *says;
  } reasons[] = {
      {GNUTLS_CERT_EXPIRED, "it has expired, or another of its chain has"},
      {GNUTLS_CERT_NOT_ACTIVATED, "it is not valid yet (is this machine's clock right?)"},
      {GNUTLS_CERT_REVOKED, "it was revoked"},
      {GNUTLS_CERT_INSECURE_ALGORITHM, "it is signed by an algorithm that is not secure any more"},
      {GNUTLS_CERT_SIGNATURE_FAILURE, "its signature is not its authority's"},
      {GNUTLS_CERT_SIGNER_NOT_CA, "who signed it is no authority"},
      {GNUTLS_CERT_SIGNER_NOT_FOUND, "its authority is not known"},
  };
  long flags = 0;
  curl_library()->easy_getinfo(exchange->curl, CURLINFO_SSL_VERIFYRESULT, &flags);
  g_autoptr(GString) why = g_string_new(NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(reasons); i++)
    if ((flags & reasons[i].flag) != 0)
      g_string_append_printf(why, "%s%s", why->len > 0 ? "; " : "", reasons[i].says);
  if ((flags & GNUTLS_CERT_SIGNER_NOT_FOUND) != 0)
    g_string_append(why, client->ca_file == NULL ? " (name it in `ca_file`)"
                                                 : ", neither to the system nor by the file that "
                                                   "is given");
  return error_set(error, ASSAY_ERROR_NETWORK, "%s: the server's certificate does not hold: %s",
                   exchange->url, why->len > 0 ? why->str : text);
}

/* The error of a transfer that curl ended with @code. */
static bool
explain_failure(const HttpClient *client, const HttpExchange *exchange, CURLcode code,
                const char *detail, GError **error)
{
  const char *text = detail[0] != '\0' ? detail : curl_library()->easy_strerror(code);
  switch (code) {
  case CURLE_ABORTED_BY_CALLBACK:
    return error_set(error, ASSAY_ERROR_CANCELLED, "%s: cancelled", exchange->url);
  case CURLE_OPERATION_TIMEDOUT:
    return error_set(error, ASSAY_ERROR_TIMEOUT, "%s: %s", exchange->url, text);
  case CURLE_UNSUPPORTED_PROTOCOL:
  case CURLE_URL_MALFORMAT:
    return error_set(error, ASSAY_ERROR_INVALID,
                     "%s: not an http or https address, or redirected "
                     "from https to something else",
                     exchange->url);
  case CURLE_SSL_CONNECT_ERROR:
    return error_set(error, ASSAY_ERROR_NETWORK, "%s: no TLS there: %s", exchange->url, text);
  case CURLE_PEER_FAILED_VERIFICATION:
    return explain_distrust(client, exchange, text, error);
  case CURLE_SSL_CACERT_BADFILE:
    return error_set(error, ASSAY_ERROR_INVALID, "%s: the certificates of `ca_file` (%s): %s",
                     exchange->url, client->ca_file != NULL ? client->ca_file : CA_BUNDLE, text);
  default:
    return error_set(error, ASSAY_ERROR_NETWORK, "%s: %s", exchange->url, text);
  }
}

/* Retry-After, which curl reads in seconds or as a date. */
static unsigned
asked_pause(CURL *curl)
{
  curl_off_t seconds = 0;
  curl_library()->easy_getinfo(curl, CURLINFO_RETRY_AFTER, &seconds);
  return (unsigned)CLAMP(seconds, 0, HTTP_RETRY_AFTER_MAX_MS / 1000) * 1000;
}

/* Whether redirects led to another host than @url's. */
static bool
is_elsewhere(CURL *curl, const char *url)
{
  char *last = NULL;
  curl_library()->easy_getinfo(curl, CURLINFO_EFFECTIVE_URL, &last);
  g_autoptr(GUri) asked = g_uri_parse(url, G_URI_FLAGS_NONE, NULL);
  g_autoptr(GUri) answered = last == NULL ? NULL : g_uri_parse(last, G_URI_FLAGS_NONE, NULL);
  return asked == NULL || answered == NULL ||
         g_ascii_strcasecmp(g_uri_get_host(asked), g_uri_get_host(answered)) != 0;
}

/* What is left of the time for one exchange, in milliseconds; 0: as much as it takes. */
static long
time_left(const HttpClient *client, const HttpExchange *exchange)
{
  int64_t most = (int64_t)client->strict_seconds * 1000;
  int64_t left = cancellable_time_left(exchange->cancellable);
  if (client->deadline != 0)
    left = MIN(left, client->deadline - g_get_monotonic_time());
  if (left == G_MAXINT64)
    return (long)most;
  left = CLAMP(left / 1000, 1, G_MAXINT32);
  return (long)(most == 0 || client->deadline != 0 ? left : MIN(most, left));
}

HttpResponse *
http_client_exchange(HttpClient *client, const char *method, const char *url,
                     const char *const *headers, Slice request_body, HttpExchange *exchange,
                     GError **error)
{
  CURL *curl = client->curl;
  char detail[CURL_ERROR_SIZE] = "";
  g_autoptr(HttpResponse) response = g_new0(HttpResponse, 1);
  response->headers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr(GByteArray) body = g_byte_array_new();
  /* What errors name it by: the question may be a secret. */
  g_autofree char *place = g_strndup(url, strcspn(url, "?"));
  exchange->curl = curl;
  exchange->url = place;
  exchange->response = response;
  exchange->body = body;

  curl_library()->easy_reset(curl);
  struct curl_slist *list = make_header_list(headers);
  curl_library()->easy_setopt(curl, CURLOPT_URL, url);
  curl_library()->easy_setopt(curl, CURLOPT_HTTPHEADER, list);
  curl_library()->easy_setopt(curl, CURLOPT_USERAGENT, NAME_OF_PROGRAM);
  curl_library()->easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
  curl_library()->easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_library()->easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_library()->easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR,
                              g_ascii_strncasecmp(url, "https:", 6) == 0 ? "https" : "http,https");
  curl_library()->easy_setopt(curl, CURLOPT_FOLLOWLOCATION, client->strict_seconds == 0 ? 1L : 0L);
  curl_library()->easy_setopt(curl, CURLOPT_TIMEOUT_MS, time_left(client, exchange));
  if (client->direct)
    curl_library()->easy_setopt(curl, CURLOPT_NOPROXY, "*");
  curl_library()->easy_setopt(curl, CURLOPT_MAXREDIRS, REDIRECTS_MAX);
  curl_library()->easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)client->timeouts.connect_seconds);
  curl_library()->easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_library()->easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)client->timeouts.idle_seconds);
  curl_library()->easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
  curl_library()->easy_setopt(curl, CURLOPT_HEADERDATA, exchange);
  curl_library()->easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
  curl_library()->easy_setopt(curl, CURLOPT_WRITEDATA, exchange);
  curl_library()->easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, check_cancelled);
  curl_library()->easy_setopt(curl, CURLOPT_XFERINFODATA, exchange);
  curl_library()->easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  set_trust(client);
  if (exchange->upload != NULL)
    set_upload(curl, method, exchange);
  else
    set_method(curl, method, request_body);

  exchange->code = curl_library()->easy_perform(curl);
  curl_library()->easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &response->status);
  response->retry_after_ms = asked_pause(curl);
  response->elsewhere = is_elsewhere(curl, url);
  curl_library()->easy_setopt(curl, CURLOPT_ERRORBUFFER, NULL);
  curl_library()->slist_free_all(list);
  if (exchange->error != NULL) {
    g_propagate_prefixed_error(error, g_steal_pointer(&exchange->error), "%s: ", place);
    return NULL;
  }
  if (exchange->code != CURLE_OK) {
    explain_failure(client, exchange, exchange->code, detail, error);
    return NULL;
  }
  if (exchange->sink == NULL || body->len > 0)
    response->body = g_byte_array_free_to_bytes(g_steal_pointer(&body));
  return g_steal_pointer(&response);
}

HttpResponse *
http_client_request(HttpClient *client, const char *method, const char *url,
                    const char *const *headers, Slice request_body, size_t body_limit,
                    Cancellable *cancellable, GError **error)
{
  HttpExchange exchange = {.limit = body_limit, .cancellable = cancellable};
  return http_client_exchange(client, method, url, headers, request_body, &exchange, error);
}

HttpResponse *
http_client_upload(HttpClient *client, const char *method, const char *url,
                   const char *const *headers, const HttpUpload *upload, size_t body_limit,
                   Cancellable *cancellable, GError **error)
{
  HttpExchange exchange = {.limit = body_limit, .upload = upload, .cancellable = cancellable};
  return http_client_exchange(client, method, url, headers, SLICE_EMPTY, &exchange, error);
}

HttpResponse *
http_client_stream(HttpClient *client, const char *url, const char *const *headers, HttpSink sink,
                   void *sink_data, uint64_t body_limit, Cancellable *cancellable, GError **error)
{
  HttpExchange exchange = {
      .sink = sink, .sink_data = sink_data, .limit = body_limit, .cancellable = cancellable};
  return http_client_exchange(client, "GET", url, headers, SLICE_EMPTY, &exchange, error);
}
