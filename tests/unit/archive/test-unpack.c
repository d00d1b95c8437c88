/* Streams as people's tools unpack them: members that follow each other, what follows the last, and
 * all that comes before what is broken; however the bytes come in. */
#include "archive/unpack.h"

#include <bzlib.h>
#include <lzma.h>

#include "base/error.h"
#include "bytes.h"

/* Text that is told apart from noise, of more than one block of output. */
static GByteArray *
plain_new(unsigned lines)
{
  GByteArray *plain = g_byte_array_new();
  for (unsigned i = 0; i < lines; i++) {
    g_autofree char *line = g_strdup_printf("line %u of many\n", i * 2654435761u);
    g_byte_array_append(plain, (const uint8_t *)line, (guint)strlen(line));
  }
  return plain;
}

static GByteArray *
xz_of(Slice plain)
{
  GByteArray *packed = g_byte_array_new();
  size_t size = 0;
  g_byte_array_set_size(packed, (guint)lzma_stream_buffer_bound(plain.size));
  g_assert_cmpint(lzma_easy_buffer_encode(6, LZMA_CHECK_CRC64, NULL, plain.data, plain.size,
                                          packed->data, &size, packed->len),
                  ==, LZMA_OK);
  g_byte_array_set_size(packed, (guint)size);
  return packed;
}

static GByteArray *
bzip2_of(Slice plain)
{
  GByteArray *packed = g_byte_array_new();
  unsigned size = (unsigned)plain.size * 2 + 1000;
  char none[] = "";
  g_byte_array_set_size(packed, size);
  g_assert_cmpint(BZ2_bzBuffToBuffCompress((char *)packed->data, &size,
                                           plain.size == 0 ? none : (char *)(uintptr_t)plain.data,
                                           (unsigned)plain.size, 9, 0, 0),
                  ==, BZ_OK);
  g_byte_array_set_size(packed, size);
  return packed;
}

static GByteArray *
zstd_packed(Slice plain)
{
  return zstd_of(plain, 0);
}

static GByteArray *
deflate_of(Slice plain)
{
  GByteArray *packed = gzip_of(plain);
  g_byte_array_remove_range(packed, 0, 10);
  g_byte_array_set_size(packed, packed->len - 8);
  return packed;
}

static const struct {
  const char *name;
  UnpackKind kind;
  GByteArray *(*pack)(Slice plain);
  bool members;
} kinds[] = {
    {"gzip", UNPACK_GZIP, gzip_of, true},
    {"zstd", UNPACK_ZSTD, zstd_packed, true},
    {"xz", UNPACK_XZ, xz_of, true},
    {"bzip2", UNPACK_BZIP2, bzip2_of, true},
    {"deflate", UNPACK_DEFLATE, deflate_of, false},
};

/* All that there is before the end or *@error. (transfer full) */
static GByteArray *
unpack(UnpackKind kind, Slice packed, size_t piece, GError **error)
{
  Pieces pieces = {packed, piece};
  g_autoptr(Unpacker) unpacker = unpacker_new(kind, pieces_read, &pieces);
  GByteArray *plain = g_byte_array_new();
  uint8_t buffer[1000];
  gssize got;
  while ((got = unpacker_read(unpacker, buffer, sizeof buffer, error)) > 0)
    g_byte_array_append(plain, buffer, (guint)got);
  g_assert_cmpuint(unpacker_consumed(unpacker), <=, packed.size);
  /* The end stays the end, and what is broken broken. */
  g_assert_cmpint(unpacker_read(unpacker, buffer, sizeof buffer, NULL), ==, got);
  return plain;
}

static const size_t pieces[] = {1, 7, 5000, SIZE_MAX};

static void
test_whole(void)
{
  g_autoptr(GByteArray) plain = plain_new(20000);
  for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
    g_autoptr(GByteArray) one = kinds[i].pack(slice_of(plain));
    g_autoptr(GByteArray) none = kinds[i].pack(SLICE_EMPTY);
    g_autoptr(GByteArray) first = kinds[i].members ? joined(none, one) : joined(one, none);
    g_autoptr(GByteArray) packed = kinds[i].members ? joined(first, one) : joined(one, none);
    g_byte_array_append(packed, (const uint8_t *)"\0\0\0\0and no member", 17);
    for (size_t j = 0; j < G_N_ELEMENTS(pieces); j++) {
      g_autoptr(GError) error = NULL;
      g_autoptr(GByteArray) made = unpack(kinds[i].kind, slice_of(packed), pieces[j], &error);
      g_test_message("%s, %zu at a time: %u bytes", kinds[i].name, pieces[j], made->len);
      g_assert_no_error(error);
      g_assert_cmpuint(made->len, ==, plain->len * (kinds[i].members ? 2 : 1));
      g_assert_cmpmem(made->data + made->len - plain->len, plain->len, plain->data, plain->len);
    }
  }
}

