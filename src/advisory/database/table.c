/* Reading and writing tables; see the header. */
#include "advisory/database/table-private.h"

#include <errno.h>
#include <nettle/sha2.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "advisory/checksum.h"
#include "base/error.h"
#include "base/fd.h"

#define SEAL_START  "assay advisory database seal "
#define SEAL_MAGIC  SEAL_START "2\n"
#define SEAL_PAGE   ((size_t)4096)
#define SHA256_SIZE ((size_t)32)
#define CRC_SIZE    ((size_t)4)
#define CHUNK       ((size_t)1024 * 1024)
/* Of a block of records; one that is larger has a block to itself. */
#define BLOCK_SIZE ((size_t)4096)

typedef struct {
  uint64_t offset, size;
  uint32_t crc;
} Place;

struct Table {
  int fd;
  char *path;
  uint64_t size; /* of what the seal covers */
  uint8_t digest[SHA256_SIZE];
  uint32_t seal_crc; /* of the whole page */
  GBytes *index_bytes;
  Block index;
  bool damaged; /* atomic */
};

/* --- blocks --- */

int
key_compare(Slice a, Slice b)
{
  size_t common = MIN(a.size, b.size);
  int order = common == 0 ? 0 : memcmp(a.data, b.data, common);
  return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

static uint32_t
number_at(Slice bytes, size_t offset)
{
  uint32_t number = 0;
  Slice rest = slice_sub(bytes, offset, sizeof number);
  slice_take_uint32(&rest, &number);
  return number;
}

bool
block_parse(Slice bytes, Block *block)
{
  size_t starts;
  if (bytes.size < sizeof(uint32_t))
    return false;
  size_t end = bytes.size - sizeof(uint32_t);
  block->count = number_at(bytes, end);
  if (__builtin_mul_overflow(block->count, sizeof(uint32_t), &starts) || starts > end)
    return false;
  block->entries = slice_sub(bytes, 0, end - starts);
  block->starts = slice_sub(bytes, end - starts, starts);
  return true;
}

bool
block_entry(const Block *block, size_t number, Slice *key, Slice *value)
{
  if (number >= block->count)
    return false;
  size_t start = number_at(block->starts, number * sizeof(uint32_t));
  Slice rest = slice_sub(block->entries, start, block->entries.size);
  return slice_take_prefixed(&rest, key) && slice_take_prefixed(&rest, value);
}

size_t
block_search(const Block *block, Slice key)
{
  size_t low = 0, high = block->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    Slice other, value;
    if (block_entry(block, middle, &other, &value) && key_compare(other, key) <= 0)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* --- reading --- */

static bool
not_whole(const char *path, GError **error)
{
  return error_set(error, ASSAY_ERROR_INVALID,
                   "%s: not a whole advisory database of this version (run `assay db update`, or "
                   "import it again)",
                   path);
}

static bool
damaged(Table *table, uint64_t offset, GError **error)
{
  __atomic_store_n(&table->damaged, true, __ATOMIC_RELEASE);
  return error_set(error, ASSAY_ERROR_MISMATCH,
                   "%s: damaged at byte %" G_GUINT64_FORMAT " (run `assay db update`, or import it "
                   "again)",
                   table->path, offset);
}

/* All @size bytes at @offset; a file that ends before is damaged. */
static bool
read_at(Table *table, uint8_t *into, size_t size, uint64_t offset, GError **error)
{
  gssize got = fd_read_at(table->fd, into, size, offset);
  if (got < 0) {
    __atomic_store_n(&table->damaged, true, __ATOMIC_RELEASE);
    return error_set(error, ASSAY_ERROR_IO, "%s: %s", table->path, g_strerror(errno));
  }
  return got == (gssize)size || damaged(table, offset + (uint64_t)got, error);
}

/* The bytes at @place, checked. (transfer full) */
static GBytes *
read_block(Table *table, const Place *place, GError **error)
{
  uint64_t end;
  if (__builtin_add_overflow(place->offset, place->size, &end) || end > table->size) {
    damaged(table, place->offset, error);
    return NULL;
  }
  g_autofree uint8_t *bytes = g_try_malloc(place->size);
  if (bytes == NULL && place->size > 0) {
    error_set(error, ASSAY_ERROR_IO, "%s: no memory to read %" G_GUINT64_FORMAT " bytes",
              table->path, place->size);
    return NULL;
  }
  if (!read_at(table, bytes, place->size, place->offset, error))
    return NULL;
  if (checksum_crc32c(slice_new(bytes, place->size)) != place->crc) {
    damaged(table, place->offset, error);
    return NULL;
  }
  return g_bytes_new_take(g_steal_pointer(&bytes), place->size);
}

/* Where the block is that @number of the index leads to. */
static bool
find_place(const Table *table, size_t number, Place *place)
{
  Slice key, value;
  return block_entry(&table->index, number, &key, &value) &&
         slice_take_uint64(&value, &place->offset) && slice_take_uint64(&value, &place->size) &&
         slice_take_uint32(&value, &place->crc);
}

/* (transfer full) */
static GBytes *
load_block(Table *table, size_t number, Block *block, GError **error)
{
  Place place;
  if (!find_place(table, number, &place)) {
    damaged(table, table->size, error);
    return NULL;
  }
  g_autoptr(GBytes) bytes = read_block(table, &place, error);
  if (bytes == NULL)
    return NULL;
  if (!block_parse(slice_from_bytes(bytes), block)) {
    damaged(table, place.offset, error);
    return NULL;
  }
  return g_steal_pointer(&bytes);
}

bool
table_find(Table *table, Slice key, GBytes **block, Slice *record, GError **error)
{
  Block parsed;
  Slice found;
  size_t number = block_search(&table->index, key);
  *block = NULL;
  if (number == 0)
    return true; /* before the first */
  g_autoptr(GBytes) bytes = load_block(table, number - 1, &parsed, error);
  if (bytes == NULL)
    return false;
  size_t entry = block_search(&parsed, key);
  if (entry == 0 || !block_entry(&parsed, entry - 1, &found, record) ||
      key_compare(found, key) != 0)
    return true;
  *block = g_steal_pointer(&bytes);
  return true;
}

bool
table_visit(Table *table, Slice prefix, TableVisitor visit, void *data, GError **error)
{
  size_t number = block_search(&table->index, prefix);
  for (number = number == 0 ? 0 : number - 1; number < table->index.count; number++) {
    Block block;
    Slice key, record;
    g_autoptr(GBytes) bytes = load_block(table, number, &block, error);
    if (bytes == NULL)
      return false;
    for (size_t i = 0; block_entry(&block, i, &key, &record); i++) {
      if (slice_has_prefix(key, prefix)) {
        if (!visit(key, record, data, error))
          return false;
      } else if (key_compare(key, prefix) > 0) {
        return true;
      }
    }
  }
  return true;
}

static bool
verify_seal(Table *table, GError **error)
{
  uint8_t page[SEAL_PAGE];
  return read_at(table, page, sizeof page, table->size, error) &&
         (checksum_crc32c(slice_new(page, sizeof page)) == table->seal_crc ||
          damaged(table, table->size, error));
}

bool
table_verify(Table *table, GError **error)
{
  struct sha256_ctx hash;
  uint8_t digest[SHA256_SIZE];
  sha256_init(&hash);
  g_autofree uint8_t *chunk = g_malloc(CHUNK);
  bool read_whole = true;
  for (uint64_t at = 0; at < table->size && read_whole; at += CHUNK) {
    size_t part = (size_t)MIN(CHUNK, table->size - at);
    read_whole = read_at(table, chunk, part, at, error);
    sha256_update(&hash, part, chunk);
  }
  sha256_digest(&hash, sizeof digest, digest);
  if (!read_whole || memcmp(digest, table->digest, SHA256_SIZE) == 0)
    return read_whole && verify_seal(table, error);
  __atomic_store_n(&table->damaged, true, __ATOMIC_RELEASE);
  return error_set(error, ASSAY_ERROR_MISMATCH,
                   "%s: damaged: its SHA-256 is not the one it was sealed with (run `assay db "
                   "update`, or copy it again)",
                   table->path);
}

bool
table_is_damaged(const Table *table)
{
  return __atomic_load_n(&table->damaged, __ATOMIC_ACQUIRE);
}

/* --- opening --- */

static bool
read_seal(Table *table, Place *index, GError **error)
{
  struct stat status;
  uint8_t page[SEAL_PAGE];
  if (fstat(table->fd, &status) < 0)
    return error_set_errno(error, errno, "%s", table->path);
  if (!S_ISREG(status.st_mode) || (uint64_t)status.st_size <= SEAL_PAGE)
    return not_whole(table->path, error);
  table->size = (uint64_t)status.st_size - SEAL_PAGE;
  if (!read_at(table, page, sizeof page, table->size, error))
    return false;
  Slice rest = slice_new(page, sizeof page), covered = slice_sub(rest, 0, SEAL_PAGE - CRC_SIZE);
  Slice magic, digest;
  uint64_t size = 0;
  bool sealed = slice_has_prefix(rest, SLICE_LITERAL(SEAL_START));
  if (!slice_take(&rest, strlen(SEAL_MAGIC), &magic) || !slice_equal_string(magic, SEAL_MAGIC))
    return sealed ? error_set(error, ASSAY_ERROR_UNSUPPORTED,
                              "%s: written by another version of assay (run `assay db update`, or "
                              "import it again)",
                              table->path)
                  : not_whole(table->path, error);
  if (checksum_crc32c(covered) != number_at(slice_new(page, sizeof page), SEAL_PAGE - CRC_SIZE))
    return damaged(table, table->size, error);
  if (!slice_take_uint64(&rest, &size) || size != table->size ||
      !slice_take(&rest, SHA256_SIZE, &digest) || !slice_take_uint64(&rest, &index->offset) ||
      !slice_take_uint64(&rest, &index->size) || !slice_take_uint32(&rest, &index->crc))
    return not_whole(table->path, error);
  memcpy(table->digest, digest.data, SHA256_SIZE);
  table->seal_crc = checksum_crc32c(slice_new(page, sizeof page));
  return true;
}

Table *
table_open(int fd, const char *path, GError **error)
{
  g_autoptr(Table) table = g_new0(Table, 1);
  Place index;
  table->fd = fd;
  table->path = g_strdup(path);
  if (!read_seal(table, &index, error))
    return NULL;
  table->index_bytes = read_block(table, &index, error);
  if (table->index_bytes == NULL)
    return NULL;
  if (!block_parse(slice_from_bytes(table->index_bytes), &table->index)) {
    not_whole(path, error);
    return NULL;
  }
  return g_steal_pointer(&table);
}

void
table_free(Table *table)
{
  if (table == NULL)
    return;
  fd_clear(&table->fd);
  g_clear_pointer(&table->index_bytes, g_bytes_unref);
  g_free(table->path);
  g_free(table);
}

/* --- writing --- */

/* A block that is being filled. */
typedef struct {
  GByteArray *entries, *starts;
} NewBlock;

struct TableWriter {
  int fd;
  struct sha256_ctx hash;
  uint64_t written;
  GByteArray *buffer; /* not yet written */
  NewBlock records, index;
};

static NewBlock
new_block(void)
{
  return (NewBlock){g_byte_array_new(), g_byte_array_new()};
}

static void
add_entry(NewBlock *block, Slice key, Slice value)
{
  byte_array_add_uint32(block->starts, block->entries->len);
  byte_array_add_prefixed(block->entries, key);
  byte_array_add_prefixed(block->entries, value);
}

/* The entries, where they begin, and how many they are; empties the block. */
static GByteArray *
end_block(NewBlock *block)
{
  GByteArray *bytes = block->entries;
  g_byte_array_append(bytes, block->starts->data, block->starts->len);
  byte_array_add_uint32(bytes, block->starts->len / (guint)sizeof(uint32_t));
  g_byte_array_set_size(block->starts, 0);
  block->entries = g_byte_array_new();
  return bytes;
}

TableWriter *
table_writer_new(int fd)
{
  TableWriter *writer = g_new0(TableWriter, 1);
  writer->fd = fd;
  writer->buffer = g_byte_array_new();
  writer->records = new_block();
  writer->index = new_block();
  sha256_init(&writer->hash);
  return writer;
}

void
table_writer_free(TableWriter *writer)
{
  if (writer == NULL)
    return;
  g_byte_array_unref(writer->buffer);
  g_byte_array_unref(writer->records.entries);
  g_byte_array_unref(writer->records.starts);
  g_byte_array_unref(writer->index.entries);
  g_byte_array_unref(writer->index.starts);
  g_free(writer);
}

static bool
flush_buffer(TableWriter *writer, GError **error)
{
  Slice bytes = slice_new(writer->buffer->data, writer->buffer->len);
  if (!fd_write_all(writer->fd, bytes, error))
    return false;
  g_byte_array_set_size(writer->buffer, 0);
  return true;
}

static bool
write_block(TableWriter *writer, NewBlock *block, Place *place, GError **error)
{
  g_autoptr(GByteArray) bytes = end_block(block);
  Slice content = slice_new(bytes->data, bytes->len);
  *place = (Place){writer->written, content.size, checksum_crc32c(content)};
  writer->written += content.size;
  sha256_update(&writer->hash, content.size, content.data);
  g_byte_array_append(writer->buffer, content.data, (guint)content.size);
  return writer->buffer->len < CHUNK || flush_buffer(writer, error);
}

static void
add_place(GByteArray *out, const Place *place)
{
  byte_array_add_uint64(out, place->offset);
  byte_array_add_uint64(out, place->size);
  byte_array_add_uint32(out, place->crc);
}

static bool
write_records(TableWriter *writer, GError **error)
{
  Block first_of = {slice_new(writer->records.entries->data, writer->records.entries->len),
                    slice_new(writer->records.starts->data, writer->records.starts->len), 1};
  Slice first, value;
  Place place;
  if (writer->records.starts->len == 0 || !block_entry(&first_of, 0, &first, &value))
    return true;
  g_autofree uint8_t *key = g_memdup2(first.data, first.size);
  size_t key_size = first.size;
  g_autoptr(GByteArray) leads_to = g_byte_array_new();
  if (!write_block(writer, &writer->records, &place, error))
    return false;
  add_place(leads_to, &place);
  add_entry(&writer->index, slice_new(key, key_size), slice_new(leads_to->data, leads_to->len));
  return true;
}

bool
table_writer_add(TableWriter *writer, Slice key, Slice record, GError **error)
{
  guint used = writer->records.entries->len;
  if (used > 0 && used + key.size + record.size > BLOCK_SIZE && !write_records(writer, error))
    return false;
  add_entry(&writer->records, key, record);
  return true;
}

bool
table_writer_finish(TableWriter *writer, GError **error)
{
  Place index;
  uint8_t digest[SHA256_SIZE];
  if (!write_records(writer, error) || !write_block(writer, &writer->index, &index, error))
    return false;
  sha256_digest(&writer->hash, sizeof digest, digest);
  GByteArray *out = writer->buffer;
  guint start = out->len;
  g_byte_array_append(out, (const uint8_t *)SEAL_MAGIC, strlen(SEAL_MAGIC));
  byte_array_add_uint64(out, writer->written);
  g_byte_array_append(out, digest, sizeof digest);
  add_place(out, &index);
  guint used = out->len;
  g_byte_array_set_size(out, start + (guint)(SEAL_PAGE - CRC_SIZE));
  memset(out->data + used, 0, out->len - used);
  byte_array_add_uint32(out, checksum_crc32c(slice_new(out->data + start, SEAL_PAGE - CRC_SIZE)));
  return flush_buffer(writer, error);
}
