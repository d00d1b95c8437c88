/* Files of other scanners' tests, where they lie beside the project ($ASSAY_SHARED/fixtures): each
 * holds exactly the packages that are expected of it. */
#include "detected.h"
#include "inspect/languages/languages.h"

static const struct {
  const char *kind, *end; /* of the file's path below the folder */
  const Detector *detector;
  const char *path; /* the name that the file has in an image */
} kinds[] = {
    {"npm-package-json/", ".json", &npm_detector, "srv/app/package.json"},
    {"javascript-misc/", ".json", &npm_detector, "node_modules/npm/package.json"},
    {"python-installed/", "pkginfo", &python_detector, "lib/x.egg-info/PKG-INFO"},
    {"python-installed/", "egginfo", &python_detector, "lib/x.egg-info"},
    {"python-installed/", "METADATA", &python_detector, "lib/x.dist-info/METADATA"},
    {"python-installed/", ".dist-info", &python_detector, "lib/x.dist-info/METADATA"},
    {"python-installed/", ".egg", &python_archive_detector, "lib/monotonic-1.6-py3.10.egg"},
    {"python-misc/", "METADATA", &python_detector, "lib/dist-info/METADATA"},
    {"conda/", ".json", &conda_detector, "opt/conda/conda-meta/x.json"},
    {"gemspec/", ".gemspec", &ruby_detector, "usr/lib/ruby/gems/specifications/x.gemspec"},
    {"dotnet-deps/", "", &dotnet_detector, "app/x.deps.json"},
    {"dotnet-assets/", ".json", &dotnet_detector, "app/obj/project.assets.json"},
    {"php-installed/", ".json", &composer_detector, "app/vendor/composer/installed.json"},
    {"php-installed/", ".reg", &pear_detector, "usr/share/php/.registry/x.reg"},
    {"r/", "/DESCRIPTION", &r_detector, "usr/lib/R/library/x/DESCRIPTION"},
    {"perl/", ".json", &perl_detector, "root/.cpan/build/x/META.json"},
    {"perl/", ".yml", &perl_detector, "root/.cpan/build/x/META.yml"},
    {"lua/", ".rockspec", &lua_detector, "lib/luarocks/rocks-5.1/x/1/x-1.rockspec"},
    {"hex/", ".app", &erlang_detector, "opt/rabbitmq/ebin/rabbit.app"},
    {"ocaml/", ".install", &ocaml_detector, "root/.opam/4.14/.opam-switch/install"},
};

/* Rows of a table of tabs: *first is the file, *second and *third what follows. */
static bool
next_row(Slice *table, Slice *first, Slice *second, Slice *third)
{
  Slice line;
  if (!slice_next_line(table, &line))
    return false;
  *first = *second = *third = SLICE_EMPTY;
  (void)(slice_next_field(&line, '\t', first) && slice_next_field(&line, '\t', second) &&
         slice_next_field(&line, '\t', third));
  return true;
}

/* Those with a version: the others are packages whose version the file does not say. */
static char *
expected_lines(Slice table, const char *file, const char *type)
{
  g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
  Slice path, name, version;
  while (next_row(&table, &path, &name, &version)) {
    if (!slice_equal_string(path, file) || version.size == 0)
      continue;
    g_autofree char *name_text = slice_to_utf8(name), *version_text = slice_to_utf8(version);
    g_autofree char *lower = g_ascii_strdown(name_text, -1);
    g_ptr_array_add(lines,
                    g_strdup_printf("%s %s %s", type, strcmp(type, "pypi") == 0 ? lower : name_text,
                                    version_text));
  }
  return joined_lines(lines);
}

static char *
read_file(const char *folder, const char *name, gsize *size)
{
  g_autofree char *path = g_build_filename(folder, name, NULL);
  char *text = NULL;
  return g_file_get_contents(path, &text, size, NULL) ? text : NULL;
}

/* Whether rows of @file were left out of the table. */
static bool
is_exact(Slice sources, const char *file)
{
  Slice line;
  while (slice_next_line(&sources, &line)) {
    g_autofree char *text = slice_to_utf8(line);
    g_auto(GStrv) fields = g_strsplit(text, "\t", 5);
    if (g_strv_length(fields) == 5 && strcmp(fields[0], file) == 0)
      return strcmp(fields[4], "0") == 0;
  }
  return false;
}

static void
check_file(const char *folder, const char *file, size_t kind, Slice table)
{
  gsize size = 0;
  g_autofree char *text = read_file(folder, file, &size);
  g_assert_nonnull(text);
  g_autoptr(LayerInventory) inventory = layer_inventory_new();
  detect(kinds[kind].detector, kinds[kind].path, slice_new(text, size), inventory);
  const Package *first =
      inventory->packages->len == 0 ? NULL : g_ptr_array_index(inventory->packages, 0);
  g_autofree char *lines = detected_lines(inventory);
  g_autofree char *expected = expected_lines(table, file, first == NULL ? "" : first->type);
  if (strcmp(lines, expected) != 0) {
    g_test_message("%s: found\n%s\nexpected\n%s", file, lines, expected);
    g_test_fail();
  }
}

static void
test_fixtures(gconstpointer data)
{
  const char *folder = data;
  gsize size = 0, sources_size = 0;
  unsigned checked = 0;
  g_autofree char *sources = read_file(folder, "sources.tsv", &sources_size);
  g_autofree char *expected = read_file(folder, "expected.tsv", &size);
  if (sources == NULL || expected == NULL) {
    g_test_skip("no fixtures are beside the project");
    return;
  }
  Slice rest = slice_new(sources, sources_size), path, unused, more;
  while (next_row(&rest, &path, &unused, &more)) {
    g_autofree char *file = slice_to_utf8(path);
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
      if (!g_str_has_prefix(file, kinds[i].kind) || !g_str_has_suffix(file, kinds[i].end) ||
          !is_exact(slice_new(sources, sources_size), file))
        continue;
      check_file(folder, file, i, slice_new(expected, size));
      checked++;
      break;
    }
  }
  g_test_message("%u files", checked);
  g_assert_cmpuint(checked, >, 30);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_autofree char *folder = g_build_filename(g_getenv("ASSAY_SHARED"), "fixtures", NULL);
  g_test_add_data_func("/languages/fixtures", folder, test_fixtures);
  return g_test_run();
}
