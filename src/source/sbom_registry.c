/* sbom:docker://HOST/REPOSITORY[:TAG|@DIGEST]: an SBOM, or an attestation with one in it, that lies
 * in a registry, by its own name or by that of the image that it lies beside. Only manifests and
 * lists are parsed here. */
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "inspect/sboms/sboms.h"
#include "oci/media_type.h"
#include "remote/referrers.h"
#include "sign/formats/cosign.h"
#include "sign/formats/dsse.h"
#include "source/source-private.h"

typedef struct {
  ImageSource *source;
  const SourceCall *call;
  Remote *remote;
} Fetch;

/* Annotations in which cosign, sigstore and BuildKit name what an attestation is. */
static const char *const predicate_keys[] = {"predicateType", "dev.sigstore.bundle.predicateType",
                                             "in-toto.io/predicate-type"};

static bool
is_sbom_predicate(const char *predicate)
{
  return g_str_has_prefix(predicate, "https://cyclonedx.org/bom") ||
         g_str_has_prefix(predicate, "https://spdx.dev/Document");
}

/* Whether an attestation may be an SBOM: where it does not tell, it may. */
static bool
may_be_sbom(const Descriptor *layer)
{
  for (size_t i = 0; layer->annotations != NULL && i < G_N_ELEMENTS(predicate_keys); i++) {
    const char *predicate = g_hash_table_lookup(layer->annotations, predicate_keys[i]);
    if (predicate != NULL)
      return is_sbom_predicate(predicate);
  }
  return true;
}

/* The one layer of an artifact that is an SBOM, or one of an attestation among others; NULL: it is
 * none. */
static const Descriptor *
document_of(const Manifest *manifest)
{
  const Descriptor *found = NULL;
  if (manifest->kind != MANIFEST_IMAGE)
    return NULL;
  for (guint i = 0; i < manifest->layers->len; i++) {
    const Descriptor *layer = g_ptr_array_index(manifest->layers, i);
    bool attests = media_type_is_attestation(layer->media_type);
    if (attests && !may_be_sbom(layer))
      continue;
    if (found != NULL || (!attests && !media_type_is_sbom(layer->media_type)))
      return NULL;
    found = layer;
  }
  return found;
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

/* The document, and where it is known which image it is @about, its *path. */
static GBytes *
take_document(const Fetch *fetch, const Descriptor *document, const char *about, char **path,
              GError **error)
{
  if (about != NULL) {
    bool attests = media_type_is_attestation(document->media_type);
    g_free(*path);
    *path = g_strconcat(attests ? SBOM_TARGET_OF : SBOM_TARGET_BESIDE, about, NULL);
  }
  return fetch_document(fetch, document, error);
}

static bool
is_wanted(const json_t *referrer, bool attestations)
{
  const char *type = json_get_string(referrer, "artifactType");
  const char *digest = json_get_string(referrer, "digest");
  const json_t *annotations = json_get_object(referrer, "annotations");
  if (type == NULL || digest == NULL || !digest_parse(digest, &(Digest){{0}}, NULL))
    return false;
  if (!attestations)
    return media_type_is_sbom(type);
  for (size_t i = 0; i < G_N_ELEMENTS(predicate_keys); i++) {
    const char *predicate = json_get_string(annotations, predicate_keys[i]);
    if (predicate != NULL && !is_sbom_predicate(predicate))
      return false;
  }
  return media_type_is_attestation(type);
}

/* The digest of the one SBOM, or attestation, beside the image. NULL without an error: there is
 * none. (transfer full) */
static char *
choose(const Fetch *fetch, const json_t *referrers, bool attestations, GError **error)
{
  unsigned count = 0;
  size_t index;
  json_t *referrer;
  const char *found = NULL;
  g_autoptr(GString) names = g_string_new(NULL);
  json_array_foreach(referrers, index, referrer) {
    if (!is_wanted(referrer, attestations))
      continue;
    found = json_get_string(referrer, "digest");
    source_list_name(names, &count, found);
  }
  if (count <= 1)
    return g_strdup(found);
  source_list_end(names, count);
  error_set(error, ASSAY_ERROR_INVALID, "%s: several %s lie beside it; name one by its digest: %s",
            remote_name(fetch->remote), attestations ? "attestations" : "SBOMs", names->str);
  return NULL;
}

/* An SBOM goes before an attestation, and a referrer before the tag at which cosign keeps
 * attestations. (transfer full) */
static char *
name_beside(const Fetch *fetch, const Digest *subject, GError **error)
{
  const SourceCall *call = fetch->call;
  g_autoptr(GError) reason = NULL;
  g_autoptr(json_t) referrers =
      remote_referrers(fetch->remote, subject, fetch->source->manifest_bytes, call->progress,
                       call->cancellable, &reason);
  char *digest = referrers == NULL ? NULL : choose(fetch, referrers, false, &reason);
  if (digest == NULL && reason == NULL)
    digest = choose(fetch, referrers, true, &reason);
  if (digest == NULL && reason == NULL)
    digest = cosign_tag(subject, DSSE_ATTESTATION_SUFFIX);
  if (reason != NULL)
    g_propagate_error(error, g_steal_pointer(&reason));
  return digest;
}

/* The SBOM that lies beside the manifest. */
static GBytes *
fetch_beside(const Fetch *fetch, Slice manifest, char **path, GError **error)
{
  const SourceCall *call = fetch->call;
  const char *name = remote_name(fetch->remote);
  Digest about = digest_of(DIGEST_SHA256, manifest);
  g_autofree char *beside = name_beside(fetch, &about, error);
  if (beside == NULL)
    return NULL;
  const RemoteRequest request = {
      .kind = "manifests", .name = beside, .limit = fetch->source->manifest_bytes};
  g_autoptr(GError) reason = NULL;
  g_autoptr(HttpResponse) response =
      remote_get(fetch->remote, &request, call->progress, call->cancellable, &reason);
  if (g_error_matches(reason, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND)) {
    error_set(error, ASSAY_ERROR_NOT_FOUND,
              "%s: it is no SBOM, and none lies beside it; `assay sbom` makes one", name);
    return NULL;
  }
  if (reason != NULL) {
    g_propagate_error(error, g_steal_pointer(&reason));
    return NULL;
  }
  g_autoptr(Manifest) artifact = parse(response, error);
  const Descriptor *document = artifact == NULL ? NULL : document_of(artifact);
  if (artifact != NULL && document == NULL)
    error_set(error, ASSAY_ERROR_UNSUPPORTED, "%s: %s is no SBOM in one layer, or holds several",
              name, beside);
  return document == NULL ? NULL : take_document(fetch, document, about.text, path, error);
}

GBytes *
source_fetch_sbom(ImageSource *source, const char *place, const SourceCall *call, char **path,
                  GError **error)
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
  const char *about = manifest->subject == NULL ? NULL : manifest->subject->digest.text;
  return document != NULL ? take_document(&fetch, document, about, path, error)
                          : fetch_beside(&fetch, bytes, path, error);
}
