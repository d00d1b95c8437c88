/* What packed streams unpack to, and that broken ones say so, however the bytes come in. */
#include "archive/inflate.h"
#include "base/error.h"
#include "bytes.h"

typedef struct {
  const char *name;
  GByteArray *packed;
  const char *prefix; /* of the unpacked bytes; NULL: it is broken */
  size_t size;        /* of the unpacked bytes */
} Case;

/* Reads all in reads of @size bytes; NULL with *error. */
static GByteArray *
unpack(const GByteArray *packed, size_t piece, size_t size, GError **error)
{
  Pieces pieces = {slice_of(packed), piece};
  g_autoptr(Inflater) inflater = inflater_new(pieces_read, &pieces);
  g_autoptr(GByteArray) plain = g_byte_array_new();
  g_autofree uint8_t *buffer = g_malloc(size);
  for (;;) {
    gssize got = inflater_read(inflater, buffer, size, error);
    if (got < 0)
      return NULL;
    if (got == 0)
      break;
    g_byte_array_append(plain, buffer, (guint)got);
  }
  g_assert_cmpuint(inflater_consumed(inflater), ==, packed->len);
  /* The end stays the end. */
  g_assert_cmpint(inflater_read(inflater, buffer, size, error), ==, 0);
  return g_steal_pointer(&plain);
}

static void
check(const Case *each, size_t piece, size_t size)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GByteArray) plain = unpack(each->packed, piece, size, &error);
  g_test_message("%s, %zu at a time: %s", each->name, piece,
                 error != NULL ? error->message : "unpacked");
  if (each->prefix == NULL) {
    g_assert_null(plain);
    g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_INVALID);
    return;
  }
  g_assert_no_error(error);
  g_assert_cmpuint(plain->len, ==, each->size);
  if (each->size > 0)
    g_assert_cmpmem(plain->data, strlen(each->prefix), each->prefix, strlen(each->prefix));
}

static void
check_all(const Case *cases, size_t count)
{
  static const size_t pieces[] = {1, 7, 4096, SIZE_MAX};
  for (size_t i = 0; i < count; i++)
    for (size_t j = 0; j < G_N_ELEMENTS(pieces); j++)
      if (pieces[j] > 1 || cases[i].packed->len < 10000)
        check(&cases[i], pieces[j], pieces[j] == 7 ? 13 : 65536);
}

static GByteArray *
cut(const GByteArray *bytes, guint from_end)
{
  GByteArray *part = g_byte_array_new();
  return g_byte_array_append(part, bytes->data, bytes->len - from_end);
}

static GByteArray *
with_text(const GByteArray *bytes, const char *text, guint size)
{
  GByteArray *longer = g_byte_array_new();
  g_byte_array_append(longer, bytes->data, bytes->len);
  return g_byte_array_append(longer, (const guint8 *)text, size);
}

/* Pseudo-random, so that it stays as large when packed. */
static GByteArray *
noise(guint size)
{
  GByteArray *bytes = g_byte_array_new();
  g_byte_array_set_size(bytes, size);
  g_autoptr(GRand) random = g_rand_new_with_seed(7);
  for (guint i = 0; i < size; i++)
    bytes->data[i] = (guint8)g_rand_int(random);
  memcpy(bytes->data, "noise", 5);
  return bytes;
}

#define FREE(count, cases)                                                                         \
  for (size_t i = 0; i < (count); i++)                                                             \
  g_byte_array_unref((cases)[i].packed)

static void
test_gzip(void)
{
  Bytef extra[] = "four\0bytes", name[] = "layer.tar", comment[] = "a comment";
  gz_header full = {.extra = extra,
                    .extra_len = sizeof extra,
                    .name = name,
                    .comment = comment,
                    .hcrc = 1,
                    .time = 1700000000};
  gz_header named = {.name = name};
  g_autoptr(GByteArray) first = gzip_of(SLICE_LITERAL("first ")),
                        second = gzip_of(SLICE_LITERAL("second")), none = gzip_of(SLICE_EMPTY),
                        random = noise(300000), packed = gzip_of(slice_of(random));
  g_autoptr(GByteArray) wrong_sum = with_text(first, "", 0), wrong_size = with_text(first, "", 0),
                        wrong_method = with_text(first, "", 0);
  wrong_sum->data[wrong_sum->len - 8] ^= 1;
  wrong_size->data[wrong_size->len - 1] ^= 1;
  wrong_method->data[2] = 7;
  Case cases[] = {
      {"one member", gzip_of(SLICE_LITERAL("hello")), "hello", 5},
      {"a full header", gzip_with(SLICE_LITERAL("hello"), &full), "hello", 5},
      {"a name", gzip_with(SLICE_LITERAL("hello"), &named), "hello", 5},
      {"nothing inside", gzip_of(SLICE_EMPTY), "", 0},
      {"two members", joined(first, second), "first second", 12},
      {"an empty member between", joined(none, first), "first ", 6},
      {"padding behind", with_text(first, "\0\0\0\0\0\0\0", 7), "first ", 6},
      {"large", with_text(packed, "", 0), "noise", 300000},
      {"without its end", cut(first, 1), NULL, 0},
      {"without its sum", cut(first, 8), NULL, 0},
      {"a part of its header", cut(first, first->len - 5), NULL, 0},
      {"cut in the middle", cut(packed, packed->len / 2), NULL, 0},
      {"a second member that is cut", cut(cases[4].packed, 3), NULL, 0},
      {"garbage behind", with_text(first, "garbage", 7), NULL, 0},
      {"one byte behind", with_text(first, "\x1f", 1), NULL, 0},
      {"padding and garbage", with_text(first, "\0\0x", 3), NULL, 0},
      {"a wrong sum", with_text(wrong_sum, "", 0), NULL, 0},
      {"a wrong size", with_text(wrong_size, "", 0), NULL, 0},
      {"another method", with_text(wrong_method, "", 0), NULL, 0},
  };
  check_all(cases, G_N_ELEMENTS(cases));
  FREE(G_N_ELEMENTS(cases), cases);
}

