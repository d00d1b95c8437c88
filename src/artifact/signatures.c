/* Signatures of images in other registries; see the header. */
#include "artifact/signatures.h"

#include <string.h>

#include "artifact/attach.h"
#include "base/error.h"
#include "base/fd.h"
#include "oci/media_type.h"
#include "remote/push.h"

void
remote_image_clear(RemoteImage *image)
{
  g_free(image->media_type);
  g_clear_pointer(&image->manifest, g_bytes_unref);
  image->media_type = NULL;
}

/* --- images --- */

static bool
take_image(const Remote *remote, const char *wanted, HttpResponse *response, RemoteImage *image,
           GError **error)
{
  Slice bytes = slice_from_bytes(response->body);
  Digest named;
  bool by_digest = wanted != NULL && digest_parse(wanted, &named, NULL);
  image->digest = digest_of(by_digest ? digest_algorithm(&named) : DIGEST_SHA256, bytes);
  image->media_type = artifact_media_type(response);
  image->manifest = g_bytes_ref(response->body);
  return !by_digest || digest_equal(&named, &image->digest) ||
         error_set(error, ASSAY_ERROR_MISMATCH, "%s: the registry sends other bytes for %s",
                   remote_name(remote), wanted);
}

bool
remote_image_open(Remote *remote, RemoteImage *image, const Progress *progress,
                  Cancellable *cancellable, GError **error)
{
  g_autoptr(HttpResponse) response =
      remote_get_first(remote, ARTIFACT_MANIFEST_MAX, progress, cancellable, error);
  return response != NULL &&
         take_image(remote, remote_reference(remote)->digest, response, image, error);
}

static HttpResponse *
get(Remote *remote, const char *kind, const char *name, uint64_t limit, Cancellable *cancellable,
    GError **error)
{
  const RemoteRequest request = {.kind = kind, .name = name, .limit = limit};
  return remote_get(remote, &request, NULL, cancellable, error);
}

bool
remote_image_get(Remote *remote, const Digest *digest, RemoteImage *image, Cancellable *cancellable,
                 GError **error)
{
  g_autoptr(HttpResponse) response =
      get(remote, "manifests", digest->text, ARTIFACT_MANIFEST_MAX, cancellable, error);
  return response != NULL && take_image(remote, digest->text, response, image, error);
}

SignedSubject
remote_image_subject(const RemoteImage *image)
{
  return (SignedSubject){.media_type = image->media_type,
                         .digest = image->digest,
                         .size = g_bytes_get_size(image->manifest)};
}

/* --- writing --- */

bool
signature_tag_get(Remote *remote, const char *tag, GBytes **manifest, Cancellable *cancellable,
                  GError **error)
{
  GError *failure = NULL;
  g_autoptr(HttpResponse) response =
      get(remote, "manifests", tag, ARTIFACT_MANIFEST_MAX, cancellable, &failure);
  *manifest = response == NULL ? NULL : g_bytes_ref(response->body);
  if (response != NULL || g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND)) {
    g_clear_error(&failure);
    return true;
  }
  g_propagate_error(error, failure);
  return false;
}

static bool
push_blob(Remote *remote, GBytes *blob, Cancellable *cancellable, GError **error)
{
  Slice bytes = slice_from_bytes(blob);
  Digest digest = digest_of(DIGEST_SHA256, bytes);
  auto_fd int fd = memory_file_new("signature", error);
  return fd >= 0 && fd_write_all(fd, bytes, error) &&
         remote_push_blob(remote, &digest, fd, bytes.size, NULL, cancellable, error);
}

bool
signature_push(Remote *remote, const SignedArtifact *artifact, const Digest *subject,
               Cancellable *cancellable, GError **error)
{
  Slice manifest = slice_from_bytes(artifact->manifest);
  bool listed = false;
  if (artifact->is_there)
    return true;
  for (guint i = 0; i < artifact->blobs->len; i++)
    if (!push_blob(remote, g_ptr_array_index(artifact->blobs, i), cancellable, error))
      return false;
  const char *name = artifact->tag != NULL ? artifact->tag : artifact->digest.text;
  if (!remote_push_manifest(remote, name, MEDIA_TYPE_OCI_MANIFEST, manifest, &listed, cancellable,
                            error))
    return false;
  const ListedReferrer referrer = {.digest = &artifact->digest,
                                   .size = manifest.size,
                                   .type = artifact->type,
                                   .annotations = artifact->annotations};
  return artifact->tag != NULL || listed ||
         referrer_list(remote, subject, &referrer, cancellable, error);
}
