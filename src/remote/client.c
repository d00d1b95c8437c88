/* The client of other registries. */
#include "remote/client.h"

#include <string.h>

#include "base/address.h"
#include "base/error.h"
#include "base/json.h"
#include "oci/media_type.h"
#include "remote/client-private.h"
#include "remote/token.h"

#define PASSING_TRIES 4    /* of a request that a registry is too busy for */
#define PAUSE_MS      250u /* before the first repetition; doubles */
#define LOGIN_ADVICE  "log in with `skopeo login` or `podman login`, or name an --authfile"
#define ACCEPTED                                                                                   \
  "Accept: " MEDIA_TYPE_OCI_INDEX ", " MEDIA_TYPE_OCI_MANIFEST ", " MEDIA_TYPE_DOCKER_LIST         \
  ", " MEDIA_TYPE_DOCKER_MANIFEST

/* A loopback host speaks plain HTTP, as registry clients have it; a name that only begins like one
 * ("localhost.example.org") does not. */
static bool
is_loopback(const char *host)
{
  bool bracketed = host[0] == '[';
  g_autofree char *name =
      bracketed ? g_strndup(host + 1, strcspn(host + 1, "]")) : g_strndup(host, strcspn(host, ":"));
  Address address;
  return strcmp(name, "localhost") == 0 ||
         (address_parse(slice_from_string(name), &address) && address_is_loopback(&address));
}

Remote *
remote_new(Reference *reference, const RemoteOptions *options, Cancellable *cancellable,
           GError **error)
{
  Remote *remote = g_new0(Remote, 1);
  remote->reference = reference;
  remote->name = g_strdup(options->name);
  remote->scheme = "https";
  remote->insecure = options->insecure;
  remote->push = options->push;
  if (options->seconds != 0)
    remote->deadline = g_get_monotonic_time() + (int64_t)options->seconds * G_USEC_PER_SEC;
  g_mutex_init(&remote->lock);
  remote->trust.fd = -1;
  remote->by_others = options->authorization != NULL;
  remote->advises = !remote->by_others && !options->unattended;
  bool known = remote->by_others
                   ? credentials_take_header(options->authorization, &remote->credentials,
                                             &remote->authorization, error)
               : options->credentials != NULL
                   ? credentials_take(options->credentials, &remote->credentials, error)
                   : credentials_find(options->authfile, reference->host, reference->repository,
                                      &remote->credentials, cancellable, error);
  if (known && options->not_loopback && is_loopback(reference->host))
    known = error_set(error, ASSAY_ERROR_DENIED, "%s is the machine of this registry itself",
                      reference->host);
  if (known && registry_trust_find(options->ca_file, options->cert_dir, reference->host,
                                   &remote->trust, error))
    return remote;
  remote_free(remote);
  return NULL;
}

void
remote_free(Remote *remote)
{
  if (remote == NULL)
    return;
  reference_free(remote->reference);
  credentials_clear(&remote->credentials);
  registry_trust_clear(&remote->trust);
  g_mutex_clear(&remote->lock);
  g_free(remote->authorization);
  g_free(remote->name);
  g_free(remote);
}

const char *
remote_name(const Remote *remote)
{
  return remote->name;
}

const Reference *
remote_reference(const Remote *remote)
{
  return remote->reference;
}

/* --- one request --- */

static HttpResponse *
send_once(Remote *remote, HttpClient *client, const RemoteCall *call, Cancellable *cancellable,
          GError **error)
{
  g_mutex_lock(&remote->lock);
  g_autofree char *authorization = call->is_foreign ? NULL : g_strdup(remote->authorization);
  g_mutex_unlock(&remote->lock);
  const char *headers[G_N_ELEMENTS(call->headers) + 2] = {NULL};
  size_t count = 0;
  for (size_t i = 0; i < G_N_ELEMENTS(call->headers); i++)
    if (call->headers[i] != NULL)
      headers[count++] = call->headers[i];
  headers[count] = authorization;
  if (call->sink != NULL)
    return http_client_stream(client, call->url, headers, call->sink, call->sink_data, call->limit,
                              cancellable, error);
  if (call->upload != NULL)
    return http_client_upload(client, call->method, call->url, headers, call->upload,
                              (size_t)call->limit, cancellable, error);
  return http_client_request(client, call->method, call->url, headers, call->body,
                             (size_t)call->limit, cancellable, error);
}

