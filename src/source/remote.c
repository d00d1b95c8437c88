/* docker://HOST[:PORT]/REPOSITORY[:TAG|@DIGEST]: an image in a registry, by the pull half of the
 * OCI distribution-spec. Layers go to temporary files, their digests checked as they come. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/http_client.h"
#include "base/json.h"
#include "oci/media_type.h"
#include "oci/reference.h"
#include "source/credentials.h"
#include "source/source-private.h"
#include "source/token.h"
#include "source/trust.h"

#define DOWNLOAD_TRIES 4
#define PASSING_TRIES  4    /* of a request that a registry is too busy for */
#define PAUSE_MS       250u /* before the first repetition; doubles */
#define ACCEPTED                                                                                   \
  "Accept: " MEDIA_TYPE_OCI_INDEX ", " MEDIA_TYPE_OCI_MANIFEST ", " MEDIA_TYPE_DOCKER_LIST         \
  ", " MEDIA_TYPE_DOCKER_MANIFEST

typedef struct {
  Reference *reference;
  const char *scheme; /* "https", or "http" */
  bool insecure;
  Credentials credentials;
  RegistryTrust trust;
  GMutex lock;         /* guards the next */
  char *authorization; /* a header line, once the registry asked for it */
} Remote;

static void
remote_free(void *state)
{
  Remote *remote = state;
  reference_free(remote->reference);
  credentials_clear(&remote->credentials);
  registry_trust_clear(&remote->trust);
  g_mutex_clear(&remote->lock);
  g_free(remote->authorization);
  g_free(remote);
}

/* --- one request --- */

typedef struct {
  char *url;
  const char *accept; /* a header line, or NULL */
  char *range;        /* likewise */
  HttpSink sink;      /* NULL: the body is kept in memory */
  void *sink_data;
  uint64_t limit;
} Request;

static HttpResponse *
send_once(Remote *remote, HttpClient *client, const Request *request, GCancellable *cancellable,
          GError **error)
{
  g_mutex_lock(&remote->lock);
  g_autofree char *authorization = g_strdup(remote->authorization);
  g_mutex_unlock(&remote->lock);
  const char *headers[4] = {NULL};
  size_t count = 0;
  const char *const lines[] = {request->accept, request->range, authorization};
  for (size_t i = 0; i < G_N_ELEMENTS(lines); i++)
    if (lines[i] != NULL)
      headers[count++] = lines[i];
  if (request->sink != NULL)
    return http_client_stream(client, request->url, headers, request->sink, request->sink_data,
                              request->limit, cancellable, error);
  return http_client_request(client, "GET", request->url, headers, SLICE_EMPTY,
                             (size_t)request->limit, cancellable, error);
}

/* What the registry says of its refusal, in its own words where it has some. */
static bool
refused(const ImageSource *source, const HttpResponse *response, GError **error)
{
  g_autoptr(json_t) body = json_parse(slice_from_bytes(response->body), NULL);
  const json_t *first = json_array_get(json_get_array(body, "errors"), 0);
  const char *code = json_get_string(first, "code"), *message = json_get_string(first, "message");
  AssayErrorCode kind = response->status == 404                              ? ASSAY_ERROR_NOT_FOUND
                        : response->status == 401 || response->status == 403 ? ASSAY_ERROR_DENIED
                                                                             : ASSAY_ERROR_NETWORK;
  if (message != NULL)
    return error_set(error, kind, "%s: %s: %s", source->target, code != NULL ? code : "refused",
                     message);
  return error_set(error, kind, "%s: the registry answers with HTTP status %ld", source->target,
                   response->status);
}

/* Answers a challenge once: a token that has expired meanwhile is replaced by a new one. */
static HttpResponse *
send_authorized(ImageSource *source, HttpClient *client, const Request *request,
                GCancellable *cancellable, GError **error)
{
  Remote *remote = source->state;
  g_autoptr(HttpResponse) response = send_once(remote, client, request, cancellable, error);
  if (response != NULL && response->status == 401) {
    const char *challenge = g_hash_table_lookup(response->headers, "www-authenticate");
    char *answer =
        token_answer(client, challenge, remote->reference->repository, &remote->credentials,
                     strcmp(remote->scheme, "http") == 0, cancellable, error);
    if (answer == NULL)
      return NULL;
    g_mutex_lock(&remote->lock);
    g_free(remote->authorization);
    remote->authorization = answer;
    g_mutex_unlock(&remote->lock);
    http_response_free(g_steal_pointer(&response));
    response = send_once(remote, client, request, cancellable, error);
  }
  return g_steal_pointer(&response);
}

/* Waits where the registry asks for it (429, 503), but not for ever. The status is 200 or 206, or
 * NULL comes back with *error. */
