/* Artifacts with signatures; see the headers. */
#include "sign/formats/write.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "oci/artifact_descriptor.h"
#include "oci/media_type.h"
#include "sign/formats/read.h"
#include "sign/formats/write-private.h"

#define VALUES_MAX ((size_t)100 * 1000)

void
signed_artifact_free(SignedArtifact *artifact)
{
  if (artifact == NULL)
    return;
  g_ptr_array_unref(artifact->blobs);
  g_clear_pointer(&artifact->manifest, g_bytes_unref);
  g_free(artifact->tag);
  g_free(artifact->type);
  json_decref(artifact->annotations);
  g_free(artifact);
}

static SignedArtifact *
artifact_new(void)
{
  SignedArtifact *artifact = g_new0(SignedArtifact, 1);
  artifact->blobs = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
  return artifact;
}

/* The descriptor of a blob that goes with it. (transfer full) */
static json_t *
add_blob(SignedArtifact *artifact, const char *media_type, GBytes *bytes)
{
  Digest digest = digest_of(DIGEST_SHA256, slice_from_bytes(bytes));
  g_ptr_array_add(artifact->blobs, g_bytes_ref(bytes));
  return artifact_descriptor(media_type, digest.text, g_bytes_get_size(bytes));
}

static json_t *
add_layer(SignedArtifact *artifact, const SignedLayer *layer)
{
  json_t *descriptor = add_blob(artifact, layer->media_type, layer->bytes);
  if (layer->annotations != NULL)
    json_object_set(descriptor, "annotations", layer->annotations);
  return descriptor;
}

static json_t *
add_text(SignedArtifact *artifact, const char *media_type, char *text)
{
  g_autoptr(GBytes) bytes = g_bytes_new_take(text, strlen(text));
  return add_blob(artifact, media_type, bytes);
}

static void
close_manifest(SignedArtifact *artifact, const json_t *manifest)
{
  char *text = json_to_text(manifest);
  artifact->manifest = g_bytes_new_take(text, strlen(text));
  artifact->digest = digest_of(DIGEST_SHA256, slice_from_bytes(artifact->manifest));
}

/* --- beside an image, as cosign has it --- */

/* What cosign's reader takes for the config of an image with these layers. (transfer full) */
static char *
config_of(const json_t *layers)
{
  json_t *ids = json_array();
  for (size_t i = 0; i < json_array_size(layers); i++)
    json_array_append(ids, json_object_get(json_array_get(layers, i), "digest"));
  g_autoptr(json_t) config =
      json_pack("{s:s,s:s,s:[{s:s}],s:s,s:{s:s,s:o},s:{}}", "architecture", "", "created",
                "0001-01-01T00:00:00Z", "history", "created", "0001-01-01T00:00:00Z", "os", "",
                "rootfs", "type", "layers", "diff_ids", ids, "config");
  return json_to_text(config);
}

/* (transfer full) */
static json_t *
open_existing(GBytes *existing, const char *tag, GError **error)
{
  if (existing == NULL)
    return json_pack("{s:i,s:s,s:{},s:[]}", "schemaVersion", 2, "mediaType",
                     MEDIA_TYPE_OCI_MANIFEST, "config", "layers");
  g_autoptr(json_t) manifest = json_parse_bounded(slice_from_bytes(existing), VALUES_MAX, error);
  if (manifest == NULL) {
    g_prefix_error(error, "the tag %s: ", tag);
    return NULL;
  }
  const char *type = json_get_string(manifest, "mediaType");
  const json_t *layers = json_get_array(manifest, "layers");
  if (layers == NULL || (type != NULL && strcmp(type, MEDIA_TYPE_OCI_MANIFEST) != 0)) {
    error_set(error, ASSAY_ERROR_INVALID, "the tag %s is no list of signatures", tag);
    return NULL;
  }
  if (json_array_size(layers) >= SIGNATURES_MAX) {
    error_set(error, ASSAY_ERROR_LIMIT, "the tag %s has %zu signatures already (at most %u)", tag,
              json_array_size(layers), SIGNATURES_MAX);
    return NULL;
  }
  return g_steal_pointer(&manifest);
}

SignedArtifact *
signed_artifact_beside(const SignedLayer *layer, GBytes *existing, char *tag, GError **error)
{
  g_autoptr(SignedArtifact) artifact = artifact_new();
  artifact->tag = tag;
  g_autoptr(json_t) manifest = open_existing(existing, tag, error);
  if (manifest == NULL)
    return NULL;
  json_t *layers = json_get_array(manifest, "layers");
  json_array_append_new(layers, add_layer(artifact, layer));
  json_object_set_new(manifest, "config",
                      add_text(artifact, MEDIA_TYPE_OCI_CONFIG, config_of(layers)));
  close_manifest(artifact, manifest);
  return g_steal_pointer(&artifact);
}

SignedArtifact *
signed_artifact_existing(GBytes *existing, char *tag)
{
  SignedArtifact *artifact = artifact_new();
  artifact->tag = tag;
  artifact->manifest = g_bytes_ref(existing);
  artifact->digest = digest_of(DIGEST_SHA256, slice_from_bytes(existing));
  artifact->is_there = true;
  return artifact;
}

/* --- referring to it --- */

SignedArtifact *
signed_artifact_referring(const SignedSubject *subject, const SignedLayer *layer, const char *type,
                          const char *config_type, json_t *annotations)
{
  SignedArtifact *artifact = artifact_new();
  artifact->type = g_strdup(type != NULL ? type : config_type);
  artifact->annotations = annotations;
  g_autoptr(json_t) manifest = json_object();
  json_object_set_new(manifest, "schemaVersion", json_integer(2));
  json_set_string(manifest, "mediaType", MEDIA_TYPE_OCI_MANIFEST);
  json_set_string(manifest, "artifactType", type);
  json_object_set_new(manifest, "config",
                      add_text(artifact, config_type, g_strdup(ARTIFACT_EMPTY)));
  json_object_set_new(manifest, "layers", json_pack("[o]", add_layer(artifact, layer)));
  json_object_set_new(
      manifest, "subject",
      artifact_descriptor(subject->media_type, subject->digest.text, subject->size));
  json_object_set(manifest, "annotations", annotations);
  close_manifest(artifact, manifest);
  return artifact;
}
