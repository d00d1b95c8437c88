/* Image configs as clients send them. */
#include "oci/image_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(ImageConfig) config = image_config_parse(slice_new(data, size), &error);
  bool may_name_layers = image_config_may_name_layers(slice_new(data, size));
  g_assert_true((config == NULL) == (error != NULL));
  if (config == NULL)
    return 0;
  g_assert_true(may_name_layers == (config->diff_ids->len > 0));
  g_assert_cmpuint(config->history->len, ==, config->history_empty->len);
  for (guint i = 0; i < config->diff_ids->len; i++) {
    const Digest *diff_id = g_ptr_array_index(config->diff_ids, i);
    g_assert_true(digest_is_valid(diff_id->text));
  }
  return 0;
}
