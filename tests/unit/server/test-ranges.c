/* Range headers, each with what it asks of a file of a size. */
#include <string.h>

#include "server/http/ranges.h"

static void
test_ranges(void)
{
  static const struct {
    const char *header;
    uint64_t size;
    RangesResult result;
    const char *ranges; /* "first+size ..." */
  } cases[] = {
      {NULL, 10, RANGES_IGNORE, ""},
      {"", 10, RANGES_IGNORE, ""},
      {"bytes=0-0", 10, RANGES_SOME, "0+1"},
      {"Bytes=0-9", 10, RANGES_SOME, "0+10"},
      {"bytes=0-", 10, RANGES_SOME, "0+10"},
      {"bytes=9-", 10, RANGES_SOME, "9+1"},
      {"bytes=4-100", 10, RANGES_SOME, "4+6"},
      {"bytes=4-18446744073709551615", 10, RANGES_SOME, "4+6"},
      {"bytes=-3", 10, RANGES_SOME, "7+3"},
      {"bytes=-100", 10, RANGES_SOME, "0+10"},
      {"bytes=0-1,4-5", 10, RANGES_SOME, "0+2 4+2"},
      {"bytes= 0-1 , , 4-5 ,", 10, RANGES_SOME, "0+2 4+2"},
      {"bytes=0-1,100-", 10, RANGES_SOME, "0+2"},
      {"bytes=10-", 10, RANGES_UNSATISFIABLE, ""},
      {"bytes=-0", 10, RANGES_UNSATISFIABLE, ""},
      {"bytes=0-", 0, RANGES_UNSATISFIABLE, ""},
      {"bytes=-1", 0, RANGES_UNSATISFIABLE, ""},
      {"bytes=18446744073709551615-", 10, RANGES_UNSATISFIABLE, ""},
      {"bytes=", 10, RANGES_IGNORE, ""},
      {"bytes=,", 10, RANGES_IGNORE, ""},
      {"bytes=-", 10, RANGES_IGNORE, ""},
      {"bytes=5-4", 10, RANGES_UNSATISFIABLE, ""},
      {"bytes=a-b", 10, RANGES_IGNORE, ""},
      {"bytes=0x1-2", 10, RANGES_IGNORE, ""},
      {"bytes=+1-2", 10, RANGES_IGNORE, ""},
      {"bytes=1--2", 10, RANGES_IGNORE, ""},
      {"bytes=18446744073709551616-", 10, RANGES_IGNORE, ""},
      {"bytes=0-1,x", 10, RANGES_IGNORE, ""},
      {"items=0-1", 10, RANGES_IGNORE, ""},
      {"bytes:0-1", 10, RANGES_IGNORE, ""},
      /* More than the whole: the whole is cheaper. */
      {"bytes=0-,0-", 10, RANGES_IGNORE, ""},
      {"bytes=0-5,5-9", 10, RANGES_IGNORE, ""},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GArray) ranges = g_array_new(FALSE, FALSE, sizeof(Range));
    g_test_message("\"%s\" of %" G_GUINT64_FORMAT, cases[i].header, cases[i].size);
    g_assert_cmpint(ranges_parse(cases[i].header, cases[i].size, ranges), ==, cases[i].result);
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint j = 0; cases[i].result == RANGES_SOME && j < ranges->len; j++) {
      const Range *range = &g_array_index(ranges, Range, j);
      g_string_append_printf(text, "%s%" G_GUINT64_FORMAT "+%" G_GUINT64_FORMAT, j > 0 ? " " : "",
                             range->first, range->size);
    }
    g_assert_cmpstr(text->str, ==, cases[i].ranges);
  }
}

static void
test_too_many(void)
{
  g_autoptr(GString) header = g_string_new("bytes=0-0");
  for (int i = 1; i < 32; i++)
    g_string_append_printf(header, ",%d-%d", 2 * i, 2 * i);
  g_autoptr(GArray) ranges = g_array_new(FALSE, FALSE, sizeof(Range));
  g_assert_cmpint(ranges_parse(header->str, 1000, ranges), ==, RANGES_SOME);
  g_assert_cmpuint(ranges->len, ==, 32);
  g_array_set_size(ranges, 0);
  g_string_append(header, ",99-99");
  g_assert_cmpint(ranges_parse(header->str, 1000, ranges), ==, RANGES_IGNORE);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/ranges/parse", test_ranges);
  g_test_add_func("/ranges/too-many", test_too_many);
  return g_test_run();
}
