/* Services that are asked on behalf of keys; see the header. */
#include "sign/keys/service.h"

#include <string.h>

#include "base/error.h"
#include "base/http_client.h"
#include "base/json.h"
#include "sign/keys/secret.h"
#include "sign/keys/xml_texts.h"

#define ANSWER_MAX      ((size_t)256 * 1024)
#define VALUES_MAX      4096
#define IDLE_MAX        16u
#define SECONDS_DEFAULT 10u

struct Service {
  char *endpoint, *ca_file;
  unsigned seconds;
  bool direct;
  GMutex lock;     /* guards what follows */
  GPtrArray *idle; /* HttpClient: connections that nobody uses */
  int64_t quiet;   /* monotonic time until when it asked not to be asked */
};

/* --- connections --- */

/* What is shown to a service is for it alone. */
static bool
is_safe(const char *endpoint)
{
  static const char *const starts[] = {
      "http://127.0.0.1:", "http://localhost:", "http://[::1]:", NULL};
  bool safe = g_str_has_prefix(endpoint, "https://") && endpoint[strlen("https://")] != '\0';
  for (size_t i = 0; starts[i] != NULL; i++)
    safe = safe || g_str_has_prefix(endpoint, starts[i]);
  const char *host = strstr(endpoint, "://");
  return safe && host != NULL && strpbrk(host + 3, "/?#@ ") == NULL;
}

/* Takes @endpoint over. */
static Service *
make(char *endpoint, const KeyOptions *options)
{
  Service *service = g_new0(Service, 1);
  service->endpoint = endpoint;
  service->ca_file = g_strdup(options->ca_file);
  service->seconds = options->seconds == 0 ? SECONDS_DEFAULT : options->seconds;
  service->idle = g_ptr_array_new_with_free_func((GDestroyNotify)http_client_free);
  g_mutex_init(&service->lock);
  return service;
}

/* (transfer full) */
static char *
without_slash(const char *endpoint)
{
  return g_strndup(endpoint, strlen(endpoint) - (g_str_has_suffix(endpoint, "/") ? 1 : 0));
}

Service *
service_new(const char *endpoint, const KeyOptions *options, GError **error)
{
  g_autofree char *clean = without_slash(endpoint);
  if (!is_safe(clean)) {
    error_set(error, ASSAY_ERROR_INVALID,
              "%s: an endpoint is https://HOST, or http:// with a port of this machine", endpoint);
    return NULL;
  }
  return make(g_steal_pointer(&clean), options);
}

Service *
service_new_metadata(const char *endpoint, const KeyOptions *options, GError **error)
{
  g_autofree char *clean = without_slash(endpoint);
  bool http = g_str_has_prefix(clean, "http://") || g_str_has_prefix(clean, "https://");
  if (!http || strpbrk(strstr(clean, "://") + 3, "/?#@ ") != NULL) {
    error_set(error, ASSAY_ERROR_INVALID, "%s is no address of a metadata service", endpoint);
    return NULL;
  }
  Service *service = make(g_steal_pointer(&clean), options);
  service->direct = true;
  return service;
}

void
service_free(Service *service)
{
  if (service == NULL)
    return;
  g_free(service->endpoint);
  g_free(service->ca_file);
  g_ptr_array_unref(service->idle);
  g_mutex_clear(&service->lock);
  g_free(service);
}

const char *
service_host(const Service *service)
{
  return strstr(service->endpoint, "://") + 3;
}

static HttpClient *
take_client(Service *service)
{
  g_mutex_lock(&service->lock);
  HttpClient *client = service->idle->len == 0
                           ? NULL
                           : g_ptr_array_steal_index(service->idle, service->idle->len - 1);
  g_mutex_unlock(&service->lock);
  if (client != NULL)
    return client;
  client = http_client_new(service->ca_file);
  http_client_set_strict(client, service->seconds);
  if (service->direct)
    http_client_set_direct(client);
  return client;
}

static void
give_back(Service *service, HttpClient *client)
{
  g_mutex_lock(&service->lock);
  bool kept = service->idle->len < IDLE_MAX;
  if (kept)
    g_ptr_array_add(service->idle, client);
  g_mutex_unlock(&service->lock);
  if (!kept)
    http_client_free(client);
}

/* --- failures --- */

