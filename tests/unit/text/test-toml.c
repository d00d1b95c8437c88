/* TOML, by the examples of its specification (https://toml.io/en/v1.0.0) and by what it forbids. */
#include <string.h>

#include "base/error.h"
#include "text/toml.h"

static const struct {
  const char *name, *text, *json; /* NULL: it is refused */
} cases[] = {
    {"empty", "", "{}"},
    {"comment alone", "# a", "{}"},
    {"BOM",
     "\xef\xbb\xbf"
     "a = 1",
     "{\"a\":1}"},
    {"CRLF", "a = 1\r\n[b]\r\nc = 2\r\n", "{\"a\":1,\"b\":{\"c\":2}}"},
    {"keys", "a-b_1 = 1\n\"c d\" = 2\n'e.f' = 3\ng . h = 4\n1.2 = 5",
     "{\"a-b_1\":1,\"c d\":2,\"e.f\":3,\"g\":{\"h\":4},\"1\":{\"2\":5}}"},
    {"escapes", "a = \"x\\t\\\"\\u00e9\\U0001F600\\\\\"", "{\"a\":\"x\\t\\\"é😀\\\\\"}"},
    {"literal", "a = 'C:\\x \"y\"'", "{\"a\":\"C:\\\\x \\\"y\\\"\"}"},
    {"several lines", "a = \"\"\"\nb\n  c\"\"\"", "{\"a\":\"b\\n  c\"}"},
    {"lines that are joined", "a = \"\"\"b \\\n\n   c\"\"\"", "{\"a\":\"b c\"}"},
    {"literal lines", "a = '''\nb\\n'c'''", "{\"a\":\"b\\\\n'c\"}"},
    {"quotes before the end", "a = \"\"\"b\"\"\"\"\"", "{\"a\":\"b\\\"\\\"\"}"},
    {"a table in a text of several lines is none", "a = \"\"\"\n[b]\nc = 1\n\"\"\"",
     "{\"a\":\"[b]\\nc = 1\\n\"}"},
    {"integers", "a = +1_000\nb = -0\nc = 0xDEAD_beef\nd = 0o17\ne = 0b101",
     "{\"a\":1000,\"b\":0,\"c\":3735928559,\"d\":15,\"e\":5}"},
    {"floats", "a = 1.5\nb = 6.626e-34\nc = -inf\nd = nan",
     "{\"a\":\"1.5\",\"b\":\"6.626e-34\",\"c\":\"-inf\",\"d\":\"nan\"}"},
    {"too large an integer", "a = 99999999999999999999", "{\"a\":\"99999999999999999999\"}"},
    {"dates", "a = 1979-05-27T07:32:00Z\nb = 1979-05-27 07:32:00 # c\nc = 1979-05-27\nd = 07:32:00",
     "{\"a\":\"1979-05-27T07:32:00Z\",\"b\":\"1979-05-27 07:32:00\",\"c\":\"1979-05-27\","
     "\"d\":\"07:32:00\"}"},
    {"booleans", "a = true\nb=false", "{\"a\":true,\"b\":false}"},
    {"arrays", "a = [1, [2, 'x'], # c\n\n 3,\n]\nb = []", "{\"a\":[1,[2,\"x\"],3],\"b\":[]}"},
    {"inline tables", "a = {b = 1, c.d = \"2\"}\ne = {}",
     "{\"a\":{\"b\":1,\"c\":{\"d\":\"2\"}},\"e\":{}}"},
    {"tables", "[a]\nb = 1\n[a.c]\nd = 2\n[ e . \"f\" ]\ng = 3",
     "{\"a\":{\"b\":1,\"c\":{\"d\":2}},\"e\":{\"f\":{\"g\":3}}}"},
    {"arrays of tables", "[[a]]\nb = 1\n[a.c]\nd = 2\n[[a]]\nb = 3\n[[a.e]]\nf = 4\n[[a.e]]\n",
     "{\"a\":[{\"b\":1,\"c\":{\"d\":2}},{\"b\":3,\"e\":[{\"f\":4},{}]}]}"},
    {"a table above one that is there", "[a.b]\nc = 1\n[a]\nd = 2",
     "{\"a\":{\"b\":{\"c\":1},\"d\":2}}"},
    {"a key twice", "a = 1\na = 2", NULL},
    {"a key twice, dotted", "a.b = 1\na.b = 2", NULL},
    {"a value as a table", "a = 1\na.b = 2", NULL},
    {"a value as an array of tables", "a = 1\n[[a]]", NULL},
    {"no value", "a =", NULL},
    {"no key", "= 1", NULL},
    {"two on a line", "a = 1 b = 2", NULL},
    {"a word", "a = yes", NULL},
    {"a string without end", "a = \"b\nc\"", NULL},
    {"an unknown escape", "a = \"\\q\"", NULL},
    {"half a surrogate", "a = \"\\ud800\"", NULL},
    {"an array without end", "a = [1,", NULL},
    {"an array without commas", "a = [1 2]", NULL},
    {"a table without end", "a = {b = 1", NULL},
    {"a head without end", "[a", NULL},
    {"a head of one bracket too few", "[[a]\n", NULL},
    {"JSON", "{\"a\": 1}", NULL},
};

