/* sbom:docker://HOST/REPOSITORY[:TAG|@DIGEST]: an SBOM that lies in a registry, by its own name or
 * by that of the image that it lies beside. Only manifests and lists are parsed here. */
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "oci/media_type.h"
#include "remote/referrers.h"
#include "source/source-private.h"

typedef struct {
  ImageSource *source;
  const SourceCall *call;
  Remote *remote;
} Fetch;

/* The one layer of an artifact that is an SBOM; NULL: it is none. */
static const Descriptor *
document_of(const Manifest *manifest)
{
  if (manifest->kind != MANIFEST_IMAGE || manifest->layers->len != 1)
    return NULL;
  const Descriptor *layer = g_ptr_array_index(manifest->layers, 0);
  return media_type_is_sbom(layer->media_type) ? layer : NULL;
}

static GBytes *
fetch_document(const Fetch *fetch, const Descriptor *document, GError **error)
{
  uint64_t most = fetch->source->limits.layer.file_bytes;
  const RemoteRequest request = {.kind = "blobs", .name = document->digest.text, .limit = most};
  if (document->size > most) {
    error_set(error, ASSAY_ERROR_LIMIT,
              "%s: larger than %" G_GUINT64_FORMAT " bytes (limits.file_bytes)",
              document->digest.text, most);
    return NULL;
  }
  g_autoptr(HttpResponse) response =
      remote_get(fetch->remote, &request, fetch->call->progress, fetch->call->cancellable, error);
  if (response == NULL)
    return NULL;
  Digest digest = digest_of(digest_algorithm(&document->digest), slice_from_bytes(response->body));
  if (digest_equal(&digest, &document->digest))
    return g_bytes_ref(response->body);
  error_set(error, ASSAY_ERROR_MISMATCH, "%s: the registry sends other bytes for %s",
            remote_name(fetch->remote), document->digest.text);
  return NULL;
}

static Manifest *
parse(const HttpResponse *response, GError **error)
{
  const char *type = g_hash_table_lookup(response->headers, "content-type");
  g_autofree char *media_type = type == NULL ? NULL : g_strndup(type, strcspn(type, "; "));
  return manifest_parse(slice_from_bytes(response->body), media_type, error);
}

/* The digest of the one SBOM beside the image. (transfer full) */
static char *
choose(const Fetch *fetch, const json_t *referrers, GError **error)
{
  unsigned count = 0;
  size_t index;
  json_t *referrer;
  const char *found = NULL;
  g_autoptr(GString) names = g_string_new(NULL);
  json_array_foreach(referrers, index, referrer) {
    const char *type = json_get_string(referrer, "artifactType");
    const char *digest = json_get_string(referrer, "digest");
    if (type == NULL || !media_type_is_sbom(type) || digest == NULL ||
        !digest_parse(digest, &(Digest){{0}}, NULL))
      continue;
    found = digest;
    source_list_name(names, &count, digest);
  }
  if (count == 1)
    return g_strdup(found);
  source_list_end(names, count);
  const char *name = remote_name(fetch->remote);
  if (count == 0)
    error_set(error, ASSAY_ERROR_NOT_FOUND,
              "%s: it is no SBOM, and none lies beside it; `assay sbom` makes one", name);
  else
    error_set(error, ASSAY_ERROR_INVALID,
              "%s: several SBOMs lie beside it; name one by its digest: %s", name, names->str);
  return NULL;
}

/* The SBOM that lies beside the manifest. */
static GBytes *
fetch_beside(const Fetch *fetch, Slice manifest, GError **error)
{
  const SourceCall *call = fetch->call;
  uint64_t most = fetch->source->manifest_bytes;
  Digest subject = digest_of(DIGEST_SHA256, manifest);
  g_autoptr(json_t) referrers =
      remote_referrers(fetch->remote, &subject, most, call->progress, call->cancellable, error);
  g_autofree char *digest = referrers == NULL ? NULL : choose(fetch, referrers, error);
  if (digest == NULL)
    return NULL;
  const RemoteRequest request = {.kind = "manifests", .name = digest, .limit = most};
  g_autoptr(HttpResponse) response =
      remote_get(fetch->remote, &request, call->progress, call->cancellable, error);
  g_autoptr(Manifest) artifact = response == NULL ? NULL : parse(response, error);
  const Descriptor *document = artifact == NULL ? NULL : document_of(artifact);
  if (artifact != NULL && document == NULL)
    error_set(error, ASSAY_ERROR_UNSUPPORTED, "%s: %s is no SBOM in one layer",
              remote_name(fetch->remote), digest);
  return document == NULL ? NULL : fetch_document(fetch, document, error);
}

GBytes *
source_fetch_sbom(ImageSource *source, const char *place, const SourceCall *call, GError **error)
{
  g_autoptr(Remote) remote = source_remote(source, place, call, error);
  if (remote == NULL)
    return NULL;
  const Fetch fetch = {source, call, remote};
  g_autoptr(HttpResponse) response =
      remote_get_first(remote, source->manifest_bytes, call->progress, call->cancellable, error);
  g_autoptr(Manifest) manifest = response == NULL ? NULL : parse(response, error);
  if (manifest == NULL)
    return NULL;
  Slice bytes = slice_from_bytes(response->body);
  const char *named = remote_reference(remote)->digest;
  Digest digest = digest_of(DIGEST_SHA256, bytes);
  if (named != NULL && g_str_has_prefix(named, "sha256:") && strcmp(named, digest.text) != 0) {
    error_set(error, ASSAY_ERROR_MISMATCH, "%s: the registry sends other bytes for %s",
              remote_name(remote), named);
    return NULL;
  }
  const Descriptor *document = document_of(manifest);
  return document != NULL ? fetch_document(&fetch, document, error)
                          : fetch_beside(&fetch, bytes, error);
}
