/* Artifacts in registries; see the header. */
#include "artifact/artifact.h"

#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/json.h"
#include "oci/media_type.h"
#include "remote/push.h"

#define TITLE_ANNOTATION "org.opencontainers.image.title"

char *
artifact_manifest(const Artifact *artifact)
{
  g_autoptr(json_t) manifest = json_object();
  json_t *layers = json_array();
  json_t *layer = artifact_descriptor(artifact->layer_type, artifact->digest.text, artifact->size);
  json_object_set_new(manifest, "schemaVersion", json_integer(2));
  json_set_string(manifest, "mediaType", MEDIA_TYPE_OCI_MANIFEST);
  json_set_string(manifest, "artifactType", artifact->type);
  json_object_set_new(
      manifest, "config",
      artifact_descriptor(MEDIA_TYPE_OCI_EMPTY, ARTIFACT_EMPTY_DIGEST, sizeof ARTIFACT_EMPTY - 1));
  if (artifact->title != NULL)
    json_object_set_new(layer, "annotations",
                        json_pack("{s:s}", TITLE_ANNOTATION, artifact->title));
  json_array_append_new(layers, layer);
  json_object_set_new(manifest, "layers", layers);
  if (artifact->annotations != NULL)
    json_object_set(manifest, "annotations", artifact->annotations);
  if (artifact->subject != NULL)
    json_object_set(manifest, "subject", artifact->subject);
  return json_to_text(manifest);
}

char *
artifact_media_type(const HttpResponse *response)
{
  const char *type = g_hash_table_lookup(response->headers, "content-type");
  size_t size = type == NULL ? 0 : strcspn(type, "; ");
  return size == 0 ? g_strdup(MEDIA_TYPE_OCI_MANIFEST) : g_strndup(type, size);
}

static bool
push_config(Remote *remote, Cancellable *cancellable, GError **error)
{
  Slice text = SLICE_LITERAL(ARTIFACT_EMPTY);
  Digest digest = digest_of(DIGEST_SHA256, text);
  auto_fd int fd = memory_file_new("config", error);
  return fd >= 0 && fd_write_all(fd, text, error) &&
         remote_push_blob(remote, &digest, fd, text.size, NULL, cancellable, error);
}

bool
artifact_push_blobs(Remote *remote, const Artifact *artifact, const Progress *progress,
                    Cancellable *cancellable, GError **error)
{
  return push_config(remote, cancellable, error) &&
         remote_push_blob(remote, &artifact->digest, artifact->fd, artifact->size, progress,
                          cancellable, error);
}

bool
artifact_push(Remote *remote, const Artifact *artifact, Digest *digest, const Progress *progress,
              Cancellable *cancellable, GError **error)
{
  g_autoptr(GError) failure = NULL;
  progress_tell(progress, "asking the registry", 0, 0);
  g_autoptr(HttpResponse) present =
      remote_get_first(remote, ARTIFACT_MANIFEST_MAX, progress, cancellable, &failure);
  /* Who may not read may still write; what was asked for tells which scheme it speaks. */
  if (present == NULL && !g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND) &&
      !g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_DENIED)) {
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
  }
  g_autofree char *manifest = artifact_manifest(artifact);
  Slice bytes = slice_from_string(manifest);
  *digest = digest_of(DIGEST_SHA256, bytes);
  const Reference *reference = remote_reference(remote);
  const char *name = reference->digest != NULL ? reference->digest : reference->tag;
  return artifact_push_blobs(remote, artifact, progress, cancellable, error) &&
         remote_push_manifest(remote, name, MEDIA_TYPE_OCI_MANIFEST, bytes, NULL, cancellable,
                              error);
}
