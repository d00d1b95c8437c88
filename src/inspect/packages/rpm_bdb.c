/* rpm's Berkeley DB, of the distributions before 2020: a hash table whose values are the headers,
 * most of them on chains of overflow pages. */
#include "base/error.h"
#include "inspect/packages/rpm-private.h"

#define HASH_MAGIC         0x00061561u
#define META_MAGIC_AT      12u
#define META_PAGE_SIZE_AT  20u
#define META_ENCRYPTION_AT 24u
#define META_LAST_PAGE_AT  32u
#define PAGE_SIZE_MIN      512u
#define PAGE_SIZE_MAX      65536u

/* Of every page. */
#define PAGE_NEXT_AT     16u
#define PAGE_ENTRIES_AT  20u
#define PAGE_LENGTH_AT   22u /* of an overflow page: bytes of content */
#define PAGE_TYPE_AT     25u
#define PAGE_HEADER_SIZE 26u
enum { PAGE_HASH_UNSORTED = 2, PAGE_OVERFLOW = 7, PAGE_HASH = 13 };

/* Of an item of a hash page. */
enum { ITEM_INLINE = 1, ITEM_OVERFLOW = 3 };
#define ITEM_PAGE_AT   4u
#define ITEM_LENGTH_AT 8u
#define ITEM_SIZE      12u

typedef struct {
  Slice content;
  uint32_t page_size, pages;
  bool big_endian;
  uint64_t budget; /* bytes that may still be put together: a chain may be named twice, not often */
  RpmHeaderVisitor visit;
  void *data;
} Bdb;

static bool
broken(GError **error, uint32_t page)
{
  return error_set(error, ASSAY_ERROR_INVALID, "Berkeley DB: page %u is broken", page);
}

static Slice
page_at(const Bdb *bdb, uint32_t number)
{
  return slice_sub(bdb->content, (size_t)number * bdb->page_size, bdb->page_size);
}

static uint16_t
read_uint16(const Bdb *bdb, Slice page, size_t at)
{
  if (at + 2 > page.size)
    return 0;
  uint16_t low = page.data[at], high = page.data[at + 1];
  return bdb->big_endian ? (uint16_t)(low << 8 | high) : (uint16_t)(high << 8 | low);
}

/* The content of a chain of overflow pages, @size bytes of it. */
static GByteArray *
read_chain(Bdb *bdb, uint32_t number, uint32_t size, GError **error)
{
  g_autoptr(GByteArray) content = g_byte_array_new();
  if (size > bdb->budget) {
    error_set(error, ASSAY_ERROR_LIMIT, "Berkeley DB: its values are larger than the database");
    return NULL;
  }
  bdb->budget -= size;
  while (content->len < size) {
    Slice page = number == 0 || number >= bdb->pages ? SLICE_EMPTY : page_at(bdb, number);
    uint32_t next = 0;
    uint16_t length = read_uint16(bdb, page, PAGE_LENGTH_AT);
    if (page.size < bdb->page_size || page.data[PAGE_TYPE_AT] != PAGE_OVERFLOW || length == 0 ||
        length > page.size - PAGE_HEADER_SIZE ||
        !slice_read_uint32(page, PAGE_NEXT_AT, bdb->big_endian, &next)) {
      broken(error, number);
      return NULL;
    }
    Slice part = slice_sub(page, PAGE_HEADER_SIZE, MIN((size_t)length, size - content->len));
    g_byte_array_append(content, part.data, (guint)part.size);
    number = next;
  }
  return g_steal_pointer(&content);
}

static bool
visit_overflow(Bdb *bdb, uint32_t number, Slice item, GError **error)
{
  uint32_t first = 0, size = 0;
  if (!slice_read_uint32(item, ITEM_PAGE_AT, bdb->big_endian, &first) ||
      !slice_read_uint32(item, ITEM_LENGTH_AT, bdb->big_endian, &size))
    return broken(error, number);
  g_autoptr(GByteArray) value = read_chain(bdb, first, size, error);
  return value != NULL && bdb->visit(slice_new(value->data, value->len), bdb->data, error);
}

/* Items go from the end of the page to its front, keys and values by turns. The value of key 0
 * is a counter of four bytes and no header. */
static bool
visit_hash_page(Bdb *bdb, uint32_t number, GError **error)
{
  Slice page = page_at(bdb, number);
  uint16_t entries = read_uint16(bdb, page, PAGE_ENTRIES_AT);
  if ((size_t)entries * 2 > page.size - PAGE_HEADER_SIZE)
    return broken(error, number);
  size_t end = page.size;
  for (unsigned i = 0; i < entries; i++) {
    size_t at = read_uint16(bdb, page, PAGE_HEADER_SIZE + (size_t)i * 2);
    if (at < PAGE_HEADER_SIZE || at >= end)
      return broken(error, number);
    Slice item = slice_sub(page, at, end - at);
    bool value = i % 2 == 1;
    end = at;
    /* Sets of values, which rpm's databases do not have. */
    if (item.data[0] != ITEM_INLINE && item.data[0] != ITEM_OVERFLOW)
      return broken(error, number);
    if (value && item.data[0] == ITEM_OVERFLOW && !visit_overflow(bdb, number, item, error))
      return false;
    if (value && item.data[0] == ITEM_INLINE && item.size > 5 &&
        !bdb->visit(slice_sub(item, 1, item.size - 1), bdb->data, error))
      return false;
  }
  return true;
}

static bool
read_meta(Bdb *bdb, GError **error)
{
  uint32_t magic = 0, last = 0;
  slice_read_uint32(bdb->content, META_MAGIC_AT, false, &magic);
  bdb->big_endian = magic != HASH_MAGIC;
  if (!slice_read_uint32(bdb->content, META_PAGE_SIZE_AT, bdb->big_endian, &bdb->page_size) ||
      !slice_read_uint32(bdb->content, META_LAST_PAGE_AT, bdb->big_endian, &last))
    return error_set(error, ASSAY_ERROR_INVALID, "Berkeley DB: the database has no header");
  if (bdb->content.data[META_ENCRYPTION_AT] != 0)
    return error_set(error, ASSAY_ERROR_UNSUPPORTED, "Berkeley DB: the database is encrypted");
  if (bdb->page_size < PAGE_SIZE_MIN || bdb->page_size > PAGE_SIZE_MAX ||
      (bdb->page_size & (bdb->page_size - 1)) != 0)
    return error_set(error, ASSAY_ERROR_INVALID, "Berkeley DB: pages of %u bytes", bdb->page_size);
  if (last >= bdb->content.size / bdb->page_size)
    return error_set(error, ASSAY_ERROR_INVALID, "Berkeley DB: the database is cut off");
  bdb->pages = last + 1;
  return true;
}

bool
rpm_bdb_visit(Slice content, RpmHeaderVisitor visit, void *data, GError **error)
{
  Bdb bdb = {.content = content, .budget = content.size, .visit = visit, .data = data};
  if (!read_meta(&bdb, error))
    return false;
  for (uint32_t number = 1; number < bdb.pages; number++) {
    uint8_t type = page_at(&bdb, number).data[PAGE_TYPE_AT];
    if ((type == PAGE_HASH || type == PAGE_HASH_UNSORTED) && !visit_hash_page(&bdb, number, error))
      return false;
  }
  return true;
}
