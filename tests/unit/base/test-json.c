/* Strict JSON: what a hostile or careless writer sends is refused with a place. */
#include "base/error.h"
#include "base/json.h"

static void
test_refused(void)
{
  static const char *const cases[] = {
      "", "{", "{\"a\":1,\"a\":2}", "{} {}", "[1,]", "\"\xff\"", "nul",
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    g_autofree char *shown = g_utf8_make_valid(cases[i], -1);
    g_test_message("case %s", shown);
    g_assert_null(json_parse(slice_from_string(cases[i]), &error));
    g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_INVALID);
  }
}

static void
test_deep_nesting_is_refused(void)
{
  g_autoptr(GString) deep = g_string_new(NULL);
  for (int i = 0; i < 100000; i++)
    g_string_append_c(deep, '[');
  g_autoptr(GError) error = NULL;
  g_assert_null(json_parse(slice_new(deep->str, deep->len), &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_INVALID);
}

/* jansson takes two hundred bytes for "{},". */
static void
test_values_are_counted(void)
{
  static const struct {
    const char *text;
    size_t most;
    int code; /* -1: it is read */
  } cases[] = {
      {"[1,2,3]", 3, -1},
      {"[1,2,3]", 2, ASSAY_ERROR_LIMIT},
      {"[{},{}]", 3, ASSAY_ERROR_LIMIT},
      {"{\"a\":[[]]}", 2, ASSAY_ERROR_LIMIT},
      {"[\",,,[[[{{{\\\",,,\\\\\"]", 1, -1},
      {"[\"\\\\\",1]", 1, ASSAY_ERROR_LIMIT},
      {"7", 0, -1},
      {"[", 1, ASSAY_ERROR_INVALID},
      {"\"\\", 0, ASSAY_ERROR_INVALID},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    g_test_message("case %s", cases[i].text);
    g_autoptr(json_t) value =
        json_parse_bounded(slice_from_string(cases[i].text), cases[i].most, &error);
    g_assert_true((value == NULL) == (cases[i].code >= 0));
    if (value == NULL)
      g_assert_error(error, ASSAY_ERROR, cases[i].code);
  }
}

/* What jansson writes is what our writer writes. */
static void
test_written_as_by_jansson(void)
{
  static const char *const cases[] = {
      "{}",
      "[]",
      "[[],{},[[{\"a\":[]}]]]",
      "\"\"",
      "null",
      "[true,false,null]",
      "{\"z\":1,\"a\":2,\"\":3,\"\\n\\\"\":4}",
      "[0,-0,-1,9223372036854775807,-9223372036854775808,10,-10,1000000]",
      "[0.0,-0.0,1e300,1.5e-7,3.0,9.8]",
      "[\"\\u0001\\u001f\\u007f\\b\\f\\n\\r\\t\\\\\\\"/ "
      "\\u00e9\\u20ac\\ud83d\\ude00\",\"\\\\\",\"plain\"]",
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) value = json_parse(slice_from_string(cases[i]), &error);
    g_assert_no_error(error);
    g_autofree char *written = json_to_text(value);
    g_autofree char *expected =
        json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
    g_assert_cmpstr(written, ==, expected);
  }
}

/* As whoever wrote the number wrote it. */
static void
test_numbers_are_short(void)
{
  static const char text[] = "[9.8,0.1,0.000199,0.97559,7,-1.5]";
  g_autoptr(json_t) value = json_parse(slice_from_string(text), NULL);
  g_autofree char *written = json_to_text(value);
  g_assert_cmpstr(written, ==, text);
}

static void
test_aliases(void)
{
  static const char *const names[] = {"layers", "rank", NULL};
  static const struct {
    const char *text;
    bool refused;
  } cases[] = {
      {"{\"layers\":1,\"rank\":2,\"layer\":3}", false},
      {"{\"layers\":1,\"Layers\":2}", true},
      {"{\"LAYERS\":2}", true},
      {"{\"layer\\u017f\":2}", true},
      {"{\"ran\\u212a\":2}", true},
      {"{\"layers \":2,\"l\\u00e4yers\":3}", false},
      {"[]", false},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    g_test_message("case %s", cases[i].text);
    g_autoptr(json_t) object = json_parse(slice_from_string(cases[i].text), NULL);
    g_assert_nonnull(object);
    g_assert_true(json_refuse_aliases(object, names, &error) == !cases[i].refused);
    if (cases[i].refused)
      g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_INVALID);
  }
}

static void
test_getters(void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) object =
      json_parse(SLICE_LITERAL("{\"s\":\"text\",\"i\":7,\"l\":[\"a\",1,\"b\"],\"o\":{}}"), &error);
  g_assert_no_error(error);
  g_assert_cmpstr(json_get_string(object, "s"), ==, "text");
  g_assert_null(json_get_string(object, "i"));
  g_assert_cmpint(json_get_integer(object, "i", 0), ==, 7);
  g_assert_cmpint(json_get_integer(object, "s", -1), ==, -1);
  g_auto(GStrv) strings = json_get_strings(object, "l");
  g_assert_cmpuint(g_strv_length(strings), ==, 2);
  g_assert_null(json_require_string(object, "i", &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_INVALID);
  g_autofree char *text = json_to_text(object);
  g_assert_cmpstr(text, ==, "{\"s\":\"text\",\"i\":7,\"l\":[\"a\",1,\"b\"],\"o\":{}}");
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/json/refused", test_refused);
  g_test_add_func("/json/deep-nesting", test_deep_nesting_is_refused);
  g_test_add_func("/json/values-are-counted", test_values_are_counted);
  g_test_add_func("/json/written-as-by-jansson", test_written_as_by_jansson);
  g_test_add_func("/json/numbers-are-short", test_numbers_are_short);
  g_test_add_func("/json/aliases", test_aliases);
  g_test_add_func("/json/getters", test_getters);
  return g_test_run();
}
