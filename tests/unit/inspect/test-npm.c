/* Which package.json is an installed package, and what it says. */
#include "detected.h"
#include "inspect/languages/languages.h"

#define LEFT  "{\"name\":\"left\",\"version\":\"1.2.3\"}"
#define FOUND "npm left 1.2.3"

static void
test_paths(void)
{
  static const DetectedCase cases[] = {
      {"in node_modules", "app/node_modules/left/package.json", LEFT, FOUND},
      {"at the top", "node_modules/left/package.json", LEFT, FOUND},
      {"in the root", "package.json", LEFT, FOUND},
      {"an application", "srv/app/package.json", LEFT, FOUND},
      {"of Debian", "usr/share/nodejs/left/package.json", LEFT, FOUND},
      {"in another", "app/node_modules/a/node_modules/left/package.json", LEFT, FOUND},
      {"with a scope", "app/node_modules/@a/left/package.json", LEFT, FOUND},
      {"in one with a scope", "node_modules/@a/b/node_modules/left/package.json", LEFT, FOUND},
      {"installed by another name", "app/node_modules/left-cjs/package.json", LEFT, FOUND},
      {"by pnpm", "app/node_modules/.pnpm/left@1.2.3/node_modules/left/package.json", LEFT, FOUND},
      {"by yarn", "node_modules/.store/left-npm-1.2.3-ab12/package/package.json", LEFT, FOUND},
      {"npm's own", "usr/local/lib/node_modules/npm/node_modules/left/package.json", LEFT, FOUND},
      {"of a package that is called test", "node_modules/test/node_modules/left/package.json", LEFT,
       FOUND},
      {"bundled deeper", "node_modules/a/lib/node_modules/left/package.json", LEFT, FOUND},
      {"a helper of a sub-path", "app/node_modules/rxjs/ajax/package.json", LEFT, ""},
      {"compiled in", "app/node_modules/next/dist/compiled/left/package.json", LEFT, FOUND},
      {"below what is", "app/node_modules/next/dist/compiled/left/a/package.json", LEFT, ""},
      {"where it would be", "app/node_modules/next/dist/compiled/package.json", LEFT, ""},
      {"a helper in a scope", "app/node_modules/@a/b/esm/package.json", LEFT, ""},
      {"a scope itself", "app/node_modules/@a/package.json", LEFT, ""},
      {"a test of a package", "node_modules/resolve/test/resolver/left/package.json", LEFT, ""},
      {"installed for a test", "node_modules/a/test/x/node_modules/left/package.json", LEFT, ""},
      {"installed for a test, with a scope",
       "node_modules/@a/b/__tests__/node_modules/left/package.json", LEFT, ""},
      {"a folder whose name ends so", "app/my_node_modules/a/b/package.json", LEFT, FOUND},
      {"node_modules itself", "app/node_modules/package.json", LEFT, ""},
      {"another name", "app/node_modules/left/apackage.json", LEFT, ""},
  };
  check_detected(&npm_detector, cases, G_N_ELEMENTS(cases));
}

