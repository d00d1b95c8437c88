/* Blocks of the advisory database's file, whose bytes may be any; and a file of them that is a
 * table by chance. */
#include <unistd.h>

#include "advisory/database/table-private.h"
#include "base/fd.h"
#include "fuzz-bytes.h"

static void
walk(const Block *block, Slice wanted)
{
  Slice key, value;
  for (size_t i = 0; block_entry(block, i, &key, &value); i++)
    g_assert_cmpint(key_compare(key, key), ==, 0);
  g_assert_cmpuint(block_search(block, wanted), <=, block->count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  Block block;
  Slice bytes = slice_new(data, size);
  if (block_parse(bytes, &block))
    walk(&block, slice_sub(bytes, 0, 8));
  auto_fd int fd = memory_file_new("table", NULL);
  g_assert_true(fd_write_all(fd, bytes, NULL));
  g_autoptr(Table) table = table_open(fd_steal(&fd), "table", NULL);
  if (table != NULL) {
    g_autoptr(GBytes) found = NULL;
    Slice record;
    table_find(table, slice_sub(bytes, 0, 8), &found, &record, NULL);
    table_verify(table, NULL);
  }
  return 0;
}