static HttpResponse *
send_request(ImageSource *source, const Request *request, const SourceCall *call, GError **error)
{
  Remote *remote = source->state;
  g_autoptr(HttpClient) client = registry_trust_new_client(&remote->trust);
  http_client_set_insecure(client, remote->insecure);
  g_autoptr(HttpResponse) response = NULL;
  for (unsigned tries = 1;; tries++) {
    response = send_authorized(source, client, request, call->cancellable, error);
    if (response == NULL)
      return NULL;
    if (!http_status_is_passing(response->status) || tries == PASSING_TRIES)
      break;
    unsigned pause = MAX(http_response_retry_after(response), PAUSE_MS << (tries - 1));
    progress_tell(call->progress, "waiting, as the registry asks", 0, 0);
    if (!http_pause(pause, call->cancellable, error))
      return NULL;
    http_response_free(g_steal_pointer(&response));
  }
  if (response->status != 200 && response->status != 206) {
    refused(source, response, error);
    return NULL;
  }
  return g_steal_pointer(&response);
}

static char *
remote_url(const Remote *remote, const char *kind, const char *name)
{
  return g_strdup_printf("%s://%s/v2/%s/%s/%s", remote->scheme, remote->reference->host,
                         remote->reference->repository, kind, name);
}

/* --- manifests and configs --- */

static GBytes *
read_blob(ImageSource *source, const Descriptor *descriptor, const SourceCall *call, GError **error)
{
  bool manifest =
      media_type_is_manifest(descriptor->media_type) || media_type_is_index(descriptor->media_type);
  g_autofree char *url =
      remote_url(source->state, manifest ? "manifests" : "blobs", descriptor->digest.text);
  Request request = {
      .url = url, .accept = manifest ? ACCEPTED : NULL, .limit = source->limits.manifest_bytes};
  g_autoptr(HttpResponse) response = send_request(source, &request, call, error);
  return response == NULL ? NULL : g_bytes_ref(response->body);
}

/* A loopback host speaks plain HTTP, as registry clients have it; a name that only begins like one
 * ("localhost.example.org") does not. */
static bool
is_loopback(const char *host)
{
  bool bracketed = host[0] == '[';
  g_autofree char *name =
      bracketed ? g_strndup(host + 1, strcspn(host + 1, "]")) : g_strndup(host, strcspn(host, ":"));
  g_autoptr(GInetAddress) address = g_inet_address_new_from_string(name);
  return strcmp(name, "localhost") == 0 ||
         (address != NULL && g_inet_address_get_is_loopback(address));
}

static HttpResponse *
get_manifest(ImageSource *source, const SourceCall *call, GError **error)
{
  Remote *remote = source->state;
  const Reference *reference = remote->reference;
  g_autofree char *url = remote_url(remote, "manifests",
                                    reference->digest != NULL ? reference->digest : reference->tag);
  Request request = {.url = url, .accept = ACCEPTED, .limit = source->limits.manifest_bytes};
  return send_request(source, &request, call, error);
}

/* https first, and http where that is allowed; loopback the other way round. */
static HttpResponse *
find_scheme(ImageSource *source, const SourceCall *call, GError **error)
{
  Remote *remote = source->state;
  bool loopback = is_loopback(remote->reference->host);
  remote->scheme = loopback ? "http" : "https";
  g_autoptr(GError) failure = NULL;
  HttpResponse *response = get_manifest(source, call, &failure);
  bool other =
      g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_NETWORK) && (loopback || remote->insecure);
  if (!other) {
    if (failure != NULL)
      g_propagate_error(error, g_steal_pointer(&failure));
    return response;
  }
  g_autoptr(GError) second = NULL;
  remote->scheme = loopback ? "https" : "http";
  response = get_manifest(source, call, &second);
  if (response == NULL)
    error_set(error, second->code, "%s; and by %s: %s", failure->message, remote->scheme,
              second->message);
  return response;
}

static bool
open_remote(ImageSource *source, const char *place, const SourceCall *call, GError **error)
{
  if (g_str_has_prefix(place, "//"))
    place += 2;
  Reference *reference = reference_parse(place, error);
  if (reference == NULL)
    return false;
  Remote *remote = g_new0(Remote, 1);
  source->state = remote;
  remote->reference = reference;
  remote->insecure = source->insecure;
  g_mutex_init(&remote->lock);
  remote->trust.fd = -1;
  bool known = source->credentials != NULL
                   ? credentials_take(source->credentials, &remote->credentials, error)
                   : credentials_find(source->authfile, reference->host, reference->repository,
                                      &remote->credentials, call->cancellable, error);
  if (!known || !registry_trust_find(source->ca_file, source->cert_dir, reference->host,
                                     &remote->trust, error))
    return false;
  progress_tell(call->progress, "asking the registry", 0, 0);
  g_autoptr(HttpResponse) response = find_scheme(source, call, error);
  if (response == NULL)
    return false;
  Digest expected;
  if (reference->digest != NULL && !digest_parse(reference->digest, &expected, error))
    return false;
  const char *type = g_hash_table_lookup(response->headers, "content-type");
  g_autofree char *media_type = type == NULL ? NULL : g_strndup(type, strcspn(type, "; "));
  return source_resolve(source, response->body, media_type,
                        reference->digest != NULL ? &expected : NULL, read_blob, call, error);
}