static void
test_cases(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) value = toml_parse(slice_from_string(cases[i].text), 1000, &error);
    g_autofree char *text = value == NULL ? NULL : json_to_text(value);
    if (g_strcmp0(text, cases[i].json) != 0)
      g_error("%s: %s", cases[i].name, text == NULL ? error->message : text);
    g_assert_true((value == NULL) == (error != NULL));
  }
}

static void
refuse(Slice text, int code)
{
  g_autoptr(GError) error = NULL;
  g_assert_null(toml_parse(text, 1000, &error));
  g_assert_error(error, ASSAY_ERROR, code);
}

static void
test_bounds(void)
{
  g_autoptr(GString) deep = g_string_new("a = ");
  for (unsigned i = 0; i < 100000; i++)
    g_string_append_c(deep, '[');
  refuse(slice_new(deep->str, deep->len), ASSAY_ERROR_LIMIT);
  g_autoptr(GString) dotted = g_string_new("a");
  for (unsigned i = 0; i < 100000; i++)
    g_string_append(dotted, ".a");
  g_string_append(dotted, " = 1");
  refuse(slice_new(dotted->str, dotted->len), ASSAY_ERROR_INVALID);
  g_autoptr(GString) many = g_string_new("a = [");
  for (unsigned i = 0; i < 2000; i++)
    g_string_append(many, "1,");
  g_string_append_c(many, ']');
  refuse(slice_new(many->str, many->len), ASSAY_ERROR_LIMIT);
  g_autoptr(GString) heads = g_string_new(NULL);
  for (unsigned i = 0; i < 2000; i++)
    g_string_append(heads, "[[a]]\n");
  refuse(slice_new(heads->str, heads->len), ASSAY_ERROR_LIMIT);
  refuse(SLICE_LITERAL("a = \"\xff\""), ASSAY_ERROR_INVALID);
  refuse(SLICE_LITERAL("a = \"\0\""), ASSAY_ERROR_INVALID);
  refuse(SLICE_LITERAL("\"\\u0000\" = 1"), ASSAY_ERROR_INVALID);
}

/* Where keys and tables stand, for messages. */
static void
test_lines(void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(TomlLines) lines = NULL;
  g_autoptr(json_t) root = toml_parse_lines(
      SLICE_LITERAL("a = [\n 1,\n]\nb = '''\nx\n'''\n[[t]]\nc = { d = 1 }\n\n[[t]]\n[t.u]\n"), 100,
      &lines, &error);
  g_assert_no_error(error);
  const json_t *first = json_array_get(json_object_get(root, "t"), 0);
  const json_t *second = json_array_get(json_object_get(root, "t"), 1);
  g_assert_cmpuint(toml_line_of(lines, root, "a"), ==, 1);
  g_assert_cmpuint(toml_line_of(lines, root, "b"), ==, 4);
  g_assert_cmpuint(toml_line_of(lines, first, NULL), ==, 7);
  g_assert_cmpuint(toml_line_of(lines, first, "c"), ==, 8);
  g_assert_cmpuint(toml_line_of(lines, json_object_get(first, "c"), "d"), ==, 8);
  g_assert_cmpuint(toml_line_of(lines, second, NULL), ==, 10);
  g_assert_cmpuint(toml_line_of(lines, second, "u"), ==, 11);
  g_assert_cmpuint(toml_line_of(lines, root, "z"), ==, 0);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/toml/cases", test_cases);
  g_test_add_func("/toml/bounds", test_bounds);
  g_test_add_func("/toml/lines", test_lines);
  return g_test_run();
}
