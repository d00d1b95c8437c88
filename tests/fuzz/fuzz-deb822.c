/* Control files: suite heads, Sources and Packages. */
#include "advisory/feeds/debian_release.h"
#include "advisory/feeds/debian_source.h"
#include "fuzz-feed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  Slice text = slice_new(data, size);
  uint64_t skipped = 0;
  g_autoptr(GHashTable) sources = debian_sources_new();
  debian_sources_add(sources, text, &fuzz_sink, &skipped);
  debian_sources_note_packages(sources, text);
  g_ptr_array_unref(debian_release_indices(text, "amd64"));
  g_free(debian_release_ecosystem(text, NULL));
  debian_release_check(text, "bookworm-security", 0, NULL);
  return 0;
}
