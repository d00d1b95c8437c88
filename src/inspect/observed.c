/* Observations of layers as those of their image; see the header. */
#include "inspect/observed.h"

#include <string.h>

#include "inspect/hidden_paths.h"

struct ReadsInForce {
  guint count;
  const char ***layers; /* by layer and read: the first place that it is read for; NULL: none */
};

ReadsInForce *
reads_in_force_new(const GPtrArray *layers)
{
  ReadsInForce *reads = g_new0(ReadsInForce, 1);
  reads->count = layers->len;
  reads->layers = g_new0(const char **, layers->len + 1);
  for (guint i = 0; i < layers->len; i++) {
    const LayerInventory *layer = g_ptr_array_index(layers, i);
    reads->layers[i] = g_new0(const char *, layer->reads->len + 1);
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
reads_in_force_add(ReadsInForce *reads, unsigned layer, unsigned read, const char *place)
{
  if (reads->layers[layer][read] == NULL)
    reads->layers[layer][read] = place;
}

/* A fact is of the place that its service opens, whatever links lead from there. (transfer full) */
static Observation *
observation_at(const Observation *one, const char *place)
{
  Observation at = *one;
  if (one->kind == OBSERVED_FACT && place != NULL)
    at.path = place;
  return observation_copy(&at);
}

/* What is in an archive (malware/nested.h) is where that is. (transfer full) */
static char *
file_of(const Observation *one)
{
  const char *end = one->kind == OBSERVED_MALWARE ? strchr(one->path, ':') : NULL;
  return end == NULL ? g_strdup(one->path) : g_strndup(one->path, (gsize)(end - one->path));
}

/* A layer that writes another file in the place of one says nothing of it, where it finds nothing
 * in its own. (transfer full) */
static HiddenPaths *
hidden_of_image(const GPtrArray *layers)
{
  HiddenPaths *hidden = hidden_paths_new();
  for (guint i = 0; i < layers->len; i++) {
    const LayerInventory *layer = g_ptr_array_index(layers, i);
    for (guint j = 0; i + 1 < layers->len && j < layer->observations->len; j++) {
      const Observation *one = g_ptr_array_index(layer->observations, j);
      g_autofree char *file = observation_stays(one->kind) ? file_of(one) : NULL;
      if (file != NULL)
        hidden_paths_ask(hidden, file);
    }
  }
  hidden_paths_look(hidden, layers);
  return hidden;
}

/* Of what stays: whether its file does. */
static bool
is_removed(const HiddenPaths *hidden, const Observation *one, const char *place, guint layer)
{
  if (place == NULL || !observation_stays(one->kind))
    return place == NULL;
  g_autofree char *file = file_of(one);
  return hidden_paths_has(hidden, file, layer);
}

/* More than anybody reads, and more than a request should cost; of the rest it is said that there
 * is more. */
#define IMAGE_OBSERVATIONS_MAX 20000u

/* Room in that, of which malicious files have theirs first. */
typedef struct {
  guint malware, others;
} Room;

static Room
room_for(const ImageInventory *image)
{
  guint malware = 0;
  for (guint i = 0; i < image->layers->len; i++) {
    const LayerInventory *layer = g_ptr_array_index(image->layers, i);
    for (guint j = 0; j < layer->observations->len; j++)
      malware += ((const Observation *)g_ptr_array_index(layer->observations, j))->kind ==
                 OBSERVED_MALWARE;
  }
  malware = MIN(malware, IMAGE_OBSERVATIONS_MAX);
  return (Room){malware, IMAGE_OBSERVATIONS_MAX - malware};
}

/* False: there is none for it, which is told once of each kind. */
static bool
takes_room(Room *room, const Observation *one, ImageInventory *image, uint64_t *told)
{
  guint *left = one->kind == OBSERVED_MALWARE ? &room->malware : &room->others;
  if (one->kind == OBSERVED_FACT)
    return true;
  if (*left > 0) {
    --*left;
    return true;
  }
  if ((*told >> one->kind & 1) == 0)
    g_ptr_array_add(image->unread,
                    g_strdup_printf("%s%s (more is observed in the image than is kept)",
                                    layer_prefix_of(one->kind), one->path));
  *told |= (uint64_t)1 << one->kind;
  return false;
}

void
observed_of_image(ImageInventory *image, const ReadsInForce *reads)
{
  Room room = room_for(image);
  uint64_t told = 0;
  g_autoptr(HiddenPaths) hidden = hidden_of_image(image->layers);
  for (guint i = 0; i < image->layers->len; i++) {
    const LayerInventory *layer = g_ptr_array_index(image->layers, i);
    for (guint j = 0; j < layer->observations->len; j++) {
      const Observation *one = g_ptr_array_index(layer->observations, j);
      const char *place = one->read < layer->reads->len ? reads->layers[i][one->read] : NULL;
      if ((place == NULL && !observation_stays(one->kind)) || !takes_room(&room, one, image, &told))
        continue;
      g_ptr_array_add(
          image->observations,
          image_observation_new(observation_at(one, place), i, is_removed(hidden, one, place, i)));
    }
  }
}
