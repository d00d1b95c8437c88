/* Manifests, indexes and image configs as clients send them. */
#include <stdint.h>
#include <string.h>

#include "oci/image_config.h"
#include "oci/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  g_autoptr(GError) error = NULL, config_error = NULL;
  g_autoptr(Manifest) manifest = manifest_parse(slice_new(data, size), NULL, &error);
  g_assert((manifest == NULL) == (error != NULL));
  for (guint i = 0; manifest != NULL && i < manifest->layers->len; i++) {
    g_autoptr(GError) unreadable = NULL;
    bool readable = layer_check_readable(g_ptr_array_index(manifest->layers, i), &unreadable);
    g_assert(readable == (unreadable == NULL));
  }
  if (manifest != NULL) {
    g_autofree char *words = manifest_in_words(manifest);
    g_assert(manifest_is_container_image(manifest) == (strcmp(words, "an image") == 0));
  }
  g_autoptr(ImageConfig) config = image_config_parse(slice_new(data, size), &config_error);
  g_assert((config == NULL) == (config_error != NULL));
  return 0;
}
