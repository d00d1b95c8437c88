/* Lock files: cases of our own for each trap, and, where the shared fixtures lie beside the source,
 * all of those. */
#include <string.h>

#include "inspect/lockfiles/lockfiles.h"
#include "lockfile-cases.h"

/* (transfer full): lines "type name version", sorted. */
static GPtrArray *
packages_of(const char *path, Slice bytes, bool *has_notes)
{
  GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(LayerInventory) inventory = layer_inventory_new();
  if (lockfiles_detector.wants_path(path))
    lockfiles_detector.read(bytes, path, inventory);
  g_assert_cmpuint(inventory->unread->len, ==, 0);
  for (guint i = 0; i < inventory->packages->len; i++) {
    const Package *package = g_ptr_array_index(inventory->packages, i);
    g_assert_true(package->declared);
    g_assert_cmpstr(package->location, ==, path);
    g_ptr_array_add(lines,
                    g_strconcat(package->type, " ", package->name, " ", package->version, NULL));
  }
  g_ptr_array_sort(lines, text_compare);
  if (has_notes != NULL)
    *has_notes = inventory->notes->len > 0;
  return lines;
}

static char *
join(GPtrArray *lines)
{
  GString *text = g_string_new(NULL);
  for (guint i = 0; i < lines->len; i++)
    g_string_append_printf(text, "%s\n", (const char *)g_ptr_array_index(lines, i));
  return g_string_free(text, FALSE);
}

static void
test_cases(void)
{
  for (const LockfileCase *row = lockfile_cases; row->name != NULL; row++) {
    g_autoptr(GPtrArray) lines = packages_of(row->path, slice_from_string(row->text), NULL);
    g_autofree char *found = join(lines);
    if (!g_str_equal(found, row->expected)) {
      g_test_message("%s:\nfound\n%s\nexpected\n%s", row->name, found, row->expected);
      g_test_fail();
    }
  }
}

