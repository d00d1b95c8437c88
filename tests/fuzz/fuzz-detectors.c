/* Each detector of the list, as the worker calls it: the path of a file, a line feed, its bytes. */
#include "fuzz-bytes.h"
#include "inspect/anywhere.h"
#include "inspect/fixed_places.h"

/* As the worker does, in two pieces. */
static void
give(const Detector *detector, const char *path, Slice bytes)
{
  void *state = NULL;
  size_t half = bytes.size / 2;
  FileView file = {path, bytes.size, 0644, slice_sub(bytes, 0, DETECTOR_HEAD_BYTES)};
  g_autoptr(LayerInventory) inventory = layer_inventory_new();
  if (detector->wants != NULL && !detector->wants(&file))
    return;
  if (detector->piece == NULL) {
    detector->read(bytes, path, inventory);
  } else {
    if (half > 0)
      detector->piece(&state, &file, 0, slice_sub(bytes, 0, half), inventory);
    if (bytes.size > half)
      detector->piece(&state, &file, half, slice_sub(bytes, half, bytes.size - half), inventory);
    detector->piece(&state, &file, bytes.size, SLICE_EMPTY, inventory);
  }
  fuzz_check_inventory(inventory);
  fuzz_check_round_trip(inventory);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  const uint8_t *end = size == 0 ? NULL : memchr(data, '\n', MIN(size, 300));
  /* A path of an entry has no NUL and is UTF-8 (archive/path.h). */
  if (end == NULL || !g_utf8_validate_len((const char *)data, (gsize)(end - data), NULL))
    return 0;
  g_autofree char *path = g_strndup((const char *)data, (gsize)(end - data));
  Slice bytes = slice_new(end + 1, size - (size_t)(end - data) - 1);
  const Detector *fixed = fixed_places_detector_of(path);
  uint64_t anywhere = anywhere_by_path(path) | anywhere_by_content(path);
  if (fixed != NULL)
    give(fixed, path, bytes);
  for (unsigned i = 0; anywhere != 0; i++, anywhere >>= 1)
    if ((anywhere & 1) != 0)
      give(anywhere_detector(i), path, bytes);
  return 0;
}
