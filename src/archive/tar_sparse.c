/* The maps of sparse files, as Go's archive/tar (readOldGNUSparseMap, readGNUSparseMap0x1,
 * readGNUSparseMap1x0) reads them; see tar-private.h. */
#include "archive/tar-private.h"

/* The old format: where the header has four parts, and a block of more has 21. */
#define AT_MAP      386u
#define AT_MORE     482u /* whether such a block follows */
#define AT_SIZE     483u
#define AT_MORE_YET 504u /* the same in such a block */
#define PARTS       4u
#define MORE_PARTS  21u

static bool
broken_map(GError **error)
{
  return tar_broken(error, "the map of a sparse file is broken");
}

static bool
is_version(const TarRecords *records, const char *major, const char *minor)
{
  return slice_equal_string(records->values[TAR_KEY_SPARSE_MAJOR], major) &&
         slice_equal_string(records->values[TAR_KEY_SPARSE_MINOR], minor);
}

TarSparseVersion
tar_sparse_version(const TarRecords *records)
{
  if (is_version(records, "1", "0"))
    return TAR_SPARSE_1;
  if (is_version(records, "0", "0") || is_version(records, "0", "1"))
    return TAR_SPARSE_0;
  /* At first the version was not written; others than these make it a file like any other. */
  return is_version(records, "", "") && records->values[TAR_KEY_SPARSE_MAP].size > 0
             ? TAR_SPARSE_0
             : TAR_NOT_SPARSE;
}

static bool
too_long(GError **error)
{
  return tar_broken(error, "the map of a sparse file is cut off, or too long");
}

/* --- the old format --- */

static bool
add_fields(GArray *parts, const uint8_t *bytes, unsigned count, GError **error)
{
  for (unsigned i = 0; i < count && *bytes != 0; i++, bytes += 2 * TAR_NUMBER_BYTES) {
    TarPart part;
    if (!tar_number(bytes, TAR_NUMBER_BYTES, &part.at) ||
        !tar_number(bytes + TAR_NUMBER_BYTES, TAR_NUMBER_BYTES, &part.size))
      return broken_map(error);
    g_array_append_val(parts, part);
  }
  return true;
}

bool
tar_sparse_read_old(GArray *parts, TarBytes *bytes, TarFields *fields, const uint8_t *block,
                    GError **error)
{
  if (fields->format != TAR_GNU || !tar_number(block + AT_SIZE, TAR_NUMBER_BYTES, &fields->size))
    return tar_broken(error, "the header of a sparse file is broken");
  size_t got, read = TAR_BLOCK;
  bool more = block[AT_MORE] != 0;
  if (!add_fields(parts, block + AT_MAP, PARTS, error))
    return false;
  for (; more; more = block[AT_MORE_YET] != 0, read += TAR_BLOCK) {
    if (!tar_take_block(bytes, &block, &got, error))
      return false;
    if (got < TAR_BLOCK || read >= TAR_SPECIAL_MAX)
      return too_long(error);
    if (!add_fields(parts, block, MORE_PARTS, error))
      return false;
  }
  return true;
}

/* --- records and lines --- */

/* Two numbers a part. */
static bool
add_parts(GArray *parts, Slice text, uint8_t separator, uint64_t count, GError **error)
{
  Slice at, size;
  for (uint64_t i = 0; i < count; i++) {
    TarPart part;
    if (!slice_next_field(&text, separator, &at) || !slice_next_field(&text, separator, &size) ||
        !tar_decimal(at, &part.at) || !tar_decimal(size, &part.size))
      return broken_map(error);
    g_array_append_val(parts, part);
  }
  return true;
}

bool
tar_sparse_read_records(GArray *parts, const TarRecords *records, GError **error)
{
  Slice map = records->values[TAR_KEY_SPARSE_MAP];
  int64_t count, numbers = map.size > 0;
  for (size_t i = 0; i < map.size; i++)
    numbers += map.data[i] == ',';
  if (!tar_decimal(records->values[TAR_KEY_SPARSE_NUMBLOCKS], &count) || count < 0 ||
      count > numbers || numbers != 2 * count)
    return broken_map(error);
  return add_parts(parts, map, ',', (uint64_t)count, error);
}

/* Whole blocks, until there are so many lines in them. */
static bool
read_lines(TarBytes *bytes, GByteArray *text, uint64_t wanted, uint64_t *lines, GError **error)
{
  while (*lines < wanted) {
    guint before = text->len;
    if (bytes->left < TAR_BLOCK || before + TAR_BLOCK > TAR_SPECIAL_MAX)
      return too_long(error);
    if (!tar_read_stored(bytes, TAR_BLOCK, text, error))
      return false;
    for (guint i = before; i < text->len; i++)
      *lines += text->data[i] == '\n';
  }
  return true;
}

/* The number of parts, and two numbers for each. */
bool
tar_sparse_read_lines(GArray *parts, TarBytes *bytes, GError **error)
{
  g_autoptr(GByteArray) text = g_byte_array_new();
  uint64_t lines = 0;
  int64_t count;
  Slice number;
  if (!read_lines(bytes, text, 1, &lines, error))
    return false;
  Slice rest = slice_new(text->data, text->len);
  if (!slice_next_field(&rest, '\n', &number) || !tar_decimal(number, &count) || count < 0 ||
      (uint64_t)count > TAR_SPECIAL_MAX)
    return broken_map(error);
  if (!read_lines(bytes, text, 1 + 2 * (uint64_t)count, &lines, error))
    return false;
  rest = slice_new(text->data, text->len);
  return slice_next_field(&rest, '\n', &number) &&
         add_parts(parts, rest, '\n', (uint64_t)count, error);
}

/* --- both --- */

bool
tar_sparse_check(const GArray *parts, int64_t size, uint64_t stored, const char *name,
                 GError **error)
{
  int64_t end = 0;
  uint64_t sum = 0;
  for (guint i = 0; i < parts->len; i++) {
    const TarPart *part = &g_array_index(parts, TarPart, i);
    if (part->at < 0 || part->size < 0 || part->at > size || part->size > size - part->at)
      return tar_broken(error, "the sparse file %s has parts outside of it", name);
    if (part->at < end)
      return tar_broken(error, "parts of the sparse file %s overlap", name);
    end = part->at + part->size;
    sum += (uint64_t)part->size;
  }
  if (size < 0 || sum != stored)
    return tar_broken(error, "the sparse file %s has other content than its map says", name);
  return true;
}