/* As the file has them, or what is left of old forms. */
static void
test_licenses(void)
{
  const struct {
    const char *path, *text, *expected;
  } rows[] = {
      {"package-lock.json",
       "{\"packages\": {\"node_modules/a\": {\"version\": \"1\", \"license\": \"MIT\"},"
       "\"node_modules/b\": {\"version\": \"1\", \"license\": [{\"type\": \"ISC\"}]},"
       "\"node_modules/c\": {\"version\": \"1\", \"license\": {\"type\": \"0BSD\"}},"
       "\"node_modules/d\": {\"version\": \"1\", \"license\": 1}}}",
       "MIT,ISC,0BSD,-"},
      {"composer.lock",
       "{\"packages\": [{\"name\": \"a/a\", \"version\": \"1\", \"license\": [\"MIT\", \"ISC\"]},"
       "{\"name\": \"b/b\", \"version\": \"1\"}]}",
       "MIT OR ISC,-"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(LayerInventory) inventory = layer_inventory_new();
    g_autoptr(GString) found = g_string_new(NULL);
    lockfiles_detector.read(slice_from_string(rows[i].text), rows[i].path, inventory);
    for (guint j = 0; j < inventory->packages->len; j++) {
      const Package *package = g_ptr_array_index(inventory->packages, j);
      g_string_append_printf(found, "%s%s", j == 0 ? "" : ",",
                             package->licenses == NULL ? "-" : package->licenses);
    }
    g_assert_cmpstr(found->str, ==, rows[i].expected);
  }
}

/* What is named without one version is told: nothing is known of it. */
static void
test_without_version(void)
{
  static const struct {
    const char *path, *text, *note;
  } rows[] = {
      {"requirements.txt",
       "# all\n-r base.txt\nflask\nrequests >= 2 # any\nsix==1.16.0\n./local\nhttps://x/y.whl\n"
       "a @ https://x/a.whl\n",
       "3 packages are named without one version, and are compared with no advisory: flask, "
       "requests, a."},
      {"requirements.txt", "a\nb\nc\nd\ne\nf\n",
       "6 packages are named without one version, and are compared with no advisory: a, b, c, d, "
       "e ..."},
      {"requirements.txt", "six==1.16.0\n-e .\n", NULL},
      {"pom.xml",
       "<project><dependencies><dependency><groupId>org.springframework.boot</groupId><artifactId>"
       "spring-boot-starter-web</artifactId></dependency><dependency><groupId>g</groupId>"
       "<artifactId>a</artifactId><version>1</version></dependency></dependencies></project>",
       "1 package is named without one version, and is compared with no advisory: "
       "org.springframework.boot:spring-boot-starter-web."},
      {"pom.xml",
       "<project><dependencies><dependency><groupId>g</groupId><artifactId>a</artifactId><version>"
       "${x}</version></dependency><dependency><groupId>g</groupId><artifactId>b</artifactId>"
       "<version>[1,2)</version></dependency></dependencies></project>",
       "2 packages are named without one version, and are compared with no advisory: g:a, g:b."},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(LayerInventory) inventory = layer_inventory_new();
    lockfiles_detector.read(slice_from_string(rows[i].text), rows[i].path, inventory);
    g_assert_cmpuint(inventory->notes->len, ==, rows[i].note != NULL);
    if (rows[i].note == NULL)
      continue;
    const LayerNote *note = g_ptr_array_index(inventory->notes, 0);
    g_assert_cmpstr(note->kind, ==, "no-version");
    g_assert_cmpstr(note->detail, ==, rows[i].note);
  }
}

/* Broken ones are noted; cut anywhere, none does harm. */
static void
test_broken(void)
{
  const char *const broken[] = {"package-lock.json", "Cargo.lock", "poetry.lock", "Pipfile.lock"};
  for (size_t i = 0; i < G_N_ELEMENTS(broken); i++) {
    bool has_notes = false;
    g_autoptr(GPtrArray) lines = packages_of(broken[i], SLICE_LITERAL("[[{\"a\": "), &has_notes);
    if (!has_notes || lines->len > 0)
      g_error("%s: a broken file has no note", broken[i]);
  }
  for (const LockfileCase *row = lockfile_cases; row->name != NULL; row++)
    for (size_t size = 0; size < strlen(row->text); size++) {
      g_autofree uint8_t *copy = g_memdup2(row->text, size + (size == 0));
      g_ptr_array_unref(packages_of(row->path, slice_new(copy, size), NULL));
    }
}

/* What it would declare is missing then, unless others give that name to files, or tests break
 * them.
 */
static void
test_what_is_missing(void)
{
  const struct {
    const char *path, *type;
  } rows[] = {
      {"app/package-lock.json", "npm"},
      {"app/Cargo.lock", "cargo"},
      {"pnpm-lock.yaml", "npm"},
      {"pom.xml", "maven"},
      {"src/tests/data/Cargo.lock", NULL},
      {"testdata/package-lock.json", NULL},
      {"node_modules/a/package-lock.json", NULL},
      {"srv/environment.yml", NULL},
      {"latest/Cargo.lock", "cargo"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(LayerInventory) broken = layer_inventory_new(), sound = layer_inventory_new();
    lockfiles_detector.read(SLICE_LITERAL("[[{\"a\": "), rows[i].path, broken);
    if (g_strcmp0(broken->declares, rows[i].type) != 0)
      g_error("%s: %s", rows[i].path, broken->declares);
    g_assert_cmpstr(lockfiles_type(rows[i].path), ==, rows[i].type);
    lockfiles_detector.read(SLICE_LITERAL(""), rows[i].path, sound);
  }
  g_autoptr(LayerInventory) whole = layer_inventory_new();
  lockfiles_detector.read(SLICE_LITERAL("{}"), "package-lock.json", whole);
  g_assert_null(whole->declares);
}

/* As many folders as a file may have, and a thousand patterns for them; and many beginnings of a
 * package of rebar. */
static void
test_linear(void)
{
  g_autoptr(GString) lock = g_string_new("{\"packages\": {\"\": {\"workspaces\": [\"w*\"");
  for (unsigned i = 0; i < 1000; i++)
    g_string_append_printf(lock, ", \"%spackages/%u%s\"", i % 2 == 0 ? "./" : "", i,
                           i % 3 == 0 ? "/*" : "");
  g_string_append(lock, "]}");
  for (unsigned i = 0; i < 100000; i++)
    g_string_append_printf(lock, ", \"packages/%u/p%u\": {\"version\": \"1.0.0\"}", i % 1001, i);
  g_string_append(lock, ", \"w1/a\": {\"version\": \"1.0.0\"}, \"packages/3\": {\"version\": "
                        "\"1.0.0\"}, \"packages/4\": {\"version\": \"1.0.0\"}}}");
  gint64 start = g_get_monotonic_time();
  g_autoptr(GPtrArray) lines =
      packages_of("package-lock.json", slice_new(lock->str, lock->len), NULL);
  /* Of the thousand and first nobody speaks; nor of the folder 3 itself. */
  g_assert_cmpuint(lines->len, ==, 100000 / 1001 + 1);
  g_assert_cmpstr(g_ptr_array_index(lines, 0), ==, "npm 3 1.0.0");
  g_autoptr(GString) rebar = g_string_new(NULL);
  for (unsigned i = 0; i < 2000000; i++)
    g_string_append(rebar, "{pkg");
  g_string_append(rebar, "{pkg,<<\"a\">>,<<\"1.0.0\">>}");
  g_autoptr(GPtrArray) one = packages_of("rebar.lock", slice_new(rebar->str, rebar->len), NULL);
  g_assert_cmpuint(one->len, ==, 1);
  g_assert_cmpint(g_get_monotonic_time() - start, <, 60 * G_USEC_PER_SEC);
}

/* Properties that stand for nothing, ten thousand times and five deep; a profile of half a million.
 */
static void
test_bounds(void)
{
  g_autoptr(GString) pom = g_string_new("<project><properties>");
  for (char name = 'a'; name < 'e'; name++) {
    g_string_append_printf(pom, "<%c>", name);
    for (unsigned i = 0; i < 3000; i++)
      g_string_append_printf(pom, "${%c}", name + 1);
    g_string_append_printf(pom, "</%c>", name);
  }
  g_string_append(pom, "<e></e></properties><dependencies>");
  for (unsigned i = 0; i < 1000; i++)
    g_string_append(pom, "<dependency><groupId>g</groupId><artifactId>a</artifactId>"
                         "<version>${a}</version></dependency>");
  g_string_append(pom, "</dependencies><profiles><profile><dependencies>");
  for (unsigned i = 0; i < 500000; i++)
    g_string_append(pom, "<dependency/>");
  g_string_append(pom, "</dependencies><activation><activeByDefault>true</activeByDefault>"
                       "</activation></profile></profiles></project>");
  gint64 start = g_get_monotonic_time();
  g_ptr_array_unref(packages_of("pom.xml", slice_new(pom->str, pom->len), NULL));
  g_assert_cmpint(g_get_monotonic_time() - start, <, 20 * G_USEC_PER_SEC);
}

/* Which name a fixture has in a tree: by its folder, and by the end of its own name. */
static const struct {
  const char *folder, *end, *path;
  char mark; /* the tool names a package by what is after the last of these; or 0 */
} names[] = {
    {"npm-lock/", "", "package-lock.json"},
    {"yarn/", "", "yarn.lock"},
    {"pip-requirements/", "", "requirements.txt"},
    {"pipenv/", "", "Pipfile.lock"},
    {"poetry/", "", "poetry.lock"},
    {"uv/", "", "uv.lock"},
    {"pdm/", "", "pdm.lock"},
    {"python-misc/", "/pdm.lock", "pdm.lock"},
    {"pylock/", "", "pylock.toml"},
    {"cargo-lock/", "", "Cargo.lock"},
    {"rust-misc/", "/Cargo.lock", "Cargo.lock"},
    {"go-mod/", "", "go.mod"},
    {"go-misc/", "/go.mod", "go.mod"},
    {"go-sum/", "", "go.sum"},
    {"go-vendor/", "", "vendor/modules.txt"},
    {"pnpm/", "", "pnpm-lock.yaml"},
    {"bun/", "", "bun.lock"},
    {"bundler/", "", "Gemfile.lock"},
    {"ruby-misc/", "/Gemfile.lock", "Gemfile.lock"},
    {"composer/", "", "composer.lock"},
    {"nuget-lock/", "", "packages.lock.json"},
    {"dotnet-misc/", "/packages.lock.json", "packages.lock.json"},
    {"nuget-config/", "", "packages.config"},
    {"nuget-props/", "", "Directory.Packages.props"},
    {"paket/", "/paket.lock", "paket.lock"},
    {"paket/", "/paket.dependencies", "paket.dependencies"},
    {"pom/", "", "pom.xml"},
    {"gradle/syft-", "", "gradle.lockfile", ':'},
    {"gradle/", ".xml", "gradle/verification-metadata.xml"},
    {"gradle/", "", "gradle.lockfile"},
    {"sbt/", "", "build.sbt.lock"},
    {"conan/", "/conanfile.txt", "conanfile.txt"},
    {"conan/", "/conaninfo.txt", "mfast/1.2.2/my_user/my_channel/package/0/conaninfo.txt"},
    {"conan/", "", "conan.lock"},
    {"swift/osv-scalibr-7114e5/", "", "Podfile.lock"},
    {"swift/", "happy.lock", "Podfile.lock"},
    {"swift/syft-", "", "Package.resolved", '/'},
    {"swift/", "", "Package.resolved"},
    {"dart/", ".lock", "pubspec.lock"},
    {"hex/", ".lock", "mix.lock"},
    {"hex/", "/valid", "mix.lock"},
    {"hex/", "/invalid", "mix.lock"},
    {"haskell/osv-scalibr-e9175b/", "", "cabal.project.freeze"},
    {"haskell/", "/stack.yaml", "stack.yaml"},
    {"haskell/", "", "stack.yaml.lock"},
    {"r/", ".lock", "renv.lock"},
    {"julia/", "project.toml", NULL},
    {"julia/", ".toml", "Manifest.toml"},
    {"conda/", ".yaml", "environment.yml"},
    {"swipl/", "/pack.pl", "pack.pl"},
};

/* Where our rule is another than that of the tool whose expectation it is. */
static const struct {
  const char *fixture; /* the start of its path */
  const char *line;    /* "name version", as compared below */
  bool is_found;       /* by us alone; else by them alone */
} differences[] = {
    /* The project itself is no package that it uses. */
    {"npm-lock/syft-46c4f0/", "lock-v3-fixture 1.0.0", false},
    {"npm-lock/syft-c2c773/", "npm 6.14.6", false},
    {"uv/trivy-740652/", "normal 0.1.0", false},
    {"bun/trivy-6989e2/", "my-app 1.0.0", false},
    {"bun/trivy-6989e2/", "my-lib 1.0.0", false},
    /* What is needed for building and testing counts (other tools' expectations have it). */
    {"npm-lock/syft-46c4f0/", "async 3.2.4", true},
    {"npm-lock/syft-c2c773/", "async 3.2.4", true},
    {"npm-lock/syft-56013b/", "node-modules/async 3.2.4", true},
    {"npm-lock/syft-d48ab8/", "dev-parent 1.0.0", true},
    {"npm-lock/syft-d48ab8/", "dev-nested 1.0.0", true},
    {"nuget-config/trivy-204ab9/", "microsoft-net-compilers 1.0.0", true},
    {"sbt/trivy-e584f8/", "org-scalatest:scalatest-core-2-13 3.2.15", true},
    {"conan/trivy-f0afcd/", "automake 1.16.5", true},
    {"conan/trivy-f0afcd/", "autoconf 2.71", true},
    /* So does what comes from a file, with its version. */
    {"yarn/trivy-cfb2eb/", "local-package 0.0.1", true},
    /* A range is no version. */
    {"pip-requirements/osv-scalibr-6b618a/", "combination-also-valid 3.5", false},
    {"pip-requirements/osv-scalibr-6b618a/", "pkg 1.2.3", false},
    {"pip-requirements/osv-scalibr-6b618a/", "newspaper3k 0.2.2", false},
    {"pip-requirements/trivy-9054bd/", "pyjwt 1.2", false},
    {"pip-requirements/trivy-9054bd/", "keyring 4.1.1", false},
    {"pip-requirements/trivy-9054bd/", "mopidy-dirble 1.1", false},
    {"pip-requirements/trivy-9054bd/", "eventlet 0.18.2", false},
    {"pip-requirements/syft-00dcd7/", "numpy 3.4.1", false},
    {"pip-requirements/syft-00dcd7/", "mopidy-dirble 1.1", false},
    {"pip-requirements/syft-00dcd7/", "bar 2.0.0", false},
    {"pip-requirements/syft-00dcd7/", "sqlalchemy 2.0.0", false},
    {"paket/osv-scalibr-055b59/", "nunit 2.6.3", false},
    {"paket/osv-scalibr-055b59/", "system-text-json 8.0.5", false},
    {"paket/osv-scalibr-055b59/", "fsharp-core 4.0.0", false},
    /* Nor is a commit. */
    {"hex/syft-abe700/", "enacl 2f50ba6289f2f2d9fef05d22a396c0bab4f64149", false},
    /* A word after the version is no part of it. */
    {"pip-requirements/osv-scalibr-1c555b/", "foo7 1.0 unexpected_text_before_options_stays_around",
     false},
    {"pip-requirements/osv-scalibr-1c555b/", "foo7 1.0", true},
    /* Required indirectly is required, before Go 1.17 as well. */
    {"go-mod/trivy-6ca3fd/", "gopkg-in/yaml-v3 3.0.0-20210107192922-496545a6307b", true},
    /* A module of which only the go.mod was looked at is in no build. */
    {"go-sum/trivy-0153ac/", "gopkg-in/check-v1 0.0.0-20161208181325-20d25e280405", false},
    {"go-sum/trivy-0153ac/", "gopkg-in/yaml-v2 2.2.2", false},
    /* A folder in the place of a module is the project's own code. */
    {"go-vendor/osv-scalibr-4b1cc8/", "example-com/local 1.0.0", false},
    /* Cut in the table of expectations. */
    {"go-vendor/osv-scalibr-4b1cc8/", "github-com/ 1.2.1", false},
    {"go-vendor/osv-scalibr-4b1cc8/", "github-com/burntsushi/toml 1.2.1", true},
};

static const char *
path_of(const char *fixture, char *mark)
{
  for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
    if (g_str_has_prefix(fixture, names[i].folder) && g_str_has_suffix(fixture, names[i].end)) {
      *mark = names[i].mark;
      return names[i].path;
    }
  return NULL;
}

/* Tools write names and versions in different ways: a package is the same in any. */
static char *
comparable(const char *name, const char *version, char mark)
{
  if (mark != '\0' && strrchr(name, mark) != NULL)
    name = strrchr(name, mark) + 1;
  g_autofree char *lower = g_ascii_strdown(name, -1);
  for (char *at = lower; *at != '\0'; at++)
    if (*at == '_' || *at == '.')
      *at = '-';
  GString *plain = g_string_new(NULL);
  for (const char *at = lower; *at != '\0'; at++)
    if (*at != '-' || at[1] != '-')
      g_string_append_c(plain, *at);
  g_string_append_printf(plain, " %s",
                         version + (version[0] == 'v' && g_ascii_isdigit(version[1])));
  return g_string_free(plain, FALSE);
}

/* (transfer full): path -> set of comparable lines. Without a version it is no package here. */
static GHashTable *
read_expected(const char *folder)
{
  g_autofree char *file = g_build_filename(folder, "expected.tsv", NULL), *text = NULL;
  GHashTable *expected =
      g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_hash_table_unref);
  if (!g_file_get_contents(file, &text, NULL, NULL))
    return expected;
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (char **line = lines; *line != NULL; line++) {
    g_auto(GStrv) fields = g_strsplit(*line, "\t", -1);
    char mark;
    if (g_strv_length(fields) < 3 || path_of(fields[0], &mark) == NULL)
      continue;
    GHashTable *set = g_hash_table_lookup(expected, fields[0]);
    if (set == NULL) {
      set = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
      g_hash_table_insert(expected, g_strdup(fields[0]), set);
    }
    if (*fields[2] != '\0')
      g_hash_table_add(set, comparable(fields[1], fields[2], mark));
  }
  return expected;
}

static bool
is_difference(const char *fixture, const char *line, bool is_found)
{
  for (size_t i = 0; i < G_N_ELEMENTS(differences); i++)
    if (g_str_has_prefix(fixture, differences[i].fixture) && differences[i].is_found == is_found &&
        g_str_equal(differences[i].line, line))
      return true;
  return false;
}

static void
report(const char *fixture, GHashTable *lines, GHashTable *others, bool is_found)
{
  GHashTableIter iter;
  void *line;
  g_hash_table_iter_init(&iter, lines);
  while (g_hash_table_iter_next(&iter, &line, NULL))
    if (!g_hash_table_contains(others, line) && !is_difference(fixture, line, is_found)) {
      g_test_message("%s: %s: %s", fixture, is_found ? "not expected" : "not found", (char *)line);
      g_test_fail();
    }
}

/* Of a few rows the tool's expectation is more than its file shows; they were left out. */
static bool
is_whole(const char *sources, const char *fixture)
{
  g_autofree char *start = g_strconcat("\n", fixture, "\t", NULL);
  const char *line = strstr(sources, start);
  const char *end = line == NULL ? NULL : strchr(line + 1, '\n');
  return end != NULL && end[-1] == '0' && end[-2] == '\t';
}

static void
check_fixture(const char *folder, const char *fixture, GHashTable *expected, const char *sources)
{
  g_autofree char *file = g_build_filename(folder, fixture, NULL), *text = NULL;
  gsize size = 0;
  g_assert_true(g_file_get_contents(file, &text, &size, NULL));
  char mark = '\0';
  const char *path = path_of(fixture, &mark);
  g_autoptr(GPtrArray) lines = packages_of(path, slice_new(text, size), NULL);
  g_autoptr(GHashTable) found = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < lines->len; i++) {
    g_auto(GStrv) words = g_strsplit(g_ptr_array_index(lines, i), " ", 3);
    g_hash_table_add(found, comparable(words[1], words[2], mark));
  }
  report(fixture, expected, found, false);
  if (is_whole(sources, fixture))
    report(fixture, found, expected, true);
}