/* Cut at each place near the beginning and the end, and at some between. */
static void
test_truncated(void)
{
  g_autoptr(GByteArray) plain = plain_new(20000);
  for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
    g_autoptr(GByteArray) packed = kinds[i].pack(slice_of(plain));
    guint most = 0;
    for (guint size = 0; size < packed->len;
         size += size < 40 || packed->len - size < 20 ? 1 : packed->len / 40) {
      g_autoptr(GError) error = NULL;
      g_autoptr(GByteArray) made =
          unpack(kinds[i].kind, slice_new(packed->data, size), SIZE_MAX, &error);
      g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_INVALID);
      g_assert_cmpuint(made->len, <=, plain->len);
      g_assert_cmpuint(made->len, >=, most);
      g_assert_cmpmem(made->data, made->len, plain->data, made->len);
      most = made->len;
    }
    g_test_message("%s: %u of %u bytes before the end", kinds[i].name, most, plain->len);
    g_assert_cmpuint(most, >=, (kinds[i].kind == UNPACK_BZIP2 ? 0 : plain->len / 2));
  }
}

/* A header that fails its own checksum is read over, as Python does. */
static void
test_header_checksum(void)
{
  static const uint8_t more[] = "\3\0abcname\0\1\2";
  g_autoptr(GByteArray) plain = plain_new(2000);
  g_autoptr(GByteArray) one = gzip_of(slice_of(plain));
  g_autoptr(GByteArray) header = g_byte_array_new();
  g_byte_array_append(header, one->data, 10);
  header->data[3] = 2 | 4 | 8;
  g_byte_array_append(header, more, sizeof more - 1);
  guint size = header->len;
  g_byte_array_append(header, one->data + 10, one->len - 10);
  g_autoptr(GByteArray) packed = joined(header, header);
  for (size_t i = 0; i < G_N_ELEMENTS(pieces); i++) {
    g_autoptr(GError) error = NULL, cut = NULL;
    g_autoptr(GByteArray) made = unpack(UNPACK_GZIP, slice_of(packed), pieces[i], &error);
    g_assert_no_error(error);
    g_assert_cmpuint(made->len, ==, plain->len * 2);
    g_assert_cmpmem(made->data, plain->len, plain->data, plain->len);
    g_autoptr(GByteArray) none =
        unpack(UNPACK_GZIP, slice_new(packed->data, size), pieces[i], &cut);
    g_assert_error(cut, ASSAY_ERROR, ASSAY_ERROR_INVALID);
    g_assert_cmpuint(none->len, ==, 0);
  }
}

static gssize
refuse(void *data, void *buffer, size_t size, GError **error)
{
  gssize got = pieces_read(data, buffer, MIN(size, 50u), NULL);
  if (got > 0)
    return got;
  error_set(error, ASSAY_ERROR_LIMIT, "enough");
  return -1;
}

/* An error of the reader's is told as it is. */
static void
test_reader_fails(void)
{
  g_autoptr(GByteArray) plain = plain_new(20000);
  for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(GByteArray) packed = kinds[i].pack(slice_of(plain));
    Pieces begin = {slice_new(packed->data, 200), 50};
    g_autoptr(Unpacker) unpacker = unpacker_new(kinds[i].kind, refuse, &begin);
    uint8_t buffer[1000];
    gssize got;
    while ((got = unpacker_read(unpacker, buffer, sizeof buffer, &error)) > 0)
      continue;
    g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_LIMIT);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/unpack/whole", test_whole);
  g_test_add_func("/unpack/truncated", test_truncated);
  g_test_add_func("/unpack/header-checksum", test_header_checksum);
  g_test_add_func("/unpack/reader-fails", test_reader_fails);
  return g_test_run();
}
