/* Ranges that grow as the file comes; see the header. */
#include "inspect/programs/program_bytes.h"

/* Not what a file says of its size is allocated at once. */
#define FIRST_BYTES ((uint64_t)32 * 1024 * 1024)

typedef struct {
  uint64_t offset, size;
  GByteArray *data; /* at most @size */
} ProgramRange;

static void
range_clear(void *range)
{
  g_byte_array_unref(((ProgramRange *)range)->data);
}

void
program_bytes_init(ProgramBytes *bytes)
{
  bytes->ranges = g_array_new(FALSE, FALSE, sizeof(ProgramRange));
  g_array_set_clear_func(bytes->ranges, range_clear);
}

void
program_bytes_clear(ProgramBytes *bytes)
{
  g_clear_pointer(&bytes->ranges, g_array_unref);
}

/* What of @piece is next in @range. */
static void
range_add(ProgramRange *range, uint64_t at, Slice piece)
{
  uint64_t next = range->offset + range->data->len;
  if (next < at || next - at >= piece.size || range->data->len == range->size)
    return;
  Slice part = slice_sub(piece, (size_t)(next - at), (size_t)(range->size - range->data->len));
  g_byte_array_append(range->data, part.data, (guint)part.size);
}

void
program_bytes_keep(ProgramBytes *bytes, uint64_t offset, uint64_t size)
{
  uint64_t end;
  size = MIN(size, (uint64_t)G_MAXINT32);
  if (size == 0 || __builtin_add_overflow(offset, size, &end))
    return;
  ProgramRange range = {offset, size, g_byte_array_sized_new((guint)MIN(size, FIRST_BYTES))};
  if (bytes->ranges->len > 0) {
    const ProgramRange *first = &g_array_index(bytes->ranges, ProgramRange, 0);
    range_add(&range, first->offset, slice_new(first->data->data, first->data->len));
  }
  g_array_append_val(bytes->ranges, range);
}

void
program_bytes_add(ProgramBytes *bytes, uint64_t at, Slice piece)
{
  for (guint i = 0; i < bytes->ranges->len; i++)
    range_add(&g_array_index(bytes->ranges, ProgramRange, i), at, piece);
}

Slice
program_bytes_from(const ProgramBytes *bytes, uint64_t offset, uint64_t size)
{
  Slice best = SLICE_EMPTY;
  for (guint i = 0; i < bytes->ranges->len; i++) {
    const ProgramRange *range = &g_array_index(bytes->ranges, ProgramRange, i);
    if (offset < range->offset || offset - range->offset >= range->data->len)
      continue;
    Slice all = slice_new(range->data->data, range->data->len);
    Slice part = slice_sub(all, (size_t)(offset - range->offset), (size_t)MIN(size, SIZE_MAX));
    if (part.size > best.size)
      best = part;
  }
  return best;
}

bool
program_bytes_get(const ProgramBytes *bytes, uint64_t offset, uint64_t size, Slice *found)
{
  *found = program_bytes_from(bytes, offset, size);
  return size > 0 && found->size == size;
}

uint64_t
program_number(Slice bytes, size_t at, size_t width, bool big_endian)
{
  uint64_t value = 0;
  if (at > bytes.size || width > bytes.size - at)
    return 0;
  for (size_t i = 0; i < width; i++)
    value = value << 8 | bytes.data[at + (big_endian ? i : width - 1 - i)];
  return value;
}
