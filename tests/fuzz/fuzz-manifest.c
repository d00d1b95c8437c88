/* Manifests, indexes and image configs as clients send them. */
#include <stdint.h>

#include "oci/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  g_autoptr(GError) error = NULL, config_error = NULL;
  g_autoptr(Manifest) manifest = manifest_parse(slice_new(data, size), NULL, &error);
  g_assert((manifest == NULL) == (error != NULL));
  if (manifest != NULL)
    manifest_is_container_image(manifest);
  g_autoptr(ImageConfig) config = image_config_parse(slice_new(data, size), &config_error);
  g_assert((config == NULL) == (config_error != NULL));
  return 0;
}