static void
test_contents(void)
{
#define P "node_modules/left/package.json"
  static const DetectedCase cases[] = {
      {"a byte order mark", P, "\xef\xbb\xbf" LEFT, FOUND},
      {"bytes that are no UTF-8", P,
       "{\"author\":\"Andr\xe9\",\"name\":\"left\",\"version\":\"1.2.3\"}", FOUND},
      {"a name twice", P, "{\"name\":\"l\",\"name\":\"left\",\"version\":\"1.2.3\"}", FOUND},
      {"a NUL elsewhere", P, "{\"name\":\"left\",\"version\":\"1.2.3\",\"x\":\"\\u0000\"}", FOUND},
      {"a NUL in the name", P, "{\"name\":\"left\\u0000\",\"version\":\"1.2.3\"}", ""},
      {"a v", P, "{\"name\":\"left\",\"version\":\"v1.2.3\"}", FOUND},
      {"an equals sign and blanks", P, "{\"name\":\"left\",\"version\":\" = 1.2.3 \"}", FOUND},
      {"a prerelease", P, "{\"name\":\"left\",\"version\":\"1.2.3-x.1+b\"}",
       "npm left 1.2.3-x.1+b"},
      {"no version", P, "{\"name\":\"left\"}", ""},
      {"an empty version", P, "{\"name\":\"left\",\"version\":\"\"}", ""},
      {"a number as version", P, "{\"name\":\"left\",\"version\":1}", ""},
      {"no name", P, "{\"version\":\"1.2.3\"}", ""},
      {"a range", P, "{\"name\":\"left\",\"version\":\"^1.2.3\"}", ""},
      {"a range of two", P, "{\"name\":\"left\",\"version\":\"1.2.3 || 2\"}", ""},
      {"any of one", P, "{\"name\":\"left\",\"version\":\"1.x\"}", ""},
      {"a tag", P, "{\"name\":\"left\",\"version\":\"latest\"}", ""},
      {"the version in _id", P, "{\"name\":\"left\",\"_id\":\"left@1.2.3\"}", FOUND},
      {"an _id with a scope", "node_modules/@a/b/package.json",
       "{\"name\":\"@a/b\",\"_id\":\"@a/b@2.0.0\"}", "npm @a/b 2.0.0"},
      {"an _id of another", P, "{\"name\":\"left\",\"_id\":\"right@1.2.3\"}", ""},
      {"an empty _id", P, "{\"name\":\"left\",\"_id\":\"left@\"}", ""},
      {"a name with capitals", P, "{\"name\":\"JSONStream\",\"version\":\"1.3.5\"}",
       "npm JSONStream 1.3.5"},
      {"a name that is a path", P, "{\"name\":\"rxjs/ajax\",\"version\":\"1.2.3\"}", ""},
      {"a scope without a name", P, "{\"name\":\"@a/\",\"version\":\"1.2.3\"}", ""},
      {"a name that is no name", P, "{\"name\":\"My App\",\"version\":\"1.2.3\"}", ""},
      {"a hidden name", P, "{\"name\":\".left\",\"version\":\"1.2.3\"}", ""},
      {"an extension of an editor", "left/package.json",
       "{\"name\":\"left\",\"version\":\"1.2.3\",\"engines\":{\"vscode\":\"^1.0.0\"}}", ""},
      {"what an extension contributes", "left/package.json",
       "{\"name\":\"left\",\"version\":\"1.2.3\",\"contributes\":{}}", ""},
      {"engines as a list", P, "{\"name\":\"left\",\"version\":\"1.2.3\",\"engines\":[\"node\"]}",
       FOUND},
      {"of Unity", "left/package.json",
       "{\"name\":\"left\",\"version\":\"1.2.3\",\"unity\":\"2019.1\"}", ""},
      {"what an extension says, where node looks", P,
       "{\"name\":\"left\",\"version\":\"1.2.3\",\"engines\":{\"vscode\":\"^1.0.0\"}}", FOUND},
      {"what Unity says, where node looks", P,
       "{\"name\":\"left\",\"version\":\"1.2.3\",\"unity\":\"2019.1\"}", FOUND},
      {"a list", P, "[" LEFT "]", ""},
      {"broken", P, "{\"name\":\"left\",\"version\":\"1.2.3\"", ""},
      {"empty", P, "", ""},
  };
  check_detected(&npm_detector, cases, G_N_ELEMENTS(cases));
}

static void
test_licenses(void)
{
  static const struct {
    const char *text, *licenses;
  } cases[] = {
      {"\"license\":\"MIT\"", "MIT"},
      {"\"license\":{\"type\":\"MIT\",\"url\":\"x\"}", "MIT"},
      {"\"license\":[{\"type\":\"\"},{\"type\":\"MIT\"},\"ISC\"]", "MIT OR ISC"},
      {"\"licenses\":[{\"type\":\"MIT\"},{\"type\":\"BSD\"}]", "MIT OR BSD"},
      {"\"license\":{\"foo\":\"bar\"}", NULL},
      {"\"license\":42", NULL},
      {"\"license\":\"a\\nb\"", "a?b"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *text =
        g_strdup_printf("{\"name\":\"left\",\"version\":\"1.2.3\",%s}", cases[i].text);
    g_autoptr(LayerInventory) inventory = layer_inventory_new();
    detect(&npm_detector, P, slice_from_string(text), inventory);
    g_test_message("%s", cases[i].text);
    g_assert_cmpuint(inventory->packages->len, ==, 1);
    const Package *package = g_ptr_array_index(inventory->packages, 0);
    g_assert_cmpstr(package->licenses, ==, cases[i].licenses);
    g_assert_cmpstr(package->location, ==, P);
    g_assert_false(package->declared);
  }
}

/* What could not be read is unread; what is broken is noted alone. */
static void
test_too_many_values(void)
{
  g_autoptr(GString) text = g_string_new("{\"name\":\"left\",\"version\":\"1.2.3\",\"a\":[0");
  for (unsigned i = 0; i < 400001; i++)
    g_string_append(text, ",0");
  g_string_append(text, "]}");
  g_autoptr(LayerInventory) inventory = layer_inventory_new();
  detect(&npm_detector, P, slice_new(text->str, text->len), inventory);
  g_assert_cmpuint(inventory->packages->len, ==, 0);
  g_assert_cmpuint(inventory->unread->len, ==, 1);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/npm/paths", test_paths);
  g_test_add_func("/npm/contents", test_contents);
  g_test_add_func("/npm/licenses", test_licenses);
  g_test_add_func("/npm/too-many-values", test_too_many_values);
  return g_test_run();
}
