/* os-release. */
#include "fuzz-bytes.h"
#include "inspect/packages/packages.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  OsRelease *os = os_release_parse(slice_new(data, size));
  if (os == NULL)
    return 0;
  const char *const texts[] = {os->id, os->version_id, os->codename, os->pretty_name};
  g_assert_cmpstr(os->id, !=, "");
  for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
    g_assert_true(texts[i] == NULL || *texts[i] == '\0' ||
                  slice_is_printable(slice_from_string(texts[i])));
  os_release_free(os);
  return 0;
}
