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
  g_test_add_func("/json/getters", test_getters);
  return g_test_run();
}