/* Parts of what the services call failures; the first that fits counts. */
static const struct {
  const char *part;
  AssayErrorCode code;
} words[] = {
    {"Throttl", ASSAY_ERROR_BUSY},
    {"LimitExceeded", ASSAY_ERROR_BUSY},
    {"TooManyRequests", ASSAY_ERROR_BUSY},
    {"RESOURCE_EXHAUSTED", ASSAY_ERROR_BUSY},
    {"NotFound", ASSAY_ERROR_NOT_FOUND},
    {"NOT_FOUND", ASSAY_ERROR_NOT_FOUND},
    {"AccessDenied", ASSAY_ERROR_DENIED},
    {"Forbidden", ASSAY_ERROR_DENIED},
    {"NoPermission", ASSAY_ERROR_DENIED},
    {"UnauthorizedOperation", ASSAY_ERROR_DENIED},
    {"PERMISSION_DENIED", ASSAY_ERROR_DENIED},
    {"UNAUTHENTICATED", ASSAY_ERROR_DENIED},
    {"FAILED_PRECONDITION", ASSAY_ERROR_DENIED},
    {"NotAuthorized", ASSAY_ERROR_DENIED},
    {"InvalidClientTokenId", ASSAY_ERROR_DENIED},
    {"InvalidIdentityToken", ASSAY_ERROR_DENIED},
    {"MissingAuthenticationToken", ASSAY_ERROR_DENIED},
    {"IncompleteSignature", ASSAY_ERROR_DENIED},
    {"InvalidGrantToken", ASSAY_ERROR_DENIED},
    {"AuthenticationFail", ASSAY_ERROR_DENIED},
    {"invalid_grant", ASSAY_ERROR_DENIED},
    {"invalid_client", ASSAY_ERROR_DENIED},
    {"unauthorized_client", ASSAY_ERROR_DENIED},
    {"KeyUnavailable", ASSAY_ERROR_NETWORK},
    {"DependencyTimeout", ASSAY_ERROR_NETWORK},
    {"AuthFailure", ASSAY_ERROR_DENIED},
    {"UnrecognizedClient", ASSAY_ERROR_DENIED},
    {"Expired", ASSAY_ERROR_DENIED},
    {"InvalidSignature", ASSAY_ERROR_DENIED},
    {"SignatureDoesNotMatch", ASSAY_ERROR_DENIED},
    {"InvalidAccessKeyId", ASSAY_ERROR_DENIED},
    {"InvalidSecurityToken", ASSAY_ERROR_DENIED},
    {"Disabled", ASSAY_ERROR_DENIED},
    {"InvalidState", ASSAY_ERROR_DENIED},
    {"InvalidKeyUsage", ASSAY_ERROR_UNSUPPORTED},
    {"Unsupported", ASSAY_ERROR_UNSUPPORTED},
};

static AssayErrorCode
code_of(long status, const char *code)
{
  for (size_t i = 0; code != NULL && i < G_N_ELEMENTS(words); i++)
    if (strstr(code, words[i].part) != NULL)
      return words[i].code;
  switch (status) {
  case 401:
  case 403:
    return ASSAY_ERROR_DENIED;
  case 404:
    return ASSAY_ERROR_NOT_FOUND;
  case 429:
  case 503:
    return ASSAY_ERROR_BUSY;
  default:
    return http_status_is_passing(status) ? ASSAY_ERROR_NETWORK : ASSAY_ERROR_FAILED;
  }
}

bool
service_failed(GError **error, long status, const char *code, const char *message)
{
  g_autofree char *name = slice_to_printable(slice_from_string(code), 100);
  g_autofree char *text = slice_to_printable(slice_from_string(message), 300);
  GString *out = g_string_new("its service refused");
  if (status != 0)
    g_string_append_printf(out, " (HTTP %ld)", status);
  if (*name != '\0')
    g_string_append_printf(out, ": %s", name);
  if (*text != '\0')
    g_string_append_printf(out, ": %s", text);
  error_set(error, code_of(status, code), "%s", out->str);
  g_string_free(out, TRUE);
  return false;
}

/* What is said of a failure; the texts are of the answer. */
typedef struct {
  const char *code, *message;
} Failure;

static const char *
either(const json_t *object, const char *first, const char *second)
{
  const char *value = json_get_string(object, first);
  return value != NULL ? value : json_get_string(object, second);
}

