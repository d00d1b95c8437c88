/* TOML of strangers. */
#include "text/toml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) value = toml_parse(slice_new(data, size), 10000, &error);
  g_assert_true((value == NULL) == (error != NULL));
  return 0;
}
