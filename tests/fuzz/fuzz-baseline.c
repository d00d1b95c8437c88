/* The baseline of an image of files as a stranger writes them: records of a path, a line feed and
 * bytes, with a NUL between. What detectors make of them goes into one layer, and the image's
 * weaknesses come of it. */
#include "archive/path.h"
#include "fuzz-bytes.h"
#include "inspect/anywhere.h"
#include "inspect/fixed_places.h"
#include "inspect/overlay.h"
#include "inventory/rule.h"

/* What @detector observes in the file goes to @layer. */
static void
give(const Detector *detector, const char *path, const char *location, Slice bytes, unsigned change,
     LayerInventory *layer)
{
  FileView file = {path, bytes.size, 0644, slice_sub(bytes, 0, DETECTOR_HEAD_BYTES)};
  g_autoptr(LayerInventory) found = layer_inventory_new();
  if (!detector->observes || detector->piece != NULL ||
      (detector->wants != NULL && !detector->wants(&file)))
    return;
  detector->read(bytes, location, found);
  unsigned read = layer_inventory_add_read(layer, change, location, false, NULL);
  for (guint i = 0; i < found->observations->len; i++) {
    Observation *fact = observation_copy(g_ptr_array_index(found->observations, i));
    fact->read = read;
    g_ptr_array_add(layer->observations, fact);
  }
}

static void
take_file(const char *path, Slice bytes, LayerInventory *layer)
{
  const Detector *fixed = fixed_places_detector_of(path);
  uint64_t anywhere = anywhere_by_path(path) | anywhere_by_content(path);
  unsigned change = layer->changes->len;
  layer_inventory_add_change(layer, CHANGE_FILE, path, NULL);
  if (fixed != NULL)
    give(fixed, path, path, bytes, change, layer);
  for (unsigned i = 0; anywhere != 0; i++, anywhere >>= 1)
    if ((anywhere & 1) != 0)
      give(anywhere_detector(i), path, path, bytes, LAYER_ANYWHERE, layer);
}

/* (transfer full), or NULL: it is no path of an entry. */
static char *
path_of(Slice text)
{
  unsigned depth;
  bool escapes;
  if (text.size == 0 || text.size > 300 ||
      !g_utf8_validate_len((const char *)text.data, text.size, NULL))
    return NULL;
  g_autofree char *written = slice_to_string(text),
                  *path = path_normalise(written, &depth, &escapes);
  return *path == '\0' ? NULL : g_steal_pointer(&path);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  Slice rest = slice_new(data, size), record;
  LayerInventory *layer = layer_inventory_new();
  while (slice_next_field(&rest, '\0', &record)) {
    gssize end = slice_find(record, '\n');
    Slice name = slice_sub(record, 0, end < 0 ? 0 : (size_t)end);
    g_autofree char *path = path_of(name);
    if (path != NULL)
      take_file(path, slice_sub(record, name.size + 1, SIZE_MAX), layer);
  }
  fuzz_check_round_trip(layer);
  GPtrArray *layers = g_ptr_array_new_with_free_func((GDestroyNotify)layer_inventory_free);
  g_ptr_array_add(layers, layer);
  g_autoptr(ImageInventory) image = image_inventory_new(layers, NULL, NULL, NULL);
  for (guint i = 0; image != NULL && i < image->observations->len; i++) {
    const Observation *one =
        ((ImageObservation *)g_ptr_array_index(image->observations, i))->observation;
    g_assert(one->kind != OBSERVED_FACT);
    g_assert(one->kind != OBSERVED_WEAKNESS || rule_find(one->kind, one->rule) != NULL);
  }
  return 0;
}
