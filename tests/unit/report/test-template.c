/* Templates: the part of Mustache that there is, and what is refused. */
#include "report/template.h"

#include <string.h>

#include "base/json.h"

#define VALUES                                                                                     \
  "{\"name\":\"a<b>&\\\"\",\"n\":7,\"yes\":true,\"no\":false,\"nil\":null,\"empty\":[],"           \
  "\"list\":[{\"id\":1,\"name\":\"x\"},{\"id\":2}],\"words\":[\"p\",\"q\"],"                       \
  "\"o\":{\"p\":{\"q\":\"deep\"}}}"

static void
test_filled(void)
{
  static const struct {
    const char *text, *filled;
  } cases[] = {
      {"", ""},
      {"plain } { }} text", "plain } { }} text"},
      {"{{name}}|{{{name}}}|{{& name }}", "a&lt;b&gt;&amp;&quot;|a<b>&\"|a<b>&\""},
      {"{{n}} {{yes}} {{no}} {{nil}} {{none}} {{o}}",
       "7 true false   {&quot;p&quot;:{&quot;q&quot;:&quot;deep&quot;}}"},
      {"{{o.p.q}}{{o.p.r}}{{n.p}}", "deep"},
      {"{{#list}}{{id}}={{name}};{{/list}}", "1=x;2=a&lt;b&gt;&amp;&quot;;"},
      {"{{#words}}{{.}},{{/words}}", "p,q,"},
      {"{{list.length}}{{empty.length}}{{#list.length}}!{{/list.length}}", "20!"},
      {"{{#no}}a{{/no}}{{^no}}b{{/no}}{{#empty}}c{{/empty}}{{^empty}}d{{/empty}}{{^none}}e{{/none}}"
       "{{^n}}f{{/n}}",
       "bde"},
      {"{{#o}}{{p.q}}{{#p}}{{q}}{{/p}}{{/o}}", "deepdeep"},
      {"a\n  {{#yes}}  \nb\n{{/yes}}\nc\n", "a\nb\nc\n"},
      {"a\r\n{{#yes}}\r\nb\r\n{{/yes}}\r\nc", "a\r\nb\r\nc"},
      {"{{! a comment }}\nx {{! inside }} y", "x  y"},
      {"  {{n}}\n", "  7\n"},
      {"{{#yes}} {{/yes}}\n", " \n"},
  };
  g_autoptr(json_t) values = json_parse(SLICE_LITERAL(VALUES), NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(ReportTemplate) template =
        report_template_parse(slice_from_string(cases[i].text), "t", &error);
    g_test_message("%s", cases[i].text);
    g_assert_no_error(error);
    g_autofree char *filled = report_template_fill(template, values);
    g_assert_cmpstr(filled, ==, cases[i].filled);
  }
}

static void
test_refused(void)
{
  static const struct {
    const char *text, *says;
  } cases[] = {
      {"a\nb {{name", "t:2: the tag is not closed"},
      {"{{}}", "t:1: the tag has no name"},
      {"{{a b}}", "t:1: the tag has no name"},
      {"{{#a}}\n{{/b}}", "t:2: it closes a section that is not the innermost one"},
      {"{{/a}}", "t:1: it closes a section that is not the innermost one"},
      {"\n{{#a}}", "t:2: a section is not closed"},
      {"{{>other}}", "t:1: there are no partials and no other delimiters"},
      {"{{=<% %>=}}", "t:1: there are no partials and no other delimiters"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    g_assert_null(report_template_parse(slice_from_string(cases[i].text), "t", &error));
    g_assert_cmpstr(error->message, ==, cases[i].says);
  }
}

/* Lists in lists in lists end. */
static void
test_bounded(void)
{
  g_autoptr(json_t) values = json_object(), list = json_array();
  for (int i = 0; i < 3000; i++)
    json_array_append_new(list, json_integer(i));
  json_object_set(values, "l", list);
  g_autoptr(GString) text = g_string_new(NULL);
  for (unsigned i = 0; i < 3; i++)
    g_string_append(text, "{{#l}}");
  /* So long that the bytes end it, before the steps do. */
  g_autofree char *filler = g_strnfill(4000, 'x');
  g_string_append_printf(text, "{{.}}%s", filler);
  for (unsigned i = 0; i < 3; i++)
    g_string_append(text, "{{/l}}");
  g_autoptr(ReportTemplate) template =
      report_template_parse(slice_from_string(text->str), "t", NULL);
  g_autofree char *filled = report_template_fill(template, values);
  g_assert_cmpuint(strlen(filled), <, TEMPLATE_OUTPUT_MAX + 10000);
  g_assert_nonnull(strstr(filled, "[The report is cut"));
  g_autoptr(GString) deep = g_string_new(NULL);
  for (unsigned i = 0; i <= TEMPLATE_DEPTH_MAX; i++)
    g_string_append(deep, "{{#l}}");
  g_assert_null(report_template_parse(slice_from_string(deep->str), "t", NULL));
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/template/filled", test_filled);
  g_test_add_func("/template/refused", test_refused);
  g_test_add_func("/template/bounded", test_bounded);
  return g_test_run();
}
