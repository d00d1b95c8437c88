/* Asking the API of a cluster; see the header. In a Pod, its place, its authority and our token are
 * where the kubelet puts them for each ("Accessing the Kubernetes API from a Pod"). */
#include "server/admission/kubernetes_api.h"

#include <fcntl.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/http_client.h"
#include "base/json.h"

#define ACCOUNT       "/var/run/secrets/kubernetes.io/serviceaccount/"
#define TOKEN_MAX     ((size_t)64 * 1024)
#define OBJECT_MAX    ((size_t)4 * 1024 * 1024)
#define VALUES_MAX    ((size_t)100000)
#define SECONDS_MAX   10u
#define BEARER_PREFIX "Authorization: Bearer "

bool
kubernetes_is_set(const KubernetesSettings *settings)
{
  return settings->in_cluster || settings->server != NULL;
}

/* "https://HOST:PORT" (transfer full); NULL with *error: it runs in no Pod. */
static char *
server_of(const KubernetesSettings *settings, GError **error)
{
  const char *host = g_getenv("KUBERNETES_SERVICE_HOST");
  const char *port = g_getenv("KUBERNETES_SERVICE_PORT");
  if (settings->server != NULL)
    return g_strdup(settings->server);
  if (host == NULL || port == NULL) {
    error_set(error, ASSAY_ERROR_FAILED,
              "this server runs in no Pod (KUBERNETES_SERVICE_HOST and _PORT are not set)");
    return NULL;
  }
  bool bare = strchr(host, ':') != NULL && *host != '[';
  return g_strconcat("https://", bare ? "[" : "", host, bare ? "]" : "", ":", port, NULL);
}

/* It is read anew each time: kubelets replace it. (transfer full) */
static char *
authorization(const KubernetesSettings *settings, GError **error)
{
  const char *file = settings->token_file != NULL ? settings->token_file : ACCOUNT "token";
  g_autoptr(GBytes) bytes = file_read(AT_FDCWD, file, TOKEN_MAX, error);
  if (bytes == NULL)
    return NULL;
  g_autofree char *token = slice_to_string(slice_strip(slice_from_bytes(bytes)));
  for (const char *at = token; *at != '\0'; at++) {
    if (!g_ascii_isgraph(*at)) {
      error_set(error, ASSAY_ERROR_INVALID, "%s: it holds no token", file);
      return NULL;
    }
  }
  return g_strconcat(BEARER_PREFIX, token, NULL);
}

static json_t *
refuse(const HttpResponse *response, GError **error)
{
  if (response->status == 404)
    error_set(error, ASSAY_ERROR_NOT_FOUND, "there is none of that name");
  else if (response->status == 401 || response->status == 403)
    error_set(error, ASSAY_ERROR_DENIED,
              "the cluster does not let this server read it (HTTP status %ld); its service account "
              "needs \"get\"",
              response->status);
  else
    error_set(error, ASSAY_ERROR_NETWORK, "the API server answers with HTTP status %ld",
              response->status);
  return NULL;
}

json_t *
kubernetes_get(const KubernetesSettings *settings, const char *namespace, const char *resource,
               const char *name, Cancellable *cancellable, GError **error)
{
  g_autofree char *server = server_of(settings, error);
  g_autofree char *line = server == NULL ? NULL : authorization(settings, error);
  if (line == NULL)
    return NULL;
  g_autofree char *url =
      g_strdup_printf("%s/api/v1/namespaces/%s/%s/%s", server, namespace, resource, name);
  const char *authority = settings->ca_file != NULL  ? settings->ca_file
                          : settings->server == NULL ? ACCOUNT "ca.crt"
                                                     : NULL;
  const char *const headers[] = {line, "Accept: application/json", NULL};
  g_autoptr(HttpClient) client = http_client_new(authority);
  http_client_set_strict(client, SECONDS_MAX);
  g_autoptr(HttpResponse) response =
      http_client_request(client, "GET", url, headers, SLICE_EMPTY, OBJECT_MAX, cancellable, error);
  explicit_bzero(line, strlen(line));
  if (response == NULL)
    return NULL;
  if (response->status != 200)
    return refuse(response, error);
  json_t *object = json_parse_bounded(slice_from_bytes(response->body), VALUES_MAX, NULL);
  if (object == NULL)
    error_set(error, ASSAY_ERROR_NETWORK, "the API server sends no JSON");
  return object;
}
