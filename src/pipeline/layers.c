/* What a layer's bytes look like, and having them inspected. */
#include "base/error.h"
#include "base/fd.h"
#include "inspect/fingerprint.h"
#include "inspect/inspection.h"
#include "pipeline/pipeline-private.h"

bool
layers_look_inspectable(Pipeline *pipeline, const Digest *digest)
{
  auto_fd int fd = blob_store_open_blob(pipeline->blobs, digest, NULL, NULL);
  return fd >= 0 && inspect_looks_like_layer(fd);
}

/* What podman would unpack and we do not: such a layer must not pass for one that holds nothing. */
static const char *
unread_compression(int fd)
{
  uint8_t bytes[8];
  gssize got = fd_read_at(fd, bytes, sizeof bytes, 0);
  Slice head = got <= 0 ? SLICE_EMPTY : slice_new(bytes, (size_t)got);
  if (slice_has_prefix(head, SLICE_LITERAL("BZh")))
    return "bzip2";
  return slice_has_prefix(head, SLICE_LITERAL("\xfd\x37zXZ")) ? "xz" : NULL;
}

LayerInventory *
layers_inspect_for(Pipeline *pipeline, const Digest *digest, const GPtrArray *links,
                   Cancellable *cancellable, GError **error)
{
  InspectionInput input = {
      .layer = digest, .links = links, .allow_uncaged = pipeline->options.allow_uncaged};
  auto_fd int fd = blob_store_open_blob(pipeline->blobs, digest, &input.size, error);
  if (fd < 0)
    return NULL;
  input.fd = fd;
  const char *unread = unread_compression(fd);
  if (unread != NULL) {
    error_set(error, ASSAY_ERROR_UNSUPPORTED,
              "layer %s: compressed by %s, which is not read; push it with gzip or zstd",
              digest->text, unread);
    return NULL;
  }
  return inspect_layer(&input, pipeline->options.inspection, cancellable, error);
}

LayerOutcome
layers_inspect(Pipeline *pipeline, const Digest *digest, Cancellable *cancellable,
               int64_t *retry_at, GError **error)
{
  g_autoptr(GError) failure = NULL, unnoted = NULL;
  /* Two may have wanted it at the same time. */
  g_auto(LayerState) known =
      inventories_state(pipeline->sql, digest, detectors_fingerprint(), NULL);
  if (known.state == INVENTORY_THERE) {
    early_layers_forget(pipeline, digest);
    return LAYER_INSPECTED;
  }
  g_autoptr(LayerInventory) inventory = early_layers_take(pipeline, digest, cancellable);
  if (inventory == NULL)
    inventory = layers_inspect_for(pipeline, digest, NULL, cancellable, &failure);
  if (inventory != NULL)
    inventories_keep_finds(pipeline->sql, inventory);
  if (inventory != NULL && inventories_store(pipeline->sql, inventory, &failure)) {
    /* It may have come once more meanwhile. */
    early_layers_forget(pipeline, digest);
    return LAYER_INSPECTED;
  }
  /* What cannot be noted now is inspected again with its image. */
  *retry_at = g_get_real_time() + G_USEC_PER_SEC;
  if (!cancellable_is_cancelled(cancellable) &&
      !faults_store_layer(pipeline->sql, digest, failure, retry_at, &unnoted))
    faults_rest(pipeline, digest->text, unnoted);
  g_propagate_error(error, g_steal_pointer(&failure));
  return *retry_at == 0 ? LAYER_FAILED : LAYER_POSTPONED;
}
