/* Configuration files: what is taken is within its bounds, what is refused says why. */
#include "base/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(Config) config = config_parse(slice_new(data, size), "fuzz", &error);
  g_assert_true((config == NULL) == (error != NULL));
  if (config == NULL)
    return 0;
  g_assert_cmpuint(config->listen_count, >, 0);
  g_assert_true(config->limits.connections >= 1 && config->limits.connections <= 1000000);
  g_assert_true((config->tls.certificate == NULL) == (config->tls.key == NULL));
  for (unsigned i = 0; i < config->feeds_count; i++)
    g_assert_true((config->feeds[i].url == NULL) != (config->feeds[i].path == NULL));
  return 0;
}
