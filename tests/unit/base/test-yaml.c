/* Sizes and times as operators write them, and where in a file a value stands. */
#include "base/error.h"
#include "base/yaml.h"

typedef bool (*Parser)(const char *text, const char *key, uint64_t *value, GError **error);

static void
test_units(void)
{
  static const struct {
    Parser parse;
    const char *text;
    bool valid;
    uint64_t value;
  } cases[] = {
      {size_parse, "0", true, 0},
      {size_parse, "4096", true, 4096},
      {size_parse, "4MiB", true, 4194304},
      {size_parse, "10 GiB", true, 10737418240},
      {size_parse, "1MB", true, 1000000},
      {size_parse, "", false, 0},
      {size_parse, "MiB", false, 0},
      {size_parse, "-1", false, 0},
      {size_parse, "99999999999TiB", false, 0},
      {size_parse, "4 parsecs", false, 0},
      {duration_parse, "90", true, 90},
      {duration_parse, "10m", true, 600},
      {duration_parse, "7d", true, 604800},
      {duration_parse, "1w", false, 0},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    uint64_t value = 0;
    g_test_message("case \"%s\"", cases[i].text);
    g_assert_cmpint(cases[i].parse(cases[i].text, "key", &value, &error), ==, cases[i].valid);
    if (cases[i].valid)
      g_assert_cmpuint(value, ==, cases[i].value);
    else
      g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_INVALID);
  }
}

static void
test_lines(void)
{
  static const char text[] = "# a comment\n"
                             "a: 1\n"
                             "b:\n"
                             "  - c: {d: 2}\n"
                             "  - c:\n"
                             "      d: [3,\n"
                             "          4]\n";
  static const struct {
    const char *path;
    unsigned line;
  } cases[] = {{"a", 2},    {"b", 4}, {"b[0].c.d", 4}, {"b[1].c.d", 6}, {"b[1].c.d[1]", 7},
               {"b[2]", 0}, {"z", 0}, {"a.b", 0},      {"a[0]", 0},     {"b[1].c.d[9]", 0}};
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_test_message("case %s", cases[i].path);
    g_assert_cmpuint(yaml_line_of(slice_from_string(text), cases[i].path), ==, cases[i].line);
  }
  g_assert_cmpuint(yaml_line_of(SLICE_LITERAL("a: [b"), "a"), ==, 0);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/yaml/units", test_units);
  g_test_add_func("/yaml/lines", test_lines);
  return g_test_run();
}