/* In the registry's own words where it has some. */
bool
remote_set_refused(const Remote *remote, const HttpResponse *response, GError **error)
{
  g_autoptr(json_t) body = json_parse(slice_from_bytes(response->body), NULL);
  const json_t *first = json_array_get(json_get_array(body, "errors"), 0);
  const char *code = json_get_string(first, "code"), *message = json_get_string(first, "message");
  AssayErrorCode kind = response->status == 404                              ? ASSAY_ERROR_NOT_FOUND
                        : response->status == 401 || response->status == 403 ? ASSAY_ERROR_DENIED
                                                                             : ASSAY_ERROR_NETWORK;
  /* One like us: its user is told where to look. */
  if (message != NULL && json_get_string(json_get_object(first, "detail"), "verdict") != NULL)
    return error_set(
        error, kind,
        "%s: %s: %s. This registry's policy refuses the pull; `assay findings "
        "%s/%s%s%s` shows the findings",
        remote->name, code != NULL ? code : "refused", message, remote->reference->host,
        remote->reference->repository, remote->reference->digest != NULL ? "@" : ":",
        remote->reference->digest != NULL ? remote->reference->digest : remote->reference->tag);
  const char *advice = response->status == 401 && remote->advises ? ": " LOGIN_ADVICE : "";
  if (message != NULL)
    return error_set(error, kind, "%s: %s: %s%s", remote->name, code != NULL ? code : "refused",
                     message, advice);
  return error_set(error, kind, "%s: the registry answers with HTTP status %ld%s", remote->name,
                   response->status, advice);
}

/* Answers a challenge once: a token that has expired meanwhile is replaced by a new one. */
static HttpResponse *
send_authorized(Remote *remote, HttpClient *client, const RemoteCall *call,
                Cancellable *cancellable, GError **error)
{
  g_autoptr(GError) failure = NULL;
  g_autoptr(HttpResponse) response = send_once(remote, client, call, cancellable, error);
  /* A store that the registry redirects to does not choose where the credential goes. */
  if (response != NULL && response->status == 401 && !call->is_foreign && !response->elsewhere) {
    const char *challenge = g_hash_table_lookup(response->headers, "www-authenticate");
    char *answer = token_answer(client, challenge, remote->reference->repository,
                                remote->push ? "pull,push" : "pull", &remote->credentials,
                                strcmp(remote->scheme, "http") == 0, cancellable, &failure);
    if (answer == NULL) {
      bool denied = g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_DENIED);
      error_set(error, failure->code, "%s%s", failure->message,
                denied && remote->advises ? ": " LOGIN_ADVICE : "");
      return NULL;
    }
    g_mutex_lock(&remote->lock);
    g_free(remote->authorization);
    remote->authorization = answer;
    g_mutex_unlock(&remote->lock);
    http_response_free(g_steal_pointer(&response));
    response = send_once(remote, client, call, cancellable, error);
  }
  return g_steal_pointer(&response);
}

static bool
ends_before(const Remote *remote, unsigned milliseconds)
{
  return remote->deadline != 0 &&
         g_get_monotonic_time() + (int64_t)milliseconds * 1000 >= remote->deadline;
}

HttpResponse *
remote_call(Remote *remote, const RemoteCall *call, const Progress *progress,
            Cancellable *cancellable, GError **error)
{
  g_autoptr(HttpClient) client = registry_trust_new_client(&remote->trust);
  http_client_set_insecure(client, remote->insecure);
  http_client_set_deadline(client, remote->deadline);
  g_autoptr(HttpResponse) response = NULL;
  for (unsigned tries = 1;; tries++) {
    response = send_authorized(remote, client, call, cancellable, error);
    if (response == NULL || !http_status_is_passing(response->status) || tries == PASSING_TRIES)
      return g_steal_pointer(&response);
    unsigned pause = MAX(response->retry_after_ms, PAUSE_MS << (tries - 1));
    progress_tell(progress, "waiting, as the registry asks", 0, 0);
    if (ends_before(remote, pause)) {
      error_set(error, ASSAY_ERROR_TIMEOUT, "%s: the registry asks to wait, longer than there is",
                remote->name);
      return NULL;
    }
    if (!http_pause(pause, cancellable, error))
      return NULL;
    http_response_free(g_steal_pointer(&response));
  }
}

HttpResponse *
remote_get(Remote *remote, const RemoteRequest *request, const Progress *progress,
           Cancellable *cancellable, GError **error)
{
  g_autofree char *url =
      g_strdup_printf("%s://%s/v2/%s/%s/%s", remote->scheme, remote->reference->host,
                      remote->reference->repository, request->kind, request->name);
  g_autofree char *range =
      request->from == 0 ? NULL
                         : g_strdup_printf("Range: bytes=%" G_GUINT64_FORMAT "-", request->from);
  const RemoteCall call = {
      .method = request->head ? "HEAD" : "GET",
      .url = url,
      .headers = {strcmp(request->kind, "manifests") == 0 ? ACCEPTED : NULL, range},
      .sink = request->sink,
      .sink_data = request->sink_data,
      .limit = request->limit};
  g_autoptr(HttpResponse) response = remote_call(remote, &call, progress, cancellable, error);
  if (response == NULL)
    return NULL;
  if (response->status != 200 && response->status != 206) {
    remote_set_refused(remote, response, error);
    return NULL;
  }
  return g_steal_pointer(&response);
}

