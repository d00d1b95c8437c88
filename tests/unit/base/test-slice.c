/* Slices: reading never runs past the end, and what is written can be read again. */
#include <string.h>

#include "base/slice.h"

static void
test_lines(void)
{
  Slice rest = SLICE_LITERAL("one\r\ntwo\n\nlast"), line;
  const char *const expected[] = {"one", "two", "", "last"};
  for (size_t i = 0; i < G_N_ELEMENTS(expected); i++) {
    g_assert_true(slice_next_line(&rest, &line));
    g_assert_true(slice_equal_string(line, expected[i]));
  }
  g_assert_false(slice_next_line(&rest, &line));
}

static void
test_fields(void)
{
  Slice rest = SLICE_LITERAL("a,,b,"), field;
  const char *const expected[] = {"a", "", "b", ""};
  for (size_t i = 0; i < G_N_ELEMENTS(expected); i++) {
    g_assert_true(slice_next_field(&rest, ',', &field));
    g_assert_true(slice_equal_string(field, expected[i]));
  }
  g_assert_false(slice_next_field(&rest, ',', &field));
}

static void
test_numbers(void)
{
  static const struct {
    const char *text;
    bool valid;
    uint64_t value;
  } cases[] = {
      {"0", true, 0},
      {"18446744073709551615", true, UINT64_MAX},
      {"18446744073709551616", false, 0},
      {"", false, 0},
      {"-1", false, 0},
      {"1 ", false, 0},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    uint64_t value = 0;
    g_test_message("case \"%s\"", cases[i].text);
    g_assert_cmpint(slice_to_uint64(slice_from_string(cases[i].text), &value), ==, cases[i].valid);
    g_assert_cmpuint(value, ==, cases[i].value);
  }
}

static void
test_binary_round_trip(void)
{
  g_autoptr(GByteArray) out = g_byte_array_new();
  const uint64_t numbers[] = {0, 1, 127, 128, 300, UINT32_MAX, UINT64_MAX};
  for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++)
    byte_array_add_varint(out, numbers[i]);
  byte_array_add_uint32(out, 0x01020304);
  byte_array_add_uint64(out, 0x0102030405060708);
  byte_array_add_prefixed(out, SLICE_LITERAL("hello"));

  Slice rest = slice_new(out->data, out->len), text;
  uint64_t wide;
  uint32_t narrow;
  for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
    g_assert_true(slice_take_varint(&rest, &wide));
    g_assert_cmpuint(wide, ==, numbers[i]);
  }
  g_assert_true(slice_take_uint32(&rest, &narrow));
  g_assert_cmpuint(narrow, ==, 0x01020304);
  g_assert_true(slice_take_uint64(&rest, &wide));
  g_assert_cmpuint(wide, ==, 0x0102030405060708);
  g_assert_true(slice_take_prefixed(&rest, &text));
  g_assert_true(slice_equal_string(text, "hello"));
  g_assert_cmpuint(rest.size, ==, 0);
  g_assert_false(slice_take_varint(&rest, &wide));
}

static void
test_binary_truncated(void)
{
  static const uint8_t endless[] = {0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02};
  static const uint8_t lying[] = {0x05, 'a', 'b'};
  uint64_t wide;
  Slice taken, rest = slice_new(endless, sizeof endless);
  g_assert_false(slice_take_varint(&rest, &wide));
  g_assert_cmpuint(rest.size, ==, sizeof endless);
  rest = slice_new(lying, sizeof lying);
  g_assert_false(slice_take_prefixed(&rest, &taken));
  g_assert_cmpuint(rest.size, ==, sizeof lying);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/slice/lines", test_lines);
  g_test_add_func("/slice/fields", test_fields);
  g_test_add_func("/slice/numbers", test_numbers);
  g_test_add_func("/slice/binary/round-trip", test_binary_round_trip);
  g_test_add_func("/slice/binary/truncated", test_binary_truncated);
  return g_test_run();
}
