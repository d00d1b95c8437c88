/* Observations of layers as those of their image; see the header. */
#include "inspect/observed.h"

struct ReadsInForce {
  guint count;
  bool **layers; /* by layer and read */
};

ReadsInForce *
reads_in_force_new(const GPtrArray *layers)
{
  ReadsInForce *reads = g_new0(ReadsInForce, 1);
  reads->count = layers->len;
  reads->layers = g_new0(bool *, layers->len + 1);
  for (guint i = 0; i < layers->len; i++) {
    const LayerInventory *layer = g_ptr_array_index(layers, i);
    reads->layers[i] = g_new0(bool, layer->reads->len + 1);
  }
  return reads;
}

void
reads_in_force_free(ReadsInForce *reads)
{
  if (reads == NULL)
    return;
  for (guint i = 0; i < reads->count; i++)
    g_free(reads->layers[i]);
  g_free(reads->layers);
  g_free(reads);
}

void
reads_in_force_add(ReadsInForce *reads, unsigned layer, unsigned read)
{
  reads->layers[layer][read] = true;
}

static bool
stays_when_removed(ObservationKind kind)
{
  return kind == OBSERVED_SECRET || kind == OBSERVED_MALWARE;
}

void
observed_of_image(ImageInventory *image, const ReadsInForce *reads)
{
  for (guint i = 0; i < image->layers->len; i++) {
    const LayerInventory *layer = g_ptr_array_index(image->layers, i);
    for (guint j = 0; j < layer->observations->len; j++) {
      const Observation *one = g_ptr_array_index(layer->observations, j);
      bool there = one->read < layer->reads->len && reads->layers[i][one->read];
      if (there || stays_when_removed(one->kind))
        g_ptr_array_add(image->observations,
                        image_observation_new(observation_copy(one), i, !there));
    }
  }
}
