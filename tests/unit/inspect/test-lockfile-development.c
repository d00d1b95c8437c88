/* Which packages lock files name for development alone. */
#include <string.h>

#include "inspect/lockfiles/lockfiles.h"

static const struct {
  const char *path, *text, *expected;
} rows[] = {
    {"package-lock.json",
     "{\"packages\": {\"node_modules/a\": {\"version\": \"1\"},"
     "\"node_modules/b\": {\"version\": \"1\", \"dev\": true},"
     "\"node_modules/c\": {\"version\": \"1\", \"devOptional\": true},"
     "\"node_modules/b/node_modules/a\": {\"version\": \"1\", \"dev\": true},"
     "\"node_modules/d\": {\"version\": \"1\", \"dev\": true},"
     "\"node_modules/c/node_modules/d\": {\"version\": \"1\"}}}",
     "b"},
    {"package-lock.json",
     "{\"lockfileVersion\": 1, \"dependencies\": {\"a\": {\"version\": \"1\", \"dependencies\":"
     "{\"b\": {\"version\": \"1\", \"dev\": true}}}, \"c\": {\"version\": \"1\"}}}",
     "b"},
    {"pnpm-lock.yaml",
     "lockfileVersion: 5.3\npackages:\n  /a/1.0.0: {dev: true}\n  /b/1.0.0: {dev: false}\n", "a"},
    {"pnpm-lock.yaml",
     "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      a:\n"
     "        specifier: ^1\n        version: 1.0.0(p@1.0.0)\n    devDependencies:\n      b:\n"
     "        version: 1.0.0\n      alias:\n        version: real@2.0.0\n"
     "packages:\n  a@1.0.0: {}\n  b@1.0.0: {}\n  c@1.0.0: {}\n  d@1.0.0: {}\n  p@1.0.0: {}\n"
     "  real@2.0.0: {}\n  lone@1.0.0: {}\n"
     "snapshots:\n  a@1.0.0(p@1.0.0):\n    dependencies:\n      c: 1.0.0\n      p: 1.0.0\n"
     "  b@1.0.0:\n    dependencies:\n      c: 1.0.0\n    optionalDependencies:\n      d: 1.0.0\n"
     "  c@1.0.0:\n    dependencies:\n      a: 1.0.0(p@1.0.0)\n",
     "b d real"},
    {"composer.lock",
     "{\"packages\": [{\"name\": \"a/a\", \"version\": \"1\"}],"
     "\"packages-dev\": [{\"name\": \"b/b\", \"version\": \"1\"}]}",
     "b/b"},
    {"Pipfile.lock",
     "{\"_meta\": {}, \"develop\": {\"a\": {\"version\": \"==1\"}, \"b\": {\"version\": "
     "\"==1\"}},"
     "\"default\": {\"b\": {\"version\": \"==1\"}}}",
     "a"},
    {"poetry.lock",
     "[[package]]\nname = \"a\"\nversion = \"1\"\ncategory = \"dev\"\n"
     "[[package]]\nname = \"b\"\nversion = \"1\"\ncategory = \"main\"\n"
     "[[package]]\nname = \"c\"\nversion = \"1\"\ngroups = [\"dev\", \"docs\"]\n"
     "[[package]]\nname = \"d\"\nversion = \"1\"\ngroups = [\"main\", \"dev\"]\n",
     "a c"},
    {"pdm.lock", "[[package]]\nname = \"b\"\nversion = \"1\"\ngroups = [\"test\"]\n", "b"},
    {"bun.lock",
     "{\"workspaces\": {\"\": {\"dependencies\": {\"a\": \"1\"}, \"devDependencies\": {\"b\": "
     "\"1\","
     "\"@s/d\": \"1\", \"alias\": \"1\", \"p\": \"1\"}},"
     "\"w\": {\"name\": \"w\", \"dependencies\": {\"e\": \"1\"}, \"devDependencies\": {\"f\": "
     "\"1\"}}},"
     "\"packages\": {\"a\": [\"a@1.0.0\", \"\", {\"dependencies\": {\"c\": \"1\"},"
     "\"peerDependencies\": {\"p\": \"1\"}}], \"b\": [\"b@1.0.0\", \"\", {\"dependencies\": "
     "{\"c\": \"2\","
     "\"a\": \"1\"}}], \"c\": [\"c@1.0.0\"], \"b/c\": [\"c@2.0.0\", \"\", {\"dependencies\": "
     "{\"g\": \"1\"}}],"
     "\"@s/d\": [\"@s/d@1.0.0\", {\"optionalDependencies\": {\"h\": \"1\"}}],"
     "\"@s/d/h\": [\"h@1.0.0\", \"\", {\"dependencies\": {\"i\": \"1\"}}], \"i\": [\"i@1.0.0\"],"
     "\"alias\": [\"real@1.0.0\"], \"p\": [\"p@1.0.0\"], \"e\": [\"e@1.0.0\"],"
     "\"w/e\": [\"e@2.0.0\", \"\", {\"dependencies\": {\"f\": \"1\"}}], \"f\": [\"f@1.0.0\"],"
     "\"w/f\": [\"f@2.0.0\"], \"g\": [\"g@1.0.0\"], \"lone\": [\"lone@1.0.0\"],"
     "\"w\": [\"w@workspace:w\"]}}",
     "b c @s/d h i real g"},
    {"uv.lock",
     "[[package]]\nname = \"own\"\nversion = \"1\"\nsource = { editable = \".\" }\n"
     "dependencies = [{ name = \"a\", extra = [\"x\"] }]\n"
     "[package.optional-dependencies]\nmore = [{ name = \"b\" }]\n"
     "[package.dev-dependencies]\ndev = [{ name = \"c\" }, { name = \"a\", extra = [\"y\"] }]\n"
     "server = [{ name = \"d\" }]\n"
     "[[package]]\nname = \"a\"\nversion = \"1\"\n"
     "[package.optional-dependencies]\nx = [{ name = \"e\" }]\ny = [{ name = \"f\" }]\n"
     "[[package]]\nname = \"b\"\nversion = \"1\"\n[[package]]\nname = \"d\"\nversion = \"1\"\n"
     "[[package]]\nname = \"c\"\nversion = \"1\"\n"
     "dependencies = [{ name = \"e\", version = \"2\" }, { name = \"g\" }, { name = \"c\" }]\n"
     "[[package]]\nname = \"e\"\nversion = \"1\"\n[[package]]\nname = \"e\"\nversion = \"3\"\n"
     "[[package]]\nname = \"f\"\nversion = \"1\"\n[[package]]\nname = \"g\"\nversion = \"1\"\n"
     "[[package]]\nname = \"h\"\nversion = \"1\"\n",
     "c f g"},
    {"uv.lock",
     "[manifest]\nrequirements = [{ name = \"b\" }]\n[manifest.dependency-groups]\n"
     "dev = [{ name = \"a\" }, { name = \"b\" }]\n"
     "[[package]]\nname = \"a\"\nversion = \"1\"\n[[package]]\nname = \"b\"\nversion = \"1\"\n",
     "a"},
    {"uv.lock",
     "[manifest.dependency-groups]\nserver = [{ name = \"a\", extras = [\"x\"] }]\n"
     "dev = [{ name = \"b\" }, { name = \"c\" }]\n"
     "[[package]]\nname = \"a\"\nversion = \"1\"\n[package.optional-dependencies]\n"
     "x = [{ name = \"b\" }]\n[[package]]\nname = \"b\"\nversion = \"1\"\n"
     "[[package]]\nname = \"c\"\nversion = \"1\"\n",
     "c"},
    /* What is not understood may be a use. */
    {"uv.lock",
     "[manifest]\nrequirements = [\"b\"]\n[manifest.dependency-groups]\n"
     "dev = [{ name = \"a\" }, { name = \"b\" }]\n"
     "[[package]]\nname = \"a\"\nversion = \"1\"\n[[package]]\nname = \"b\"\nversion = \"1\"\n",
     ""},
    /* Cut off before it says that b uses c as well. */
    {"pnpm-lock.yaml",
     "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      b:\n        specifier: 1\n"
     "        version: 1.0.0\n    devDependencies:\n      a:\n        specifier: 1\n"
     "        version: 1.0.0\npackages:\n  a@1.0.0: {}\n  b@1.0.0: {}\n  c@1.0.0: {}\n"
     "snapshots:\n  a@1.0.0:\n    dependencies:\n      c: 1.0.0\n  b@1.0.0: {dependencies: {c",
     ""},
    {"pubspec.lock",
     "packages:\n  a:\n    dependency: \"direct dev\"\n    version: \"1.0.0\"\n"
     "  b:\n    dependency: \"direct main\"\n    version: \"1.0.0\"\n"
     "  c:\n    dependency: transitive\n    version: \"1.0.0\"\n",
     "a"},
};

/* Those for development alone; what is also used is used. */
static void
test_development(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(LayerInventory) inventory = layer_inventory_new();
    g_autoptr(GString) found = g_string_new(NULL);
    lockfiles_detector.read(slice_from_string(rows[i].text), rows[i].path, inventory);
    for (guint j = 0; j < inventory->packages->len; j++) {
      const Package *package = g_ptr_array_index(inventory->packages, j);
      if (package->development)
        g_string_append_printf(found, "%s%s", found->len == 0 ? "" : " ", package->name);
    }
    if (strcmp(found->str, rows[i].expected) != 0)
      g_error("%s: %s, not %s", rows[i].text, found->str, rows[i].expected);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/lockfiles/development", test_development);
  return g_test_run();
}
