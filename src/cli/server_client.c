/* Asking a running registry; see the header. */
#include "cli/server_client.h"

#include <string.h>

#include "base/error.h"
#include "base/http_client.h"
#include "base/json.h"
#include "cli/server_credentials.h"
#include "remote/credentials.h"
#include "remote/trust.h"
#include "server/config.h"

#define ANSWER_MAX ((size_t)64 * 1024 * 1024)
#define PAGE       1000

char *server_option_url, *server_option_ca_file;
gboolean server_option_insecure;

struct ServerClient {
  RegistryTrust trust;
  HttpClient *http;
  char *url;
  /* Who asks: "Authorization: ...", or NULL; found for the address `known_to`. */
  char *credentials, *known_to;
  bool given;      /* by server_client_be() */
  char *other_url; /* where it is asked when @url gives no answer; or NULL */
};

/* As `assay scan` has it: loopback speaks plain HTTP or, if it does not, TLS; what is elsewhere
 * TLS or, with --insecure, plain HTTP. */
static void
complete_url(ServerClient *client, const char *text)
{
  bool loopback = g_str_has_prefix(text, "127.") || g_str_has_prefix(text, "localhost") ||
                  g_str_has_prefix(text, "[::1]");
  g_autofree char *place = g_strdup(text);
  for (size_t size = strlen(place); size > 0 && place[size - 1] == '/'; size--)
    place[size - 1] = '\0';
  if (strstr(place, "://") != NULL) {
    client->url = g_steal_pointer(&place);
    return;
  }
  client->url = g_strconcat(loopback ? "http://" : "https://", place, NULL);
  if (loopback || server_option_insecure)
    client->other_url = g_strconcat(loopback ? "https://" : "http://", place, NULL);
}

/* Where the server of this machine's configuration listens; every address is also loopback's. What
 * cannot be read is no reason not to ask. (transfer full) */
static char *
configured_server(void)
{
  g_autoptr(Config) config = config_open(NULL, NULL);
  const char *address = config == NULL ? "127.0.0.1:5000" : config->http.listen[0].address;
  const char *port = strrchr(address, ':');
  if (g_str_has_prefix(address, "0.0.0.0:") || g_str_has_prefix(address, "[::]:"))
    return g_strconcat("127.0.0.1", port, NULL);
  return g_strdup(address);
}

/* Found once for an address. */
static bool
find_credentials(ServerClient *client, const char *base, GError **error)
{
  if (client->given || g_strcmp0(client->known_to, base) == 0)
    return true;
  g_clear_pointer(&client->credentials, g_free);
  g_free(client->known_to);
  client->known_to = g_strdup(base);
  return server_credentials(base, &client->credentials, error);
}

ServerClient *
server_client_new(const char *host, GError **error)
{
  const char *from_environment = g_getenv("ASSAY_SERVER");
  g_autofree char *configured = configured_server();
  const char *chosen = server_option_url != NULL                               ? server_option_url
                       : host != NULL                                          ? host
                       : from_environment != NULL && *from_environment != '\0' ? from_environment
                                                                               : configured;
  g_autoptr(ServerClient) client = g_new0(ServerClient, 1);
  client->trust.fd = -1;
  complete_url(client, chosen);
  const char *place = strstr(client->url, "://") + strlen("://");
  g_autofree char *authority = g_strndup(place, strcspn(place, "/"));
  if (!registry_trust_find(server_option_ca_file, NULL, authority, &client->trust, error))
    return NULL;
  client->http = registry_trust_new_client(&client->trust);
  http_client_set_insecure(client->http, server_option_insecure);
  return find_credentials(client, client->url, error) ? g_steal_pointer(&client) : NULL;
}

const char *
server_client_url(const ServerClient *client)
{
  return client->url;
}

char *
server_client_authority(const ServerClient *client)
{
  const char *place = strstr(client->url, "://") + strlen("://");
  return g_strndup(place, strcspn(place, "/"));
}

void
server_client_be(ServerClient *client, const char *name, const char *secret)
{
  const Credentials credentials = {.user = (char *)(uintptr_t)name,
                                   .password = (char *)(uintptr_t)secret};
  g_free(client->credentials);
  client->credentials = credentials_basic_header(&credentials);
  client->given = true;
}

