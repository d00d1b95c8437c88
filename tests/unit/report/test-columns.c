/* Tables: columns that line up within any width, and never break what they hold. */
#include <string.h>

#include "report/columns.h"

static void
test_widths(void)
{
  static const Column columns[] = {{.title = "NAME"},
                                   {.title = "SIZE", .flags = COLUMN_RIGHT},
                                   {.title = "NEVER", .flags = COLUMN_EMPTY},
                                   {.title = "TEXT", .least = 6, .flags = COLUMN_CUT}};
  static const struct {
    unsigned width;
    const char *text;
  } expected[] = {
      {0, "NAME   SIZE TEXT\nab        1 some words\n\xe4\xb8\xad\xe6\x96\x87xy   22 more\n"},
      {40, "NAME   SIZE TEXT\nab        1 some words\n\xe4\xb8\xad\xe6\x96\x87xy   22 more\n"},
      {20,
       "NAME   SIZE TEXT\nab        1 some wo\xe2\x80\xa6\n\xe4\xb8\xad\xe6\x96\x87xy   22 more\n"},
      {12, "NAME   SIZE\n    TEXT\nab        1\n    some "
           "wo\xe2\x80\xa6\n\xe4\xb8\xad\xe6\x96\x87xy   22\n"
           "    more\n"},
  };
  g_autoptr(Columns) table = columns_new(columns, G_N_ELEMENTS(columns));
  g_autofree char *empty = columns_to_text(table, 0, false);
  g_assert_cmpstr(empty, ==, "");
  columns_add(table, (const char *[]){"ab", "1", NULL, "some words"});
  columns_add(table, (const char *[]){"\xe4\xb8\xad\xe6\x96\x87xy", "22", "", "more"});
  for (size_t i = 0; i < G_N_ELEMENTS(expected); i++) {
    g_autofree char *text = columns_to_text(table, expected[i].width, false);
    g_test_message("width %u", expected[i].width);
    g_assert_cmpstr(text, ==, expected[i].text);
  }
}

/* One cell that is much wider than its column moves what follows, and not the other rows. */
static void
test_outlier(void)
{
  static const Column columns[] = {{.title = "ID"}, {.title = "WHAT"}};
  g_autoptr(Columns) table = columns_new(columns, G_N_ELEMENTS(columns));
  for (int i = 0; i < 20; i++)
    columns_add(table, (const char *[]){i == 9 ? "an-identity-that-is-long" : "id", "what it is"});
  g_autofree char *text = columns_to_text(table, 25, false);
  g_assert_nonnull(strstr(text, "\nid what it is\nan-identity-that-is-long\n   what it is\nid "));
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/columns/widths", test_widths);
  g_test_add_func("/columns/outlier", test_outlier);
  return g_test_run();
}