static void
test_zstd(void)
{
  static const char skipped[] = "\x50\x2a\x4d\x18\x03\0\0\0abc",
                    skipped_f[] = "\x5f\x2a\x4d\x18\0\0\0\0";
  /* 19971 bytes, it says, and has an empty block alone. */
  static const char lying[] = "\x28\xb5\x2f\xfd\x40\x24\x03\x4d\x01\0\0";
  g_autoptr(GByteArray) empty = g_byte_array_new();
  g_autoptr(GByteArray) first = zstd_of(SLICE_LITERAL("first "), 0),
                        second = zstd_of(SLICE_LITERAL("second"), 0), random = noise(300000),
                        packed = zstd_of(slice_of(random), 0);
  g_autoptr(GByteArray) skip = with_text(empty, skipped, 11), wrong = with_text(first, "", 0),
                        after = with_text(first, skipped, 11);
  wrong->data[wrong->len - 1] ^= 1;
  Case cases[] = {
      {"one frame", zstd_of(SLICE_LITERAL("hello"), 0), "hello", 5},
      {"nothing inside", zstd_of(SLICE_EMPTY, 0), "", 0},
      {"two frames", joined(first, second), "first second", 12},
      {"a skippable frame before", joined(skip, first), "first ", 6},
      {"a skippable frame between", joined(after, second), "first second", 12},
      {"a skippable frame behind", with_text(first, skipped_f, 8), "first ", 6},
      {"a window of 128 MiB", zstd_of(slice_of(random), 27), "noise", 300000},
      {"large", with_text(packed, "", 0), "noise", 300000},
      {"a window of 256 MiB", zstd_of(slice_of(random), 28), NULL, 0},
      {"a window of 2 GiB", zstd_of(slice_of(random), 31), NULL, 0},
      {"without its end", cut(first, 1), NULL, 0},
      {"cut in the middle", cut(packed, packed->len / 2), NULL, 0},
      {"a skippable frame that is cut", with_text(first, skipped, 9), NULL, 0},
      {"another size than it says", with_text(empty, lying, 11), NULL, 0},
      {"a wrong sum", with_text(wrong, "", 0), NULL, 0},
      {"garbage behind", with_text(first, "garbage", 7), NULL, 0},
      {"gzip behind", with_text(first, "\x1f\x8b\x08\0", 4), NULL, 0},
  };
  check_all(cases, G_N_ELEMENTS(cases));
  FREE(G_N_ELEMENTS(cases), cases);
}

static void
test_plain(void)
{
  g_autoptr(GByteArray) empty = g_byte_array_new(), random = noise(700000);
  Case cases[] = {
      {"nothing", with_text(empty, "", 0), "", 0},
      {"one byte", with_text(empty, "x", 1), "x", 1},
      {"half a magic", with_text(empty, "\x1f", 1), "\x1f", 1},
      {"text", with_text(empty, "hello, world", 12), "hello, world", 12},
      {"large", with_text(random, "", 0), "noise", 700000},
  };
  check_all(cases, G_N_ELEMENTS(cases));
  FREE(G_N_ELEMENTS(cases), cases);
}

/* --- a source that fails --- */

static gssize
read_failing(void *data, void *buffer, size_t size, GError **error)
{
  Pieces *pieces = data;
  if (pieces->rest.size > 0)
    return pieces_read(data, buffer, size, error);
  error_set(error, ASSAY_ERROR_IO, "the disk is gone");
  return -1;
}

static void
test_failing_source(void)
{
  g_autoptr(GByteArray) random = noise(600000), empty = g_byte_array_new();
  GByteArray *cases[] = {gzip_of(slice_of(random)), zstd_of(slice_of(random), 0),
                         with_text(random, "", 0), with_text(empty, "", 0)};
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    Pieces pieces = {slice_sub(slice_of(cases[i]), 0, cases[i]->len / 2), 1000};
    g_autoptr(Inflater) inflater = inflater_new(read_failing, &pieces);
    uint8_t buffer[4096];
    gssize got;
    do
      got = inflater_read(inflater, buffer, sizeof buffer, &error);
    while (got > 0);
    g_test_message("case %zu", i);
    g_assert_cmpint(got, ==, -1);
    g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_IO);
    g_byte_array_unref(cases[i]);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/inflate/gzip", test_gzip);
  g_test_add_func("/inflate/zstd", test_zstd);
  g_test_add_func("/inflate/plain", test_plain);
  g_test_add_func("/inflate/failing-source", test_failing_source);
  return g_test_run();
}
