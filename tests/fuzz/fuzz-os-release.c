/* os-release, and the files that were there before it. */
#include "fuzz-bytes.h"
#include "inspect/packages/packages.h"

static void
check(const OsRelease *os)
{
  const char *const texts[] = {os->id, os->version_id, os->version, os->codename, os->pretty_name};
  g_assert_cmpstr(os->id, !=, "");
  for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
    g_assert_true(texts[i] == NULL || *texts[i] == '\0' ||
                  slice_is_printable(slice_from_string(texts[i])));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  g_autoptr(LayerInventory) inventory = layer_inventory_new();
  for (const char *const *place = os_release_detector.places; *place != NULL; place++)
    os_release_detector.read(slice_new(data, size), *place, inventory);
  for (guint i = 0; i < inventory->releases->len; i++)
    check(g_ptr_array_index(inventory->releases, i));
  return 0;
}