void
server_client_be_nobody(ServerClient *client)
{
  g_clear_pointer(&client->credentials, g_free);
  client->given = true;
}

void
server_client_free(ServerClient *client)
{
  if (client == NULL)
    return;
  http_client_free(client->http);
  registry_trust_clear(&client->trust);
  g_free(client->url);
  g_free(client->other_url);
  g_free(client->credentials);
  g_free(client->known_to);
  g_free(client);
}

/* What a person can do about a registry that could not be asked. */
static void
advise(const ServerClient *client, GError **error)
{
  if (error == NULL)
    return;
  static const char *const advices[] = {
      [TROUBLE_OTHER] = "is `assay serve` running there? --server or $ASSAY_SERVER names another",
      [TROUBLE_CERTIFICATE] = "--ca-file names the authority that signed it; --insecure does not "
                              "check",
      [TROUBLE_PLAIN] = "does it speak plain HTTP? --server http://... asks so",
      [TROUBLE_TLS] = "does it speak TLS? --server https://... asks so"};
  bool secure = g_str_has_prefix(client->url, "https:");
  const char *advice = advices[registry_trust_trouble(secure ? "https" : "http", *error)];
  GError *advised = g_error_new((*error)->domain, (*error)->code,
                                "no answer from the registry: %s\n  %s", (*error)->message, advice);
  g_clear_error(error);
  g_propagate_error(error, advised);
}

static AssayErrorCode
code_of(long status)
{
  switch (status) {
  case 401:
  case 403:
    return ASSAY_ERROR_DENIED;
  case 404:
    return ASSAY_ERROR_NOT_FOUND;
  case 409:
    return ASSAY_ERROR_BUSY;
  default:
    return ASSAY_ERROR_NETWORK;
  }
}

/* What an answer says of a refusal: a problem (RFC 9457) of the API, or an error of OCI's form.
 * *remedy: what helps, where it says so. (transfer none) */
static const char *
message_of(const json_t *body, const char **remedy)
{
  const char *detail = json_get_string(body, "detail");
  *remedy = json_get_string(body, "remedy");
  return detail != NULL
             ? detail
             : json_get_string(json_array_get(json_get_array(body, "errors"), 0), "message");
}

/* Whether rights, or a log-in, help: a problem has a remedy then; OCI's form has none. */
static bool
is_of_rights(const HttpResponse *response, const json_t *body, const char *message)
{
  return response->status == 401 || message == NULL || json_get_string(body, "remedy") != NULL ||
         (json_object_get(body, "errors") != NULL && strstr(message, " may not ") != NULL);
}

static bool
refused(const ServerClient *client, const HttpResponse *response, GError **error)
{
  const char *url = client->url, *remedy;
  g_autoptr(json_t) body = json_parse(slice_from_bytes(response->body), NULL);
  const char *message = message_of(body, &remedy);
  AssayErrorCode code = code_of(response->status);
  /* Who logs in just now needs no advice to do so. */
  if (message != NULL && client->given && client->credentials == NULL)
    return error_set(error, code, "%s: %s", url, message);
  /* The command knows better how somebody logs in here. */
  if (code == ASSAY_ERROR_DENIED && is_of_rights(response, body, message)) {
    g_autofree char *advice =
        server_credentials_advice(url, response->status, client->credentials != NULL);
    return error_set(error, code, "%s: %s\n  %s", url,
                     message != NULL ? message : "it does not say why", advice);
  }
  if (message != NULL)
    return error_set(error, code, "%s%s%s", message, remedy != NULL ? "\n  " : "",
                     remedy != NULL ? remedy : "");
  bool tls = response->status == 400 && g_str_has_prefix(url, "http:");
  return error_set(error, code, "%s: HTTP status %ld; %s", url, response->status,
                   tls ? "does it speak TLS? --server https://... asks so"
                       : "is this an Assay registry?");
}

static HttpResponse *
ask(ServerClient *client, const char *method, const char *base, const char *path, Slice body,
    GError **error)
{
  if (!find_credentials(client, base, error))
    return NULL;
  g_autofree char *url = g_strconcat(base, path, NULL);
  const char *const headers[] = {client->credentials, NULL};
  return http_client_request(client->http, method, url, headers, body, ANSWER_MAX, NULL, error);
}

