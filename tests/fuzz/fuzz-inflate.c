/* Packed streams, in pieces whose size the first byte chooses: what comes out must not depend on
 * it. */
#include "archive/inflate.h"
#include "fuzz-bytes.h"

#define MOST ((size_t)1 << 20)

static bool
unpack(Slice packed, size_t piece, size_t step, GByteArray *plain)
{
  Pieces pieces = {packed, piece};
  g_autoptr(Inflater) inflater = inflater_new(pieces_read, &pieces);
  g_autofree uint8_t *buffer = g_malloc(step);
  gssize got = 1;
  while (got > 0 && plain->len < MOST) {
    g_autoptr(GError) error = NULL;
    got = inflater_read(inflater, buffer, step, &error);
    g_assert_cmpint(got, <=, (gssize)step);
    g_assert_true((got < 0) == (error != NULL));
    if (got > 0)
      g_byte_array_append(plain, buffer, (guint)got);
  }
  g_assert_cmpuint(inflater_consumed(inflater), <=, packed.size);
  return got == 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (size == 0)
    return 0;
  g_autoptr(GByteArray) whole = g_byte_array_new(), pieced = g_byte_array_new();
  Slice packed = slice_new(data + 1, size - 1);
  bool first = unpack(packed, SIZE_MAX, 65536, whole);
  bool second = unpack(packed, (size_t)data[0] + 1, 1000, pieced);
  if (whole->len >= MOST || pieced->len >= MOST)
    return 0;
  g_assert_cmpint(first, ==, second);
  if (first)
    g_assert_cmpmem(whole->data, whole->len, pieced->data, pieced->len);
  return 0;
}
