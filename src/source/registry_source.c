/* docker://HOST[:PORT]/REPOSITORY[:TAG|@DIGEST]: an image in a registry (remote/client.h). Layers
 * go to temporary files, their digests checked as they come. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "oci/media_type.h"
#include "remote/client.h"
#include "source/source-private.h"

#define DOWNLOAD_TRIES 4
#define PAUSE_MS       250u /* before the first repetition; doubles */

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

static bool
open_remote(ImageSource *source, const char *place, const SourceCall *call, GError **error)
{
  if (g_str_has_prefix(place, "//"))
    place += 2;
  Reference *reference = reference_parse(place, error);
  if (reference == NULL)
    return false;
  RemoteOptions options = {.name = source->target,
                           .credentials = source->credentials,
                           .authfile = source->authfile,
                           .ca_file = source->ca_file,
                           .cert_dir = source->cert_dir,
                           .insecure = source->insecure};
  source->state = remote_new(reference, &options, call->cancellable, error);
  if (source->state == NULL)
    return false;
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
  for (int tries = 1;; tries++) {
    bool resumed = sink->received != 0;
    RemoteRequest request = {.kind = "blobs",
                             .name = layer->digest.text,
                             .from = sink->received,
                             .sink = take_bytes,
                             .sink_data = sink,
                             .limit = layer->size};
    g_autoptr(GError) failure = NULL;
    g_autoptr(HttpResponse) response =
        remote_get(source->state, &request, call->progress, call->cancellable, &failure);
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
  if (layer->size > source->limits.layer.unpacked_bytes)
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

const SourceTransport source_docker = {"docker:", open_remote, open_layer, free_remote};
