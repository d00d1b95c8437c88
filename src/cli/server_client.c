/* Asking a running registry; see the header. */
#include "cli/server_client.h"

#include <string.h>

#include "base/error.h"
#include "base/http_client.h"
#include "base/json.h"

#define ANSWER_MAX ((size_t)64 * 1024 * 1024)
#define PAGE       1000

const char *
server_url(const char *option)
{
  const char *from_environment = g_getenv("ASSAY_SERVER");
  if (option != NULL)
    return option;
  return from_environment != NULL && *from_environment != '\0' ? from_environment
                                                               : "http://127.0.0.1:5000";
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
server_get(const char *server, const char *path, GError **error)
{
  g_autoptr(HttpClient) client = http_client_new(NULL);
  g_autofree char *url = g_strconcat(server, path, NULL);
  g_autoptr(HttpResponse) response =
      http_client_request(client, "GET", url, NULL, SLICE_EMPTY, ANSWER_MAX, NULL, error);
  if (response == NULL) {
    g_prefix_error(error, "the registry at %s does not answer (--server, $ASSAY_SERVER): ", server);
    return NULL;
  }
  if (response->status != 200) {
    refused(response, url, error);
    return NULL;
  }
  return json_parse(slice_from_bytes(response->body), error);
}

json_t *
server_get_all(const char *server, const char *path, const char *key, GError **error)
{
  g_autoptr(json_t) all = json_array();
  const char *separator = strchr(path, '?') != NULL ? "&" : "?";
  g_autofree char *page = g_strdup_printf("%s%slimit=%d", path, separator, PAGE);
  while (page != NULL) {
    g_autoptr(json_t) answer = server_get(server, page, error);
    if (answer == NULL)
      return NULL;
    const json_t *part = json_get_array(answer, key);
    json_array_extend(all, (json_t *)(uintptr_t)part);
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