static void
test_fixtures(void)
{
  g_autofree char *folder =
      g_build_filename(g_getenv("ASSAY_SOURCE"), "..", "shared", "fixtures", NULL);
  g_autofree char *file = g_build_filename(folder, "sources.tsv", NULL), *sources = NULL;
  if (!g_file_get_contents(file, &sources, NULL, NULL)) {
    g_test_skip("the shared fixtures are not beside the source");
    return;
  }
  g_autoptr(GHashTable) expected = read_expected(folder);
  GHashTableIter iter;
  void *fixture, *lines;
  g_hash_table_iter_init(&iter, expected);
  while (g_hash_table_iter_next(&iter, &fixture, &lines))
    check_fixture(folder, fixture, lines, sources);
}

/* More than is read of one is unread, and no odd file that came along. */
static void
test_too_large(void)
{
  g_autoptr(GString) text = g_string_new("{\"packages\": {}, \"x\": [0");
  for (unsigned i = 0; i < 400000; i++)
    g_string_append(text, ",0");
  g_string_append(text, "]}");
  g_autoptr(LayerInventory) inventory = layer_inventory_new();
  lockfiles_detector.read(slice_new(text->str, text->len), "app/package-lock.json", inventory);
  g_assert_cmpuint(inventory->unread->len, ==, 1);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_set_nonfatal_assertions();
  g_test_add_func("/lockfiles/cases", test_cases);
  g_test_add_func("/lockfiles/licenses", test_licenses);
  g_test_add_func("/lockfiles/without-version", test_without_version);
  g_test_add_func("/lockfiles/broken", test_broken);
  g_test_add_func("/lockfiles/too-large", test_too_large);
  g_test_add_func("/lockfiles/bounds", test_bounds);
  g_test_add_func("/lockfiles/what-is-missing", test_what_is_missing);
  g_test_add_func("/lockfiles/linear", test_linear);
  g_test_add_func("/lockfiles/fixtures", test_fixtures);
  return g_test_run();
}
