/* Configs of strangers: what their members and their histories show. */
#include <string.h>

#include "inspect/configuration/configuration.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  g_autoptr(ImageConfig) config = image_config_parse(slice_new(data, size), NULL);
  g_autoptr(GPtrArray) found = config == NULL ? NULL : configuration_of_image(config, NULL, NULL);
  for (guint i = 0; found != NULL && i < found->len; i++) {
    const ImageObservation *one = g_ptr_array_index(found, i);
    g_assert_true(one->layer == OBSERVED_IN_IMAGE || one->layer < config->diff_ids->len);
  }
  g_autoptr(GPtrArray) commands =
      config == NULL ? NULL : configuration_commands_of_image(config, NULL);
  for (guint i = 0; commands != NULL && i < commands->len; i++)
    g_assert_true(strlen(g_ptr_array_index(commands, i)) <= 4096);
  return 0;
}
