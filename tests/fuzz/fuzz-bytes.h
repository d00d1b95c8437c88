/* Fuzzed bytes as a source that is read in pieces, and a look at every byte of what a parser gave,
 * so that a sanitizer sees a string that is none. */
#pragma once

#include <string.h>

#include "../unit/archive/pieces.h"
#include "archive/layer.h"
#include "inventory/layer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Small enough that a fuzzer gets to them. */
static const LayerLimits fuzz_limits = {.unpacked_bytes = 4 << 20,
                                        .ratio = 100000,
                                        .entries = 200,
                                        .path_bytes = 300,
                                        .path_depth = 20,
                                        .file_bytes = 1 << 20};

/* What a detector may make: strings that are printable, all that must be there, within bounds. */
static inline void
fuzz_check_inventory(const LayerInventory *inventory)
{
  size_t file_bytes = 0;
  g_assert_cmpuint(inventory->packages->len, <=, LAYER_PACKAGES_MAX);
  g_assert_cmpuint(inventory->notes->len, <=, LAYER_NOTES_MAX + 1);
  for (guint i = 0; i < inventory->packages->len; i++) {
    const Package *package = g_ptr_array_index(inventory->packages, i);
    const char *const texts[] = {package->name, package->version, package->source_name,
                                 package->source_version};
    for (size_t j = 0; j < G_N_ELEMENTS(texts); j++)
      g_assert_true(slice_is_printable(slice_from_string(texts[j])));
    g_assert_nonnull(package->location);
    file_bytes += package->files == NULL ? 0 : strlen(package->files);
    g_assert_true(package->files == NULL || g_utf8_validate(package->files, -1, NULL));
  }
  g_assert_cmpuint(file_bytes, <=, LAYER_FILE_BYTES_MAX);
}

/* It survives its JSON: what a worker finds, the server reads. */
static inline void
fuzz_check_round_trip(const LayerInventory *inventory)
{
  g_autoptr(GError) error = NULL;
  json_t *json = layer_inventory_to_json(inventory);
  g_autoptr(LayerInventory) again = layer_inventory_from_json(json, &error);
  g_assert_no_error(error);
  json_t *second = layer_inventory_to_json(again);
  g_assert_true(json_equal(json, second));
  json_decref(json);
  json_decref(second);
}
