/* A layer's table of contents, and its comparison with the tar before it. */
#include <string.h>

#include "archive/contents_table.h"
#include "fuzz-bytes.h"

static gssize
read_at(void *data, uint64_t at, void *buffer, size_t size, GError **error)
{
  const Slice *bytes = data;
  Slice part = slice_sub(*bytes, (size_t)at, size);
  if (part.size > 0)
    memcpy(buffer, part.data, part.size);
  return (gssize)part.size;
}

static bool
compare_file(ContentsTable *table, LayerReader *reader, GError **error)
{
  uint8_t buffer[512];
  gssize got;
  while ((got = layer_reader_read(reader, buffer, sizeof buffer, error)) > 0)
    contents_table_feed(table, slice_new(buffer, (size_t)got));
  return got == 0 && contents_table_end_file(table, error);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  Slice bytes = slice_new(data, size);
  PackedLayer layer = {read_at, &bytes, size};
  bool named = false;
  g_assert_true(contents_table_is_named(&layer, &named, NULL));
  g_autoptr(GError) error = NULL;
  g_autoptr(ContentsTable) table = contents_table_new(&layer, &fuzz_limits, &error);
  g_assert_true((table == NULL) == (error != NULL));
  g_assert_true(table == NULL || named);
  if (table == NULL)
    return 0;
  g_assert_cmpuint(contents_table_digests(table)->len, >, 0);
  Pieces pieces = {bytes, SIZE_MAX};
  g_autoptr(LayerReader) reader = layer_reader_new(pieces_read, &pieces, &fuzz_limits);
  for (const LayerEntry *entry = layer_reader_next(reader, &error); entry != NULL;
       entry = layer_reader_next(reader, &error)) {
    if (!contents_table_take(table, entry, &error) ||
        (entry->kind == LAYER_ENTRY_FILE && !compare_file(table, reader, &error)))
      break;
  }
  if (error == NULL)
    contents_table_end(table, &error);
  return 0;
}
