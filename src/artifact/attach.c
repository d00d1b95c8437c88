/* Attaching artifacts to images; see the header. */
#include "artifact/attach.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "oci/media_type.h"
#include "oci/reference.h"
#include "remote/push.h"

/* The manifest of that tag or digest. (transfer full) */
static HttpResponse *
get_manifest(Remote *remote, const char *name, Cancellable *cancellable, GError **error)
{
  const RemoteRequest request = {.kind = "manifests", .name = name, .limit = ARTIFACT_MANIFEST_MAX};
  return remote_get(remote, &request, NULL, cancellable, error);
}

/* The descriptor of the manifest @subject as the registry has it. (transfer full) */
static json_t *
describe_subject(Remote *remote, const Digest *subject, Cancellable *cancellable, GError **error)
{
  g_autoptr(HttpResponse) response = get_manifest(remote, subject->text, cancellable, error);
  if (response == NULL)
    return NULL;
  Slice bytes = slice_from_bytes(response->body);
  Digest digest = digest_of(digest_algorithm(subject), bytes);
  if (!digest_equal(&digest, subject)) {
    error_set(error, ASSAY_ERROR_MISMATCH, "%s: the registry sends other bytes for %s",
              remote_name(remote), subject->text);
    return NULL;
  }
  g_autofree char *media_type = artifact_media_type(response);
  return artifact_descriptor(media_type, subject->text, bytes.size);
}

/* --- for registries that keep no lists of referrers --- */

static bool
is_listed(const json_t *manifests, const char *digest)
{
  for (size_t i = 0; i < json_array_size(manifests); i++)
    if (g_strcmp0(json_get_string(json_array_get(manifests, i), "digest"), digest) == 0)
      return true;
  return false;
}

/* The index at @tag, or an empty one. (transfer full), or NULL with *error. */
static json_t *
read_list(Remote *remote, const char *tag, Cancellable *cancellable, GError **error)
{
  GError *failure = NULL;
  g_autoptr(HttpResponse) response = get_manifest(remote, tag, cancellable, &failure);
  if (response != NULL)
    return json_parse(slice_from_bytes(response->body), error);
  if (!g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND)) {
    g_propagate_error(error, failure);
    return NULL;
  }
  g_error_free(failure);
  json_t *list = json_object();
  json_object_set_new(list, "schemaVersion", json_integer(2));
  json_set_string(list, "mediaType", MEDIA_TYPE_OCI_INDEX);
  json_object_set_new(list, "manifests", json_array());
  return list;
}

bool
referrer_list(Remote *remote, const Digest *subject, const ListedReferrer *referrer,
              Cancellable *cancellable, GError **error)
{
  g_autofree char *tag = tag_of_referrers(subject);
  g_autoptr(json_t) list = read_list(remote, tag, cancellable, error);
  if (list == NULL)
    return false;
  json_t *manifests = json_get_array(list, "manifests");
  if (manifests == NULL)
    return error_set(error, ASSAY_ERROR_INVALID, "%s: the tag %s is no list of referrers",
                     remote_name(remote), tag);
  if (is_listed(manifests, referrer->digest->text))
    return true;
  json_t *entry =
      artifact_descriptor(MEDIA_TYPE_OCI_MANIFEST, referrer->digest->text, referrer->size);
  json_set_string(entry, "artifactType", referrer->type);
  if (referrer->annotations != NULL)
    json_object_set(entry, "annotations", referrer->annotations);
  json_array_append_new(manifests, entry);
  g_autofree char *text = json_to_text(list);
  return remote_push_manifest(remote, tag, MEDIA_TYPE_OCI_INDEX, slice_from_string(text), NULL,
                              cancellable, error);
}

/* --- */

bool
artifact_attach(Remote *remote, Artifact *artifact, const Digest *subject, Digest *digest,
                const Progress *progress, Cancellable *cancellable, GError **error)
{
  progress_tell(progress, "asking the registry", 0, 0);
  g_autoptr(HttpResponse) first =
      remote_get_first(remote, ARTIFACT_MANIFEST_MAX, progress, cancellable, error);
  g_autoptr(json_t) about =
      first == NULL ? NULL : describe_subject(remote, subject, cancellable, error);
  if (about == NULL)
    return false;
  artifact->subject = about;
  g_autofree char *manifest = artifact_manifest(artifact);
  artifact->subject = NULL;
  Slice bytes = slice_from_string(manifest);
  bool listed = false;
  *digest = digest_of(DIGEST_SHA256, bytes);
  const ListedReferrer referrer = {.digest = digest,
                                   .size = bytes.size,
                                   .type = artifact->type,
                                   .annotations = artifact->annotations};
  return artifact_push_blobs(remote, artifact, progress, cancellable, error) &&
         remote_push_manifest(remote, digest->text, MEDIA_TYPE_OCI_MANIFEST, bytes, &listed,
                              cancellable, error) &&
         (listed || referrer_list(remote, subject, &referrer, cancellable, error));
}
