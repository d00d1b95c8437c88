/* What a layer's bytes look like, and having them inspected. */
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "inspect/fingerprint.h"
#include "inspect/inspection.h"
#include "pipeline/pipeline-private.h"

#define HEAD_BYTES 512u

static Slice
read_head(Pipeline *pipeline, const Digest *digest, uint8_t head[HEAD_BYTES])
{
  auto_fd int fd = blob_store_open_blob(pipeline->blobs, digest, NULL, NULL);
  ssize_t got = fd < 0 ? -1 : pread(fd, head, HEAD_BYTES, 0);
  return got <= 0 ? SLICE_EMPTY : slice_new(head, (size_t)got);
}

/* gzip, zstd, or a tar's "ustar" at its place: everything else (configs, signatures, charts'
 * metadata) is worth a worker only when a manifest calls it a layer. */
bool
layers_look_inspectable(Pipeline *pipeline, const Digest *digest)
{
  uint8_t bytes[HEAD_BYTES];
  Slice head = read_head(pipeline, digest, bytes);
  return slice_has_prefix(head, SLICE_LITERAL("\x1f\x8b")) ||
         slice_has_prefix(head, SLICE_LITERAL("\x28\xb5\x2f\xfd")) ||
         slice_equal_string(slice_sub(head, 257, 5), "ustar");
}

/* What podman would unpack and we do not: such a layer must not pass for one that holds nothing. */
static const char *
unread_compression(Pipeline *pipeline, const Digest *digest)
{
  uint8_t bytes[HEAD_BYTES];
  Slice head = read_head(pipeline, digest, bytes);
  if (slice_has_prefix(head, SLICE_LITERAL("BZh")))
    return "bzip2";
  return slice_has_prefix(head, SLICE_LITERAL("\xfd\x37zXZ")) ? "xz" : NULL;
}

LayerInventory *
layers_inspect_for(Pipeline *pipeline, const Digest *digest, const GPtrArray *links,
                   GCancellable *cancellable, GError **error)
{
  InspectionInput input = {
      .layer = digest, .links = links, .allow_uncaged = pipeline->options.allow_uncaged};
  auto_fd int fd = blob_store_open_blob(pipeline->blobs, digest, &input.size, error);
  if (fd < 0)
    return NULL;
  input.fd = fd;
  const char *unread = unread_compression(pipeline, digest);
  if (unread != NULL) {
    error_set(error, ASSAY_ERROR_UNSUPPORTED,
              "layer %s: compressed by %s, which is not read; push it with gzip or zstd",
              digest->text, unread);
    return NULL;
  }
  return inspect_layer(&input, pipeline->options.inspection, cancellable, error);
}

LayerOutcome
layers_inspect(Pipeline *pipeline, const Digest *digest, GCancellable *cancellable,
               int64_t *retry_at, GError **error)
{
  g_autoptr(GError) failure = NULL, unnoted = NULL;
  /* Two may have wanted it at the same time. */
  g_auto(LayerState) known =
      inventories_state(pipeline->sql, digest, detectors_fingerprint(), NULL);
  if (known.state == INVENTORY_THERE)
    return LAYER_INSPECTED;
  g_autoptr(LayerInventory) inventory =
      layers_inspect_for(pipeline, digest, NULL, cancellable, &failure);
  if (inventory != NULL && inventories_store(pipeline->sql, inventory, &failure))
    return LAYER_INSPECTED;
  /* What cannot be noted now is inspected again with its image. */
  *retry_at = g_get_real_time() + G_USEC_PER_SEC;
  if (!g_cancellable_is_cancelled(cancellable) &&
      !faults_store_layer(pipeline->sql, digest, failure, retry_at, &unnoted))
    faults_rest(pipeline, digest->text, unnoted);
  g_propagate_error(error, g_steal_pointer(&failure));
  return *retry_at == 0 ? LAYER_FAILED : LAYER_POSTPONED;
}
