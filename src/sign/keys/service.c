/* Services that keep keys; see the header. */
#include "sign/keys/service.h"

#include <fcntl.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/http_client.h"
#include "base/json.h"
#include "sign/keys/secret.h"

#define ANSWER_MAX      ((size_t)256 * 1024)
#define VALUES_MAX      4096
#define IDLE_MAX        16u
#define SECONDS_DEFAULT 10u

struct Service {
  char *endpoint, *token_file, *ca_file;
  unsigned seconds;
  GMutex lock;     /* guards `idle` */
  GPtrArray *idle; /* HttpClient: connections that nobody uses */
};

/* --- URIs --- */

void
service_place_clear(ServicePlace *place)
{
  g_strfreev(place->parts);
  g_free(place->endpoint);
  g_free(place->version);
  g_free(place->mount);
}

static bool
take_question(ServicePlace *place, const char *part, GError **error)
{
  const struct {
    const char *name;
    char **into;
  } known[] = {
      {"endpoint=", &place->endpoint}, {"version=", &place->version}, {"mount=", &place->mount}};
  for (size_t i = 0; i < G_N_ELEMENTS(known); i++)
    if (g_str_has_prefix(part, known[i].name) && *known[i].into == NULL) {
      *known[i].into = g_uri_unescape_string(part + strlen(known[i].name), NULL);
      if (*known[i].into != NULL && **known[i].into != '\0')
        return true;
    }
  return error_set(error, ASSAY_ERROR_INVALID,
                   "what stands after its \"?\" is not understood (wanted: endpoint, version)");
}

bool
service_place_read(const char *rest, const char *shape, unsigned least, unsigned most,
                   ServicePlace *place, GError **error)
{
  const char *path = g_str_has_prefix(rest, "//") ? rest + 2 : rest;
  const char *question = strchr(path, '?');
  g_autofree char *whole = question == NULL ? g_strdup(path) : g_strndup(path, question - path);
  place->parts = g_strsplit(whole, "/", -1);
  unsigned count = g_strv_length(place->parts);
  bool right = count >= least && count <= most;
  for (unsigned i = 0; i < count; i++)
    right = right && *place->parts[i] != '\0' &&
            strspn(place->parts[i], "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                    "0123456789-_.:@") == strlen(place->parts[i]);
  if (!right)
    return error_set(error, ASSAY_ERROR_INVALID, "it is written %s", shape);
  g_auto(GStrv) questions = g_strsplit(question == NULL ? "" : question + 1, "&", -1);
  for (size_t i = 0; questions[i] != NULL; i++)
    if (!take_question(place, questions[i], error))
      return false;
  return true;
}

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

Service *
service_new(const char *endpoint, const KeyOptions *options, GError **error)
{
  g_autofree char *clean = g_strdup(endpoint);
  if (g_str_has_suffix(clean, "/"))
    clean[strlen(clean) - 1] = '\0';
  if (!is_safe(clean)) {
    error_set(error, ASSAY_ERROR_INVALID,
              "%s: an endpoint is https://HOST, or http:// with a port of this machine", endpoint);
    return NULL;
  }
  Service *service = g_new0(Service, 1);
  service->endpoint = g_steal_pointer(&clean);
  service->token_file = g_strdup(options->token_file);
  service->ca_file = g_strdup(options->ca_file);
  service->seconds = options->seconds == 0 ? SECONDS_DEFAULT : options->seconds;
  service->idle = g_ptr_array_new_with_free_func((GDestroyNotify)http_client_free);
  g_mutex_init(&service->lock);
  return service;
}

void
service_free(Service *service)
{
  if (service == NULL)
    return;
  g_free(service->endpoint);
  g_free(service->token_file);
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

/* As Vault, AWS, Alibaba, Google and Azure write it. */
static bool
tell_failure(const HttpResponse *response, GError **error)
{
  g_autoptr(json_t) body =
      response->body == NULL
          ? NULL
          : json_parse_bounded(slice_from_bytes(response->body), VALUES_MAX, NULL);
  const json_t *inner = json_get_object(body, "error");
  const json_t *from = inner == NULL ? body : inner;
  const char *code = json_get_string(from, "__type");
  const char *message = json_get_string(from, "message");
  if (code == NULL)
    code = json_get_string(from, "Code");
  if (code == NULL)
    code = json_get_string(from, "status");
  if (code == NULL)
    code = json_get_string(from, "code");
  if (message == NULL)
    message = json_get_string(from, "Message");
  if (message == NULL)
    message = json_string_value(json_array_get(json_get_array(body, "errors"), 0));
  return service_failed(error, response->status, code, message);
}

json_t *
service_ask(Service *service, const char *path, const char *const *headers, const char *body,
            Cancellable *cancellable, GError **error)
{
  g_autofree char *url = g_strconcat(service->endpoint, path, NULL);
  HttpClient *client = take_client(service);
  g_autoptr(HttpResponse) response =
      http_client_request(client, body == NULL ? "GET" : "POST", url, headers,
                          slice_from_string(body), ANSWER_MAX, cancellable, error);
  give_back(service, client);
  if (response == NULL)
    return NULL;
  if (response->status < 200 || response->status > 299) {
    tell_failure(response, error);
    return NULL;
  }
  json_t *answer = json_parse_bounded(slice_from_bytes(response->body), VALUES_MAX, error);
  if (answer == NULL) {
    g_prefix_error(error, "what its service answered: ");
  } else if (!json_is_object(answer)) {
    error_set(error, ASSAY_ERROR_NETWORK, "what its service answered is no object of JSON");
    g_clear_pointer(&answer, json_decref);
  }
  return answer;
}

/* --- credentials --- */

void
service_credentials_clear(Credentials *credentials)
{
  secret_text_wipe(&credentials->id);
  secret_text_wipe(&credentials->secret);
  secret_text_wipe(&credentials->session);
}

bool
service_credentials(const Service *service, const CredentialNames *names, Credentials *credentials,
                    GError **error)
{
  char **const into[] = {&credentials->id, &credentials->secret, &credentials->session};
  g_autoptr(GKeyFile) file = service->token_file == NULL ? NULL : g_key_file_new();
  g_autoptr(GError) failure = NULL;
  if (file != NULL &&
      !g_key_file_load_from_file(file, service->token_file, G_KEY_FILE_NONE, &failure))
    return error_set(error, ASSAY_ERROR_DENIED, "its credentials, %s: %s", service->token_file,
                     failure->message);
  for (size_t i = 0; i < G_N_ELEMENTS(into); i++)
    *into[i] = file != NULL ? g_key_file_get_string(file, "default", names->names[i], NULL)
                            : g_strdup(g_getenv(names->variables[i]));
  if (credentials->id != NULL && credentials->secret != NULL)
    return true;
  return error_set(error, ASSAY_ERROR_DENIED,
                   "there are no credentials for its service (%s and %s of [default] in a file, or "
                   "$%s and $%s)",
                   names->names[0], names->names[1], names->variables[0], names->variables[1]);
}

char *
service_token(const Service *service, const char *const *variables, GError **error)
{
  char *token = NULL;
  if (!secret_find(service->token_file, variables, &token, error)) {
    g_prefix_error(error, "the token's file: ");
    return NULL;
  }
  if (token == NULL || *token == '\0' || !slice_is_printable(slice_from_string(token))) {
    secret_text_wipe(&token);
    token = NULL;
    error_set(error, ASSAY_ERROR_DENIED, "there is no token for its service (a token file, or $%s)",
              variables[0]);
  }
  return token;
}
