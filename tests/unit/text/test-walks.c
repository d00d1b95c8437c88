/* YAML and XML as visits: what leads to a value, and what is refused. */
#include <string.h>

#include "base/error.h"
#include "text/xml_walk.h"
#include "text/yaml_walk.h"

static void
note_value(const char *const *keys, unsigned depth, const char *value, void *data)
{
  GString *found = data;
  for (unsigned i = 0; i < depth; i++)
    g_string_append_printf(found, "%s/", keys[i]);
  g_string_append_printf(found, "%s ", value == NULL ? "END" : value);
}

static void
test_yaml(void)
{
  const struct {
    const char *text, *expected;
    int code; /* -1: none */
  } rows[] = {
      {"", "", -1},
      {"a: 1\nb:\n- 2\n- c: 3\n", "a/1 b/-/2 b/-/c/3 b/-/END b/END END ", -1},
      {"a: {}\nb: []\nc:\n", "a/END b/END c/ END ", -1},
      {"a: &x {b: 1}\nc: *x\n", "a/b/1 a/END c/ END ", -1},
      {"--- 1\n--- 2\n", "1 2 ", -1},
      {"a: 1\n? {b: 2}\n: 3\n", "a/1 ", ASSAY_ERROR_INVALID},
      {"a: 1\nb: {c\n", "a/1 b/c/ ", ASSAY_ERROR_INVALID},
      {"a: 1\na: 2\n", "a/1 a/2 END ", -1},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) found = g_string_new(NULL);
    bool walked = yaml_walk(slice_from_string(rows[i].text), note_value, found, &error);
    g_assert_cmpint(walked, ==, rows[i].code < 0);
    if (!walked)
      g_assert_error(error, ASSAY_ERROR, rows[i].code);
    g_assert_cmpstr(found->str, ==, rows[i].expected);
  }
}

static void
note_begin(const char *path, const char **attributes, void *data)
{
  const char *name = xml_attribute(attributes, "name");
  g_string_append_printf(data, "%s(%s) ", path, name == NULL ? "" : name);
}

static void
note_end(const char *path, const char *text, void *data)
{
  g_string_append_printf(data, "/%s=%s ", path, text);
}

static void
test_xml(void)
{
  const XmlVisits visits = {note_begin, note_end};
  const struct {
    const char *text, *expected;
    int code;
  } rows[] = {
      {"<a/>", "a() /a= ", -1},
      {"<m:a xmlns:m='x'><m:b name='c'> d </m:b>e</m:a>", "a() a/b(c) /a/b=d /a=e ", -1},
      {"<?xml version='1.0' encoding='iso-8859-1'?><a>\xe9&amp;</a>", "a() /a=\xc3\xa9& ", -1},
      {"<!DOCTYPE a><a/>", "a() /a= ", -1},
      {"<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", "", ASSAY_ERROR_LIMIT},
      {"<a><b></a>", "a() a/b() ", ASSAY_ERROR_INVALID},
      {"", "", ASSAY_ERROR_INVALID},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) found = g_string_new(NULL);
    bool walked = xml_walk(slice_from_string(rows[i].text), &visits, found, &error);
    g_assert_cmpint(walked, ==, rows[i].code < 0);
    if (!walked)
      g_assert_error(error, ASSAY_ERROR, rows[i].code);
    g_assert_cmpstr(found->str, ==, rows[i].expected);
  }
}

static void
keep_text(const char *path, const char *text, void *data)
{
  g_string_assign(data, text);
}

/* A text that is too long ends with a whole character. */
static void
test_xml_long(void)
{
  static const char accented[] = "\xc3\xa9";
  const XmlVisits visits = {NULL, keep_text};
  for (size_t before = 0; before < 2; before++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) text = g_string_new(before == 1 ? "<a>x" : "<a>"),
                       found = g_string_new(NULL);
    for (size_t i = 0; i < XML_WALK_TEXT_MAX; i++)
      g_string_append(text, accented);
    g_string_append(text, "</a>");
    g_assert_true(xml_walk(slice_new(text->str, text->len), &visits, found, &error));
    g_assert_cmpuint(found->len, ==, XML_WALK_TEXT_MAX - before);
    g_assert_true(g_str_has_suffix(found->str, accented));
  }
}

static void
test_depth(void)
{
  const XmlVisits visits = {NULL, NULL};
  g_autoptr(GString) yaml = g_string_new(NULL), xml = g_string_new(NULL),
                     found = g_string_new(NULL);
  for (unsigned i = 0; i < 10000; i++) {
    g_string_append_c(yaml, '[');
    g_string_append(xml, "<a>");
  }
  g_autoptr(GError) yaml_error = NULL, xml_error = NULL;
  g_assert_false(yaml_walk(slice_new(yaml->str, yaml->len), note_value, found, &yaml_error));
  g_assert_error(yaml_error, ASSAY_ERROR, ASSAY_ERROR_LIMIT);
  g_assert_false(xml_walk(slice_new(xml->str, xml->len), &visits, NULL, &xml_error));
  g_assert_error(xml_error, ASSAY_ERROR, ASSAY_ERROR_LIMIT);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/walks/yaml", test_yaml);
  g_test_add_func("/walks/xml", test_xml);
  g_test_add_func("/walks/xml-long", test_xml_long);
  g_test_add_func("/walks/depth", test_depth);
  return g_test_run();
}
