/* CBOR: one text for each value, and nothing that reads past its end. */
#include <string.h>

#include "text/cbor.h"

static void
test_items(void)
{
  static const struct {
    const char *name, *bytes;
    size_t size;
    bool good;
    CborType type;
    uint64_t number;
  } cases[] = {
      {"a small number", "\x17", 1, true, CBOR_NUMBER, 23},
      {"a number of one byte", "\x18\x18", 2, true, CBOR_NUMBER, 24},
      {"a number of two bytes", "\x19\x01\x00", 3, true, CBOR_NUMBER, 256},
      {"a number of eight bytes", "\x1b\xff\xff\xff\xff\xff\xff\xff\xff", 9, true, CBOR_NUMBER,
       UINT64_MAX},
      {"a negative number", "\x26", 1, true, CBOR_NEGATIVE, 6},
      {"bytes", "\x42\x01\x02", 3, true, CBOR_BYTES, 2},
      {"a text", "\x61\x61", 2, true, CBOR_TEXT, 1},
      {"an empty text", "\x60", 1, true, CBOR_TEXT, 0},
      {"the head of a list", "\x82", 1, true, CBOR_LIST, 2},
      {"a tag", "\xd2", 1, true, CBOR_TAG, 18},
      {"nothing", "", 0, false, 0, 0},
      {"a number that is cut", "\x19\x01", 2, false, 0, 0},
      {"a number that is longer than it must", "\x18\x17", 2, false, 0, 0},
      {"two bytes for one", "\x19\x00\xff", 3, false, 0, 0},
      {"eight bytes for four", "\x1b\0\0\0\0\xff\xff\xff\xff", 9, false, 0, 0},
      {"bytes that are cut", "\x43\x01\x02", 3, false, 0, 0},
      {"bytes without an end", "\x5f\x41\x01\xff", 4, false, 0, 0},
      {"bytes as long as a size can be", "\x5b\xff\xff\xff\xff\xff\xff\xff\xff", 9, false, 0, 0},
      {"a text that is none", "\x61\xff", 2, false, 0, 0},
      {"a text with a NUL", "\x61\x00", 2, false, 0, 0},
      {"a reserved head", "\x1c", 1, false, 0, 0},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_test_message("case \"%s\"", cases[i].name);
    Slice rest = slice_new(cases[i].bytes, cases[i].size);
    CborItem item;
    bool good = cbor_take(&rest, &item);
    g_assert_cmpint(good, ==, cases[i].good);
    g_assert_cmpuint(rest.size, ==, good ? 0 : cases[i].size);
    if (!good)
      continue;
    g_assert_cmpint(item.type, ==, cases[i].type);
    g_assert_cmpuint(item.number, ==, cases[i].number);
    GByteArray *again = g_byte_array_new();
    cbor_add(again, item.type, item.number, item.bytes);
    g_assert_cmpmem(again->data, again->len, cases[i].bytes, cases[i].size);
    g_byte_array_unref(again);
  }
}

static void
test_skipped(void)
{
  static const struct {
    const char *name, *bytes;
    size_t size;
    bool good;
  } cases[] = {
      {"a list of lists", "\x82\x81\x01\x80", 4, true},
      {"a map", "\xa1\x01\x61\x61", 4, true},
      {"a tag of a number", "\xc1\x18\x64", 3, true},
      {"a list that is cut", "\x82\x01", 2, false},
      {"a list of more than there is", "\x9b\xff\xff\xff\xff\xff\xff\xff\xff", 9, false},
      {"a map of more than there is", "\xbb\x7f\xff\xff\xff\xff\xff\xff\xff", 9, false},
      {"too deep", "\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x80",
       19, false},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_test_message("case \"%s\"", cases[i].name);
    Slice rest = slice_new(cases[i].bytes, cases[i].size);
    g_assert_cmpint(cbor_skip(&rest), ==, cases[i].good);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/cbor/items", test_items);
  g_test_add_func("/cbor/skipped", test_skipped);
  return g_test_run();
}
