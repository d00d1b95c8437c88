/* Rows of Aria tables; see the header. */
#include "inspect/baseline/aria_table.h"

/* aria_block_size, as servers have it if nobody sets it. */
#define PAGE_BYTES      8192u
#define PAGE_HEAD_BYTES 12u
#define PAGE_TAIL_BYTES 4u
#define PAGE_KIND_AT    7u
#define PAGE_COUNT_AT   8u
#define DIRECTORY_BYTES 4u

enum { PAGE_EMPTY, PAGE_HEADS, PAGE_TAILS, PAGE_BLOB, PAGE_KINDS = 7 };

/* Flags of a row: what comes before its lengths. */
#define ROW_TRANSACTION 0x01u
#define ROW_OLDER       0x02u
#define ROW_DELETED     0x04u
#define ROW_MORE_NULLS  0x08u
#define ROW_SPLIT       0x80u
#define ROW_KNOWN       (ROW_TRANSACTION | ROW_OLDER | ROW_DELETED | ROW_MORE_NULLS)

typedef struct {
  const uint8_t *widths;
  unsigned count;
  AriaVisit *visit;
  void *data;
} Rows;

static size_t
number_at(Slice bytes, size_t at)
{
  return bytes.data[at] | (size_t)bytes.data[at + 1] << 8;
}

/* Of @width bytes, the lowest first. */
static bool
take_number(Slice *rest, unsigned width, uint64_t *value)
{
  Slice taken;
  *value = 0;
  if (!slice_take(rest, width, &taken))
    return false;
  for (unsigned i = width; i > 0; i--)
    *value = *value << 8 | taken.data[i - 1];
  return true;
}

static bool
skip(Slice *rest, size_t size)
{
  Slice taken;
  return slice_take(rest, size, &taken);
}

static bool
take_flags(Slice *row, uint8_t *flags)
{
  return slice_take_uint8(row, flags) && (*flags & ~ROW_KNOWN) == 0 &&
         skip(row, ((*flags & ROW_TRANSACTION) != 0 ? 6 : 0) + ((*flags & ROW_OLDER) != 0 ? 7 : 0) +
                       ((*flags & ROW_DELETED) != 0 ? 6 : 0) +
                       ((*flags & ROW_MORE_NULLS) != 0 ? 1 : 0));
}

/* A field that is empty has a bit that says so, and no length. */
static bool
take_fields(const Rows *rows, Slice row, Slice *fields)
{
  uint64_t lengths_size, lengths[ARIA_FIELDS_MAX] = {0};
  Slice empty, of_lengths;
  if (!take_number(&row, 1, &lengths_size) || !slice_take(&row, (rows->count + 7) / 8, &empty) ||
      !slice_take(&row, lengths_size, &of_lengths))
    return false;
  for (unsigned i = 0; i < rows->count; i++)
    if ((empty.data[i / 8] >> i % 8 & 1) == 0 &&
        !take_number(&of_lengths, rows->widths[i], &lengths[i]))
      return false;
  for (unsigned i = 0; i < rows->count; i++)
    if (!slice_take(&row, lengths[i], &fields[i]))
      return false;
  return of_lengths.size == 0;
}

/* A row whose parts lie on several pages is not read: of accounts it has more than a page. */
static bool
take_row(const Rows *rows, Slice row)
{
  Slice fields[ARIA_FIELDS_MAX];
  uint8_t flags;
  if (!take_flags(&row, &flags))
    return false;
  if ((flags & ROW_DELETED) != 0)
    return true;
  if (!take_fields(rows, row, fields))
    return false;
  rows->visit(fields, rows->data);
  return true;
}

static bool
take_page(const Rows *rows, Slice page)
{
  size_t count = page.data[PAGE_COUNT_AT], end = PAGE_BYTES - PAGE_TAIL_BYTES;
  size_t room = end - PAGE_HEAD_BYTES, used = 0;
  bool good = true;
  if (count * DIRECTORY_BYTES > room)
    return false;
  for (size_t i = 0; i < count; i++) {
    size_t entry = end - (i + 1) * DIRECTORY_BYTES;
    size_t at = number_at(page, entry), size = number_at(page, entry + 2);
    if (at == 0) /* nothing is there */
      continue;
    used += size;
    if (at < PAGE_HEAD_BYTES || at + size > end || used > room)
      return false;
    good &= take_row(rows, slice_sub(page, at, size));
  }
  return good;
}

/* The first page is of free space; a table of accounts has no second one of these. */
bool
aria_rows(Slice bytes, const uint8_t *widths, unsigned count, AriaVisit *visit, void *data)
{
  Rows rows = {widths, count, visit, data};
  bool good = bytes.size % PAGE_BYTES == 0;
  for (size_t at = PAGE_BYTES; at + PAGE_BYTES <= bytes.size; at += PAGE_BYTES) {
    Slice page = slice_sub(bytes, at, PAGE_BYTES);
    if ((page.data[PAGE_KIND_AT] & PAGE_KINDS) == PAGE_HEADS)
      good &= take_page(&rows, page);
  }
  return good;
}
