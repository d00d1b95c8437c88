/* Signatures in another registry; see the header. What comes is compared with its digest. */
#include "source/remote_signatures.h"

#include <string.h>

#include "base/error.h"
#include "remote/referrers.h"

#define DOCKER_HUB "registry-1.docker.io"

static GBytes *
read_checked(const RemoteSignatures *place, const RemoteRequest *request, char **media_type,
             GError **error)
{
  Digest wanted;
  g_autoptr(HttpResponse) response =
      remote_get(place->remote, request, NULL, place->cancellable, error);
  if (response == NULL)
    return NULL;
  bool named = strchr(request->name, ':') != NULL;
  if (named && !digest_parse(request->name, &wanted, error))
    return NULL;
  Digest got = digest_of(named ? digest_algorithm(&wanted) : DIGEST_SHA256,
                         slice_from_bytes(response->body));
  if (named && !digest_equal(&got, &wanted)) {
    error_set(error, ASSAY_ERROR_MISMATCH, "%s: what the registry sends as %s is %s",
              remote_name(place->remote), wanted.text, got.text);
    return NULL;
  }
  const char *type = g_hash_table_lookup(response->headers, "content-type");
  if (media_type != NULL)
    *media_type = type == NULL ? NULL : g_strndup(type, strcspn(type, "; "));
  return g_bytes_ref(response->body);
}

static GBytes *
read_manifest(void *data, const char *reference, char **media_type, GError **error)
{
  const RemoteSignatures *place = data;
  const RemoteRequest request = {
      .kind = "manifests", .name = reference, .limit = place->manifest_bytes};
  return read_checked(place, &request, media_type, error);
}

static GBytes *
read_blob(void *data, const char *digest, uint64_t most, GError **error)
{
  const RemoteRequest request = {.kind = "blobs", .name = digest, .limit = most};
  return read_checked(data, &request, NULL, error);
}

static json_t *
read_referrers(void *data, const char *text, GError **error)
{
  const RemoteSignatures *place = data;
  Digest digest;
  return digest_parse(text, &digest, error)
             ? remote_referrers(place->remote, &digest, place->manifest_bytes, NULL,
                                place->cancellable, error)
             : NULL;
}

const char *const *
remote_signature_hosts(const Reference *reference, const char *one[2])
{
  static const char *const of_hub[] = {"docker.io", "index.docker.io", DOCKER_HUB, NULL};
  one[0] = reference->host;
  one[1] = NULL;
  return strcmp(reference->host, DOCKER_HUB) == 0 ? of_hub : one;
}

SignatureSource
remote_signature_source(RemoteSignatures *place)
{
  return (SignatureSource){place, read_manifest, read_referrers, read_blob, NULL};
}
