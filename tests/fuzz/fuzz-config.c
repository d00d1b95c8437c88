/* Configuration files: what is taken is within its bounds, what is refused says why. */
#include "server/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(Config) config = config_parse(slice_new(data, size), "fuzz", &error);
  g_assert_true((config == NULL) == (error != NULL));
  if (config == NULL)
    return 0;
  g_assert_cmpuint(config->http.listen_count, >, 0);
  g_assert_true(config->limits.http.connections >= 1 && config->limits.http.connections <= 1000000);
  g_assert_true((config->http.tls.certificate == NULL) == (config->http.tls.key == NULL));
  for (unsigned i = 0; i < config->advisories.feeds_count; i++)
    g_assert_true((config->advisories.feeds[i].url == NULL) !=
                  (config->advisories.feeds[i].path == NULL));
  return 0;
}
