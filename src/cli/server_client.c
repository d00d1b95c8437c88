/* Asking a running registry; see the header. */
#include "cli/server_client.h"

#include <string.h>

#include "base/error.h"
#include "base/http_client.h"
#include "base/json.h"

#define ANSWER_MAX ((size_t)64 * 1024 * 1024)
#define PAGE       1000

char *server_option_url, *server_option_ca_file;
gboolean server_option_insecure;

struct ServerClient {
  HttpClient *http;
  char *url;
};

/* As registry clients have it: loopback speaks plain HTTP. */
static char *
complete_url(const char *text)
{
  bool loopback = g_str_has_prefix(text, "127.") || g_str_has_prefix(text, "localhost") ||
                  g_str_has_prefix(text, "[::1]");
  const char *scheme = strstr(text, "://") != NULL ? "" : loopback ? "http://" : "https://";
  size_t size = strlen(text);
  while (size > 0 && text[size - 1] == '/')
    size--;
  return g_strdup_printf("%s%.*s", scheme, (int)size, text);
}

ServerClient *
server_client_new(const char *host)
{
  const char *from_environment = g_getenv("ASSAY_SERVER");
  const char *chosen = server_option_url != NULL ? server_option_url
                       : host != NULL            ? host
                       : from_environment != NULL && *from_environment != '\0'
                           ? from_environment
                           : "http://127.0.0.1:5000";
  ServerClient *client = g_new0(ServerClient, 1);
  client->http = http_client_new(server_option_ca_file);
  client->url = complete_url(chosen);
  http_client_set_insecure(client->http, server_option_insecure);
  return client;
}

void
server_client_free(ServerClient *client)
{
  if (client == NULL)
    return;
  http_client_free(client->http);
  g_free(client->url);
  g_free(client);
}

/* What a person can do about a registry that could not be asked. */
static void
advise(const ServerClient *client, GError **error)
{
  if (error == NULL)
    return;
  const char *advice = "is `assay serve` running there? --server or $ASSAY_SERVER names another";
  if (strstr((*error)->message, "certificate") != NULL)
    advice = "--ca-file names the authority that signed it; --insecure does not check";
  else if (g_str_has_prefix(client->url, "https:") && strstr((*error)->message, "TLS") != NULL)
    advice = "does it speak TLS? --server http://... asks without";
  GError *advised =
      g_error_new((*error)->domain, (*error)->code, "no answer from the registry at %s: %s\n  %s",
                  client->url, (*error)->message, advice);
  g_clear_error(error);
  g_propagate_error(error, advised);
}

/* The message of an OCI error body, where there is one. */
static bool
refused(const HttpResponse *response, const char *url, GError **error)
{
  g_autoptr(json_t) body = json_parse(slice_from_bytes(response->body), NULL);
  const char *message =
      json_get_string(json_array_get(json_get_array(body, "errors"), 0), "message");
  AssayErrorCode code = response->status == 404 ? ASSAY_ERROR_NOT_FOUND : ASSAY_ERROR_NETWORK;
  if (message != NULL)
    return error_set(error, code, "%s", message);
  return error_set(error, code, "%s: HTTP status %ld; is this an Assay registry?", url,
                   response->status);
}

json_t *
server_get(ServerClient *client, const char *path, GError **error)
{
  g_autofree char *url = g_strconcat(client->url, path, NULL);
  g_autoptr(HttpResponse) response =
      http_client_request(client->http, "GET", url, NULL, SLICE_EMPTY, ANSWER_MAX, NULL, error);
  if (response == NULL) {
    advise(client, error);
    return NULL;
  }
  if (response->status != 200) {
    refused(response, client->url, error);
    return NULL;
  }
  json_t *answer = json_parse(slice_from_bytes(response->body), error);
  if (answer == NULL)
    g_prefix_error(error, "%s: the answer is no JSON; is this an Assay registry? ", client->url);
  return answer;
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
    /* A list of repositories goes on behind a name, the others at a number. */
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