/* --- layers --- */

typedef struct {
  int fd;
  uint64_t received, size;
  DigestStream *digest;
  const char *name;
  const Progress *progress;
} LayerSink;

static bool
take_bytes(Slice bytes, void *data, GError **error)
{
  LayerSink *sink = data;
  if (bytes.size > sink->size - sink->received)
    return error_set(error, ASSAY_ERROR_MISMATCH,
                     "%s: more than the %" G_GUINT64_FORMAT " bytes that the manifest says",
                     sink->name, sink->size);
  if (!fd_write_all(sink->fd, bytes, error)) {
    g_prefix_error(error, "%s: a temporary file in %s ($TMPDIR names another folder): ", sink->name,
                   g_get_tmp_dir());
    return false;
  }
  digest_stream_update(sink->digest, bytes);
  sink->received += bytes.size;
  progress_tell(sink->progress, sink->name, sink->received, sink->size);
  return true;
}

/* A registry that does not know ranges sends all of it again. */
static bool
start_again(LayerSink *sink, const Digest *expected, GError **error)
{
  if (ftruncate(sink->fd, 0) < 0 || lseek(sink->fd, 0, SEEK_SET) < 0)
    return error_set_errno(error, errno, "a temporary file");
  digest_stream_free(sink->digest);
  sink->digest = digest_stream_new(digest_algorithm(expected));
  sink->received = 0;
  return true;
}

/* A broken transfer goes on where it broke; where the registry cannot, from the start. */
static bool
download(ImageSource *source, const SourceLayer *layer, LayerSink *sink, const SourceCall *call,
         GError **error)
{
  g_autofree char *url = remote_url(source->state, "blobs", layer->digest.text);
  for (int tries = 1;; tries++) {
    g_autofree char *range =
        sink->received == 0
            ? NULL
            : g_strdup_printf("Range: bytes=%" G_GUINT64_FORMAT "-", sink->received);
    bool resumed = range != NULL;
    Request request = {
        .url = url, .range = range, .sink = take_bytes, .sink_data = sink, .limit = layer->size};
    g_autoptr(GError) failure = NULL;
    g_autoptr(HttpResponse) response = send_request(source, &request, call, &failure);
    if (response != NULL && sink->received == sink->size)
      return true;
    bool again = response != NULL || g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_NETWORK) ||
                 (resumed && g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_MISMATCH));
    if (!again || tries == DOWNLOAD_TRIES) {
      if (failure != NULL)
        g_propagate_error(error, g_steal_pointer(&failure));
      else
        error_set(error, ASSAY_ERROR_NETWORK, "%s: the registry sends less than the manifest says",
                  layer->digest.text);
      return false;
    }
    if (!http_pause(PAUSE_MS << (tries - 1), call->cancellable, error))
      return false;
    bool whole_came = resumed && !g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_NETWORK);
    if (whole_came && !start_again(sink, &layer->digest, error))
      return false;
  }
}

static bool
open_layer(ImageSource *source, SourceLayer *layer, const SourceCall *call, GError **error)
{
  /* Nothing else bounds what a registry may send to our disk. */
  if (layer->size > source->limits.layer_unpacked_bytes)
    return error_set(error, ASSAY_ERROR_LIMIT,
                     "%s: %" G_GUINT64_FORMAT " bytes, more than unpacked are allowed "
                     "(limits.layer_unpacked_bytes)",
                     layer->digest.text, layer->size);
  auto_fd int fd = source_temporary_file(error);
  if (fd < 0)
    return false;
  LayerSink sink = {.fd = fd,
                    .size = layer->size,
                    .digest = digest_stream_new(digest_algorithm(&layer->digest)),
                    .name = layer->digest.text,
                    .progress = call->progress};
  bool done = download(source, layer, &sink, call, error);
  Digest actual = digest_stream_current(sink.digest);
  digest_stream_free(sink.digest);
  if (!done)
    return false;
  if (!digest_equal(&actual, &layer->digest))
    return error_set(error, ASSAY_ERROR_MISMATCH,
                     "%s: the registry sends other bytes, of digest %s", layer->digest.text,
                     actual.text);
  layer->fd = fd_steal(&fd);
  return true;
}

const SourceTransport source_docker = {"docker:", open_remote, open_layer, remote_free};
