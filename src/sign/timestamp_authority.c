/* Asking an authority for time stamps; see the header. */
#include "sign/timestamp_authority.h"

#include <fcntl.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/gnutls_library.h"
#include "base/http_client.h"
#include "base/log.h"
#include "base/metrics.h"
#include "sign/formats/certificates.h"
#include "sign/formats/timestamp.h"
#include "sign/formats/timestamp_request.h"

METRIC(made, COUNTER("assay_timestamps_total", "Time stamps that were got for signatures."));
METRIC(failed, COUNTER("assay_timestamp_failures_total",
                       "Time stamps that the authority did not give, or gave wrong."));

#define ROOTS_FILE_MAX ((size_t)256 * 1024)

struct TimestampAuthority {
  char *url, *ca_file;
  char *name;       /* of the URL, what may be told: without its question */
  GPtrArray *roots; /* GBytes */
  bool required;
};

static bool
read_roots(const char *path, GPtrArray *roots, GError **error)
{
  if (path == NULL)
    return true;
  g_autoptr(GBytes) pem = file_read(AT_FDCWD, path, ROOTS_FILE_MAX, error);
  if (pem == NULL)
    return false;
  if (certificates_read(slice_from_bytes(pem), CERTIFICATE_ROOTS_MAX, roots, error))
    return true;
  g_prefix_error(error, "%s: ", path);
  return false;
}

TimestampAuthority *
timestamp_authority_new(const char *url, const char *ca_file, const char *roots, bool required,
                        GError **error)
{
  g_autoptr(TimestampAuthority) authority = g_new0(TimestampAuthority, 1);
  authority->url = g_strdup(url);
  authority->name = g_strndup(url, strcspn(url, "?"));
  authority->ca_file = g_strdup(ca_file);
  authority->roots = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
  authority->required = required;
  if (!g_str_has_prefix(url, "http://") && !g_str_has_prefix(url, "https://")) {
    error_set(error, ASSAY_ERROR_INVALID,
              "the time stamp authority \"%s\": wanted is http://... or https://...",
              authority->name);
    return NULL;
  }
  if (strchr(authority->name, '@') != NULL) {
    error_set(error, ASSAY_ERROR_UNSUPPORTED,
              "the time stamp authority's URL names a user: logging in there is not supported");
    return NULL;
  }
  return read_roots(roots, authority->roots, error) ? g_steal_pointer(&authority) : NULL;
}

void
timestamp_authority_free(TimestampAuthority *authority)
{
  if (authority == NULL)
    return;
  g_free(authority->url);
  g_free(authority->ca_file);
  g_free(authority->name);
  g_ptr_array_unref(authority->roots);
  g_free(authority);
}

static GBytes *
send(const TimestampAuthority *authority, GBytes *request, Cancellable *cancellable, GError **error)
{
  static const char *const headers[] = {"Content-Type: application/timestamp-query",
                                        "Accept: application/timestamp-reply", NULL};
  HttpClient *client = http_client_new(authority->ca_file);
  http_client_set_strict(client, TIMESTAMP_SECONDS);
  g_autoptr(HttpResponse) response =
      http_client_request(client, "POST", authority->url, headers, slice_from_bytes(request),
                          TIMESTAMP_MAX, cancellable, error);
  http_client_free(client);
  if (response == NULL)
    return NULL;
  if (response->status == 200 && response->body != NULL)
    return g_bytes_ref(response->body);
  error_set(error, ASSAY_ERROR_NETWORK, "it answers with HTTP %ld", response->status);
  return NULL;
}

static GBytes *
ask(const TimestampAuthority *authority, Slice stamped, Cancellable *cancellable, GError **error)
{
  uint8_t nonce[TIMESTAMP_NONCE_SIZE];
  if (gnutls()->rnd(GNUTLS_RND_NONCE, nonce, sizeof nonce) < 0) {
    error_set(error, ASSAY_ERROR_IO, "no random numbers");
    return NULL;
  }
  g_autoptr(GBytes) request = timestamp_request_write(stamped, nonce);
  g_autoptr(GBytes) answer = send(authority, request, cancellable, error);
  if (answer == NULL ||
      !timestamp_answer_check(slice_from_bytes(answer), stamped, nonce, authority->roots,
                              g_get_real_time() / G_USEC_PER_SEC, error))
    return NULL;
  return g_steal_pointer(&answer);
}

/* What is wrong may be right at the next try. */
static AssayErrorCode
code_of(const GError *failure)
{
  return g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_TIMEOUT) ||
                 g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_CANCELLED)
             ? (AssayErrorCode)failure->code
             : ASSAY_ERROR_NETWORK;
}

bool
timestamp_authority_ask(const TimestampAuthority *authority, Slice stamped, GBytes **answer,
                        Cancellable *cancellable, GError **error)
{
  g_autoptr(GError) failure = NULL;
  *answer = NULL;
  if (authority == NULL)
    return true;
  *answer = ask(authority, stamped, cancellable, &failure);
  metric_add(*answer != NULL ? &made : &failed, 1);
  if (*answer != NULL)
    return true;
  if (authority->required || code_of(failure) == ASSAY_ERROR_CANCELLED)
    return error_set(error, code_of(failure), "the time stamp authority %s: %s", authority->name,
                     failure->message);
  log_warning("a signature goes without a time stamp", "authority", authority->name, "error",
              failure->message, NULL);
  return true;
}
