/* The tree of a YAML file: where its values are written, aliases and their bounds, what is broken.
 */
#include <string.h>

#include "base/error.h"
#include "base/yaml.h"

static const YamlNode *
entry(const YamlNode *node, guint index)
{
  g_assert_cmpuint(index, <, node->entries->len);
  return g_ptr_array_index(node->entries, index);
}

static void
check_place(const YamlNode *node, unsigned line, unsigned column)
{
  g_assert_cmpuint(node->line, ==, line);
  g_assert_cmpuint(node->column, ==, column);
}

static void
test_places(void)
{
  static const char text[] = "# a comment\n"
                             "a: 1\n"
                             "b:\n"
                             "  - c: {d: 'ä', e: 2}\n"
                             "  - ~\n"
                             "  - '~'\n";
  g_autoptr(GError) error = NULL;
  g_autoptr(YamlTree) tree = yaml_tree_new(slice_from_string(text), "t", &error);
  g_assert_no_error(error);
  const YamlNode *root = yaml_tree_root(tree), *list = yaml_member(root, "b");
  check_place(root, 2, 1);
  check_place(yaml_member(root, "a"), 2, 4);
  check_place(list, 4, 3);
  const YamlNode *inner = yaml_member(entry(list, 0), "c");
  check_place(yaml_member(inner, "d"), 4, 12);
  check_place(yaml_member(inner, "e"), 4, 20); /* columns are characters */
  g_assert_true(yaml_is_nothing(entry(list, 1)));
  g_assert_false(yaml_is_nothing(entry(list, 2)));
  g_assert_null(yaml_member(root, "c"));
  g_assert_null(yaml_member(list, "c"));
  g_assert_cmpuint(root->weight, ==, 14);
}

static void
test_nothing(void)
{
  static const char *const texts[] = {"", "\n\n", "# only this\n", "---\n", "--- ~\n...\n", "null"};
  for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(YamlTree) tree = yaml_tree_new(slice_from_string(texts[i]), "t", &error);
    g_assert_no_error(error);
    g_assert_null(yaml_tree_root(tree));
  }
}

static void
test_aliases(void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(YamlTree) tree =
      yaml_tree_new(SLICE_LITERAL("a: &x {k: v}\nb: *x\nc: &x w\nd: *x\n"), "t", &error);
  g_assert_no_error(error);
  const YamlNode *root = yaml_tree_root(tree);
  g_assert_true(yaml_member(root, "a") == yaml_member(root, "b"));
  g_assert_cmpstr(yaml_member(root, "d")->text, ==, "w"); /* the latest of a name */
  g_assert_cmpuint(root->weight, ==, 1 + 4 + 2 * 3 + 2 * 1);
}

/* Each line doubles the one before ten times over. */
static char *
bomb_new(void)
{
  GString *text = g_string_new("a0: &a0 [x]\n");
  for (int i = 1; i < 12; i++) {
    g_string_append_printf(text, "a%d: &a%d [", i, i);
    for (int j = 0; j < 10; j++)
      g_string_append_printf(text, "*a%d, ", i - 1);
    g_string_append(text, "]\n");
  }
  return g_string_free(text, FALSE);
}

static void
test_broken(void)
{
  g_autofree char *bomb = bomb_new();
  g_autofree char *deep = g_strnfill(40, '[');
  g_autofree char *long_list = g_strnfill(2 * (YAML_VALUES_MAX + 1), 'x');
  for (size_t i = 0; i <= YAML_VALUES_MAX; i++)
    long_list[2 * i] = i == 0 ? '[' : ',';
  const struct {
    const char *name, *text, *says;
    AssayErrorCode code;
  } cases[] = {
      {"not closed", "a: [b\n", "t:2:1: broken YAML: ", ASSAY_ERROR_INVALID},
      {"tab", "a:\n\tb: 1\n", "t:2:1: broken YAML: a tab", ASSAY_ERROR_INVALID},
      {"indentation", "a: 1\n  b: 2\n", "t:2:4: broken YAML: ", ASSAY_ERROR_INVALID},
      {"two documents", "a: 1\n---\nb: 2\n", "t:2:1: a second document", ASSAY_ERROR_INVALID},
      {"unknown alias", "a: *b\n", "t:1:4: *b: nothing", ASSAY_ERROR_INVALID},
      {"alias of itself", "a: &a [*a]\n", "t:1:8: *a: nothing", ASSAY_ERROR_INVALID},
      {"tag", "a: !include x\n", "t:1:4: the tag \"!include\"", ASSAY_ERROR_INVALID},
      {"tag of a list", "a: !x [1]\n", "t:1:4: the tag", ASSAY_ERROR_INVALID},
      {"no UTF-8", "a: 1\nb: \xff\n", "t:2:4: this is no UTF-8", ASSAY_ERROR_INVALID},
      {"control character", "a: \x01\n", "t:1:4: this is no UTF-8", ASSAY_ERROR_INVALID},
      {"bomb", bomb, "values", ASSAY_ERROR_LIMIT},
      {"deep", deep, "t:1:33: lists and mappings", ASSAY_ERROR_LIMIT},
      {"long", long_list, "values", ASSAY_ERROR_LIMIT},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    g_test_message("%s", cases[i].name);
    g_autoptr(YamlTree) tree = yaml_tree_new(slice_from_string(cases[i].text), "t", &error);
    g_assert_null(tree);
    g_assert_error(error, ASSAY_ERROR, (int)cases[i].code);
    g_test_message("%s", error->message);
    g_assert_nonnull(strstr(error->message, cases[i].says));
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/yaml/places", test_places);
  g_test_add_func("/yaml/nothing", test_nothing);
  g_test_add_func("/yaml/aliases", test_aliases);
  g_test_add_func("/yaml/broken", test_broken);
  return g_test_run();
}
