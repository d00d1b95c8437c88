/* docker://HOST[:PORT]/REPOSITORY[:TAG|@DIGEST]: an image in a registry (remote/client.h). Layers
 * go to temporary files, their digests checked as they come. */
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "oci/media_type.h"
#include "remote/client.h"
#include "remote/download.h"
#include "source/source-private.h"

static void
free_remote(void *state)
{
  remote_free(state);
}

/* --- manifests and configs --- */

static GBytes *
read_blob(ImageSource *source, const Descriptor *descriptor, const SourceCall *call, GError **error)
{
  bool manifest =
      media_type_is_manifest(descriptor->media_type) || media_type_is_index(descriptor->media_type);
  RemoteRequest request = {.kind = manifest ? "manifests" : "blobs",
                           .name = descriptor->digest.text,
                           .limit = source->manifest_bytes};
  g_autoptr(HttpResponse) response =
      remote_get(source->state, &request, call->progress, call->cancellable, error);
  return response == NULL ? NULL : g_bytes_ref(response->body);
}

Remote *
source_remote(const ImageSource *source, const char *place, const SourceCall *call, GError **error)
{
  if (g_str_has_prefix(place, "//"))
    place += 2;
  Reference *reference = reference_parse(place, error);
  const RemoteOptions options = {.name = source->target,
                                 .credentials = source->credentials,
                                 .authfile = source->authfile,
                                 .authorization = source->authorization,
                                 .ca_file = source->ca_file,
                                 .cert_dir = source->cert_dir,
                                 .insecure = source->insecure};
  return reference == NULL ? NULL : remote_new(reference, &options, call->cancellable, error);
}

static bool
open_remote(ImageSource *source, const char *place, const SourceCall *call, GError **error)
{
  source->state = source_remote(source, place, call, error);
  if (source->state == NULL)
    return false;
  const Reference *reference = remote_reference(source->state);
  progress_tell(call->progress, "asking the registry", 0, 0);
  g_autoptr(HttpResponse) response = remote_get_first(source->state, source->manifest_bytes,
                                                      call->progress, call->cancellable, error);
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

static bool
open_layer(ImageSource *source, SourceLayer *layer, const SourceCall *call, GError **error)
{
  /* Nothing else bounds what a registry may send to our disk. */
  if (layer->size > source->limits.layer.unpacked_bytes)
    return error_set(error, ASSAY_ERROR_LIMIT,
                     "%s: %" G_GUINT64_FORMAT " bytes, more than unpacked are allowed "
                     "(limits.layer_unpacked_bytes)",
                     layer->digest.text, layer->size);
  auto_fd int fd = temporary_file_new(NULL, error);
  if (fd < 0)
    return false;
  GError *failure = NULL;
  if (!remote_download(source->state, &layer->digest, layer->size, fd, call->progress,
                       call->cancellable, &failure)) {
    if (g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_IO) ||
        g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_FULL))
      g_prefix_error(&failure,
                     "a temporary file in %s ($TMPDIR names another folder): ", g_get_tmp_dir());
    g_propagate_error(error, failure);
    return false;
  }
  layer->fd = fd_steal(&fd);
  return true;
}

static bool
has_layer(const ImageSource *source, const SourceLayer *layer, Cancellable *cancellable)
{
  bool has = false;
  return remote_has_blob(source->state, &layer->digest, &has, cancellable, NULL) && has;
}

const SourceTransport source_docker = {"docker:", open_remote, open_layer, free_remote, has_layer};