/* What speaks TLS answers plain HTTP with 400: then it matters why TLS failed. */
static bool
is_about_tls(const HttpResponse *first, const GError *failure)
{
  return first != NULL && strstr(failure->message, "certificate") != NULL;
}

/* The scheme that gave the first answer is kept. */
static HttpResponse *
ask_either(ServerClient *client, const char *method, const char *path, Slice body, GError **error)
{
  g_autoptr(GError) failure = NULL, other_failure = NULL;
  g_autoptr(HttpResponse) response = ask(client, method, client->url, path, body, &failure);
  if ((response == NULL || response->status == 400) && client->other_url != NULL) {
    HttpResponse *other = ask(client, method, client->other_url, path, body, &other_failure);
    if (other != NULL || is_about_tls(response, other_failure)) {
      http_response_free(response);
      response = other;
      g_free(client->url);
      client->url = g_steal_pointer(&client->other_url);
    }
  }
  g_clear_pointer(&client->other_url, g_free);
  if (response == NULL)
    g_propagate_error(error, failure != NULL ? g_steal_pointer(&failure)
                                             : g_steal_pointer(&other_failure));
  return g_steal_pointer(&response);
}

static json_t *
ask_for_json(ServerClient *client, const char *method, const char *path, Slice body, GError **error)
{
  g_autoptr(HttpResponse) response = ask_either(client, method, path, body, error);
  if (response == NULL) {
    advise(client, error);
    return NULL;
  }
  if (response->status / 100 != 2) {
    refused(client, response, error);
    return NULL;
  }
  if (response->status == 204)
    return json_null();
  json_t *answer = json_parse(slice_from_bytes(response->body), error);
  if (answer == NULL)
    g_prefix_error(error, "%s: the answer is no JSON; is this an Assay registry? ", client->url);
  return answer;
}

json_t *
server_get(ServerClient *client, const char *path, GError **error)
{
  return ask_for_json(client, "GET", path, SLICE_EMPTY, error);
}

json_t *
server_post(ServerClient *client, const char *path, Slice body, GError **error)
{
  return ask_for_json(client, "POST", path, body, error);
}

json_t *
server_patch(ServerClient *client, const char *path, Slice body, GError **error)
{
  return ask_for_json(client, "PATCH", path, body, error);
}

json_t *
server_send(ServerClient *client, const char *method, const char *path, const json_t *body,
            GError **error)
{
  g_autofree char *text = body == NULL ? NULL : json_to_text(body);
  return ask_for_json(client, method, path, slice_from_string(text), error);
}

bool
server_delete(ServerClient *client, const char *path, json_t **answer, GError **error)
{
  g_autoptr(HttpResponse) response = ask_either(client, "DELETE", path, SLICE_EMPTY, error);
  if (response == NULL) {
    advise(client, error);
    return false;
  }
  if (response->status / 100 != 2)
    return refused(client, response, error);
  if (answer != NULL)
    *answer = json_parse(slice_from_bytes(response->body), NULL);
  return true;
}

json_t *
server_get_all(ServerClient *client, const char *path, const char *key, json_t *about,
               GError **error)
{
  g_autoptr(json_t) all = json_array();
  const char *separator = strchr(path, '?') != NULL ? "&" : "?";
  g_autofree char *page = g_strdup_printf("%s%slimit=%d", path, separator, PAGE);
  while (page != NULL) {
    g_autoptr(json_t) answer = server_get(client, page, error);
    if (answer == NULL)
      return NULL;
    const json_t *part = json_get_array(answer, key);
    json_array_extend(all, (json_t *)(uintptr_t)part);
    json_object_update(about, answer); /* nothing when NULL */
    /* A list of repositories goes on after a name, the others at a number. */
    const char *next = json_get_string(answer, "next");
    json_int_t total = json_get_integer(answer, "total", 0);
    g_autofree char *last = next == NULL ? NULL : g_uri_escape_string(next, NULL, FALSE);
    g_clear_pointer(&page, g_free);
    if (last != NULL)
      page = g_strdup_printf("%s%slimit=%d&last=%s", path, separator, PAGE, last);
    else if (json_array_size(part) > 0 && (json_int_t)json_array_size(all) < total)
      page =
          g_strdup_printf("%s%slimit=%d&offset=%zu", path, separator, PAGE, json_array_size(all));
  }
  return g_steal_pointer(&all);
}
