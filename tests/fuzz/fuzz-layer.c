/* A layer's entries and the content of each file. */
#include "fuzz-bytes.h"

static void
check_entry(LayerReader *reader, const LayerEntry *entry)
{
  g_assert_true(g_utf8_validate(entry->path, -1, NULL));
  g_assert_cmpuint(strlen(entry->path), <=, fuzz_limits.path_bytes * 3);
  g_assert_true(*entry->path != '/' && strstr(entry->path, "//") == NULL);
  g_assert_false(g_str_has_prefix(entry->path, "../"));
  g_assert_null(strstr(entry->path, "/../"));
  bool link = entry->kind == LAYER_ENTRY_SYMLINK || entry->kind == LAYER_ENTRY_HARDLINK;
  g_assert_true(!link || entry->target != NULL);
  if (entry->kind != LAYER_ENTRY_FILE)
    return;
  g_autoptr(GBytes) content = layer_reader_read_file(reader, NULL);
  g_assert_true(content == NULL || g_bytes_get_size(content) == entry->size);
  g_assert_true(content == NULL || entry->size <= fuzz_limits.file_bytes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  Pieces pieces = {slice_new(data, size), SIZE_MAX};
  g_autoptr(LayerReader) reader = layer_reader_new(pieces_read, &pieces, &fuzz_limits);
  g_autoptr(GError) error = NULL;
  unsigned entries = 0;
  for (const LayerEntry *entry = layer_reader_next(reader, &error); entry != NULL;
       entry = layer_reader_next(reader, &error)) {
    check_entry(reader, entry);
    entries++;
  }
  g_assert_cmpuint(entries, <=, fuzz_limits.entries);
  Digest digest;
  uint64_t unpacked = 0;
  if (error == NULL && layer_reader_finish(reader, &digest, &unpacked, &error))
    g_assert_cmpuint(unpacked, <=, fuzz_limits.unpacked_bytes);
  return 0;
}