/* As Vault, AWS, Alibaba, Google and Azure write it, and those who give tokens (RFC 6749, 5.2). */
static Failure
read_failure(const json_t *body)
{
  const json_t *inner = json_get_object(body, "error");
  const json_t *from = inner == NULL ? body : inner;
  Failure told = {either(from, "__type", "Code"), either(from, "message", "Message")};
  if (told.code == NULL)
    told.code = either(from, "status", "code");
  if (told.code == NULL)
    told.code = json_get_string(body, "error");
  if (told.message == NULL)
    told.message = json_get_string(body, "error_description");
  if (told.message == NULL)
    told.message = json_string_value(json_array_get(json_get_array(body, "errors"), 0));
  return told;
}

static bool
tell_failure(const HttpResponse *response, GError **error)
{
  Slice body = response->body == NULL ? SLICE_EMPTY : slice_from_bytes(response->body);
  if (body.size > 0 && body.data[0] == '<') {
    g_autoptr(GHashTable) texts = xml_texts(body, NULL);
    if (texts != NULL)
      return service_failed(error, response->status, g_hash_table_lookup(texts, "Code"),
                            g_hash_table_lookup(texts, "Message"));
  }
  g_autoptr(json_t) json = json_parse_bounded(body, VALUES_MAX, NULL);
  Failure told = read_failure(json);
  return service_failed(error, response->status, told.code, told.message);
}

/* --- asking --- */

static int64_t
quiet_left(Service *service)
{
  g_mutex_lock(&service->lock);
  int64_t left = service->quiet - g_get_monotonic_time();
  g_mutex_unlock(&service->lock);
  return MAX(0, left);
}

/* As it asked, where there is time for that. */
static bool
wait_until_asked(Service *service, Cancellable *cancellable, GError **error)
{
  int64_t left = quiet_left(service);
  if (left == 0)
    return true;
  int64_t most =
      MIN(cancellable_time_left(cancellable), (int64_t)service->seconds * G_USEC_PER_SEC);
  if (left < most)
    return http_pause((unsigned)(left / 1000) + 1, cancellable, error);
  return error_set(error, ASSAY_ERROR_BUSY, "its service asks for no requests for %d s",
                   (int)(left / G_USEC_PER_SEC) + 1);
}

static bool
asks_to_wait(Service *service, const HttpResponse *response)
{
  if (response->retry_after_ms == 0 || (response->status != 429 && response->status != 503))
    return false;
  g_mutex_lock(&service->lock);
  service->quiet = g_get_monotonic_time() + (int64_t)response->retry_after_ms * 1000;
  g_mutex_unlock(&service->lock);
  return true;
}

static HttpResponse *
exchange(Service *service, const ServiceRequest *request, Cancellable *cancellable, GError **error)
{
  g_autofree char *url = g_strconcat(service->endpoint, request->path, NULL);
  const char *method = request->method != NULL ? request->method
                       : request->body == NULL ? "GET"
                                               : "POST";
  if (!wait_until_asked(service, cancellable, error))
    return NULL;
  HttpClient *client = take_client(service);
  HttpResponse *response =
      http_client_request(client, method, url, request->headers, slice_from_string(request->body),
                          ANSWER_MAX, cancellable, error);
  give_back(service, client);
  return response;
}

GBytes *
service_fetch(Service *service, const ServiceRequest *request, Cancellable *cancellable,
              GError **error)
{
  g_autoptr(HttpResponse) response = exchange(service, request, cancellable, error);
  if (response != NULL && asks_to_wait(service, response)) {
    http_response_free(response);
    response = exchange(service, request, cancellable, error);
  }
  if (response == NULL)
    return NULL;
  if (response->status >= 200 && response->status <= 299)
    return g_steal_pointer(&response->body);
  tell_failure(response, error);
  return NULL;
}

json_t *
service_ask(Service *service, const ServiceRequest *request, Cancellable *cancellable,
            GError **error)
{
  auto_secret_bytes *body = service_fetch(service, request, cancellable, error);
  if (body == NULL)
    return NULL;
  json_t *answer = json_parse_bounded(slice_from_bytes(body), VALUES_MAX, error);
  if (answer == NULL) {
    g_prefix_error(error, "what its service answered: ");
  } else if (!json_is_object(answer)) {
    error_set(error, ASSAY_ERROR_NETWORK, "what its service answered is no object of JSON");
    g_clear_pointer(&answer, json_decref);
  }
  return answer;
}