bool
remote_has_blob(Remote *remote, const Digest *digest, bool *has, Cancellable *cancellable,
                GError **error)
{
  g_autofree char *url =
      g_strdup_printf("%s://%s/v2/%s/blobs/%s", remote->scheme, remote->reference->host,
                      remote->reference->repository, digest->text);
  const RemoteCall call = {.method = "HEAD", .url = url, .limit = HTTP_ERROR_BODY_MAX};
  g_autoptr(HttpResponse) response = remote_call(remote, &call, NULL, cancellable, error);
  if (response == NULL)
    return false;
  *has = response->status == 200;
  return *has || response->status == 404 || remote_set_refused(remote, response, error);
}

/* --- the first one --- */

/* Takes over @failure. */
static void
propagate_with_advice(const Remote *remote, GError *failure, GError **error)
{
  static const char *const advices[] = {
      [TROUBLE_CERTIFICATE] = "the authority's certificate goes to a folder that --cert-dir names, "
                              "as ca.crt; --insecure does not check",
      [TROUBLE_PLAIN] = "does it speak plain HTTP? --insecure allows that",
      [TROUBLE_TLS] = NULL /* it was asked so by --insecure, or on loopback, and by TLS as well */
  };
  const char *advice = advices[registry_trust_trouble(remote->scheme, failure)];
  if (advice != NULL && remote->advises)
    g_set_error(error, failure->domain, failure->code, "%s\n  %s", failure->message, advice);
  else
    g_propagate_error(error, g_error_copy(failure));
  g_error_free(failure);
}

static HttpResponse *
ask_first(Remote *remote, bool head, uint64_t limit, const Progress *progress,
          Cancellable *cancellable, GError **error)
{
  const Reference *reference = remote->reference;
  RemoteRequest request = {.kind = "manifests",
                           .name = reference->digest != NULL ? reference->digest : reference->tag,
                           .limit = limit,
                           .head = head};
  bool loopback = is_loopback(reference->host) && (!remote->by_others || remote->insecure);
  remote->scheme = loopback ? "http" : "https";
  g_autoptr(GError) failure = NULL;
  HttpResponse *response = remote_get(remote, &request, progress, cancellable, &failure);
  bool other =
      g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_NETWORK) && (loopback || remote->insecure);
  if (!other) {
    if (failure != NULL)
      propagate_with_advice(remote, g_steal_pointer(&failure), error);
    return response;
  }
  g_autoptr(GError) second = NULL;
  GError *both = NULL;
  remote->scheme = loopback ? "https" : "http";
  response = remote_get(remote, &request, progress, cancellable, &second);
  if (response == NULL)
    error_set(&both, second->code, "%s\n  and by %s: %s", failure->message, remote->scheme,
              second->message);
  if (both != NULL)
    propagate_with_advice(remote, both, error);
  return response;
}

HttpResponse *
remote_get_first(Remote *remote, uint64_t limit, const Progress *progress, Cancellable *cancellable,
                 GError **error)
{
  return ask_first(remote, false, limit, progress, cancellable, error);
}

/* Of a registry that does not tell it in a header. */
static bool
hash_manifest(Remote *remote, const RemoteRequest *request, Digest *digest,
              Cancellable *cancellable, GError **error)
{
  g_autoptr(HttpResponse) response = remote_get(remote, request, NULL, cancellable, error);
  if (response == NULL)
    return false;
  *digest = digest_of(DIGEST_SHA256, slice_from_bytes(response->body));
  return true;
}

bool
remote_resolve(Remote *remote, Digest *digest, char **media_type, uint64_t limit,
               Cancellable *cancellable, GError **error)
{
  const Reference *reference = remote->reference;
  g_autoptr(HttpResponse) response = ask_first(remote, true, limit, NULL, cancellable, error);
  if (response == NULL)
    return false;
  const char *type = g_hash_table_lookup(response->headers, "content-type");
  const char *told = g_hash_table_lookup(response->headers, "docker-content-digest");
  const RemoteRequest whole = {.kind = "manifests", .name = reference->tag, .limit = limit};
  if (reference->digest != NULL ? !digest_parse(reference->digest, digest, error)
      : told != NULL            ? !digest_parse(told, digest, error)
                                : !hash_manifest(remote, &whole, digest, cancellable, error))
    return false;
  *media_type = type == NULL ? NULL : g_strndup(type, strcspn(type, "; "));
  return true;
}
