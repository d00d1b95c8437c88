/* Each detector of the list has a fixture, which is the seed of its fuzz target as well:
 * tests/fuzz/corpus/detectors/NAME is the path of a file, a line feed, and its bytes. */
#include <string.h>

#include "inspect/anywhere.h"
#include "inspect/fixed_places.h"
#include "inspect/malware/clamav.h"

static bool
is_empty(const LayerInventory *inventory)
{
  return inventory->packages->len == 0 && inventory->releases->len == 0 &&
         inventory->notes->len == 0 && inventory->unread->len == 0 && inventory->owned->len == 0 &&
         inventory->licences->len == 0 && inventory->observations->len == 0 &&
         inventory->hashed->len == 0 && inventory->sums->len == 0 && inventory->content == 0;
}

/* Of a file at @path. */
static bool
reads(const Detector *detector, const char *path)
{
  uint64_t anywhere = anywhere_by_path(path) | anywhere_by_content(path);
  for (unsigned i = 0; anywhere != 0; i++, anywhere >>= 1)
    if ((anywhere & 1) != 0 && anywhere_detector(i) == detector)
      return true;
  return fixed_places_detector_of(path) == detector;
}

static void
give(const Detector *detector, const char *path, Slice bytes, LayerInventory *into)
{
  void *state = NULL;
  FileView file = {path, bytes.size, 0644, slice_sub(bytes, 0, DETECTOR_HEAD_BYTES)};
  g_assert_true(detector->wants == NULL || detector->wants(&file));
  if (detector->piece == NULL) {
    detector->read(bytes, path, into);
    return;
  }
  detector->piece(&state, &file, 0, bytes, into);
  detector->piece(&state, &file, bytes.size, SLICE_EMPTY, into);
}

/* It is this detector that reads the fixture, and it finds something in there. */
static void
test_fixtures(void)
{
  for (size_t i = 0; detectors[i] != NULL; i++) {
    g_autofree char *file =
        g_test_build_filename(G_TEST_DIST, "corpus", "detectors", detectors[i]->name, NULL);
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;
    gsize size;
    if (!g_file_get_contents(file, &text, &size, &error))
      g_error("a detector needs a fixture: %s", error->message);
    const char *end = memchr(text, '\n', size);
    g_assert_nonnull(end);
    g_autofree char *path = g_strndup(text, (gsize)(end - text));
    if (!reads(detectors[i], path))
      g_error("%s: %s is not read by this detector", file, path);
    /* It hands files on to a daemon, where one is set, and finds nothing itself. */
    if (detectors[i] == &clamav_detector)
      continue;
    g_autoptr(LayerInventory) inventory = layer_inventory_new();
    Slice bytes = slice_new((const uint8_t *)end + 1, size - (gsize)(end - text) - 1);
    give(detectors[i], path, bytes, inventory);
    if (is_empty(inventory))
      g_error("%s: nothing was found", file);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/detectors/fixtures", test_fixtures);
  return g_test_run();
}
