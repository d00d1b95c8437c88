/* A table of traps for each detector of languages' packages that has no test of its own. */
#include "detected.h"
#include "inspect/languages/languages.h"

#define CHECK(detector, cases) check_detected(&(detector), cases, G_N_ELEMENTS(cases))

static void
test_conda(void)
{
#define LEFT "{\"name\":\"left\",\"version\":\"1.0\",\"license\":\"MIT\"}"
  static const DetectedCase cases[] = {
      {"in a prefix", "opt/conda/conda-meta/left-1.0-0.json", LEFT, "conda left 1.0"},
      {"in an environment", "opt/conda/envs/a/conda-meta/left-1.0-0.json", LEFT, "conda left 1.0"},
      {"at the top", "conda-meta/left-1.0-0.json", LEFT, "conda left 1.0"},
      {"a cached package", "opt/conda/pkgs/left-1.0-0/info/index.json", LEFT, ""},
      {"a folder there", "opt/conda/conda-meta/a/left.json", LEFT, ""},
      {"the history", "opt/conda/conda-meta/history", LEFT, ""},
      {"no version", "opt/conda/conda-meta/state.json", "{\"name\":\"left\"}", ""},
      {"a list", "opt/conda/conda-meta/left.json", "[]", ""},
      {"broken", "opt/conda/conda-meta/left.json", "{", ""},
  };
  CHECK(conda_detector, cases);
}

static void
test_ruby(void)
{
#define P        "usr/lib/ruby/gems/3.1.0/specifications/left-1.0.gemspec"
#define NAMED    "s.name = \"left\".freeze\n"
#define GEM      "  s.name = \"left\".freeze\n  s.version = \"1.0\"\n"
#define FOUND    "gem left 1.0"
#define VERSIONS "s.version = "
  static const DetectedCase cases[] = {
      {"as RubyGems writes it", P, "Gem::Specification.new do |s|\n" GEM "end\n", FOUND},
      {"a default gem", "usr/lib/ruby/gems/3.1.0/specifications/default/left-1.0.gemspec", GEM,
       FOUND},
      {"of JRuby", "opt/jruby/lib/ruby/gems/shared/specifications/left-1.0.gemspec", GEM, FOUND},
      {"the source of a gem", "usr/lib/ruby/gems/3.1.0/gems/left-1.0/left.gemspec", GEM, ""},
      {"a checkout of bundler", "bundle/ruby/3.1.0/bundler/gems/left-ab12/left.gemspec", GEM, ""},
      {"a folder whose name ends so", "a/myspecifications/left.gemspec", GEM, ""},
      {"single quotes and another object", P, "spec.name='left'\nspec.version = '1.0'.freeze # x\n",
       FOUND},
      {"of an old RubyGems", P, "s.name = %q{left}\ns.version = %q{1.0}\n", FOUND},
      {"an object of a version", P, NAMED VERSIONS "Gem::Version.new(\"1.0\")\n", FOUND},
      {"lines of Windows", P, "s.name = \"left\"\r\ns.version = \"1.0\"\r\n", FOUND},
      {"a constant of the file", P, "VERSION = '1.0'.freeze\n" NAMED VERSIONS "VERSION\n", FOUND},
      {"a constant of a module", P, "Left::VERSION = '1.0'\n" NAMED VERSIONS "Left::VERSION\n",
       FOUND},
      {"a variable", P, "version = \"1.0\"\n" NAMED VERSIONS "version\n", FOUND},
      {"a constant of another file", P, "require 'left/version'\n" NAMED VERSIONS "Left::VERSION\n",
       ""},
      {"a version that is read", P, NAMED VERSIONS "File.read('VERSION').strip\n", ""},
      {"a version that is put together", P, NAMED VERSIONS "\"1.#{minor}\"\n", ""},
      {"a version in a comment", P, NAMED "# " VERSIONS "\"1.0\"\n", ""},
      {"the version that another needs", P, NAMED "s.required_ruby_version = \"1.0\"\n", ""},
      {"the version of rubygems", P, GEM "s.rubygems_version = \"3.3\"\n", FOUND},
      {"a comparison", P, GEM "if s.version == \"2.0\"\n", FOUND},
      {"the first counts", P, GEM "s.version = \"2.0\"\n", FOUND},
      {"a platform", P, NAMED VERSIONS "\"1.0-x86_64-linux-gnu\"\n", FOUND},
      {"the platform that it says", P,
       "s.platform = \"evbarm\"\n" NAMED VERSIONS "\"1.0-evbarm\"\n", FOUND},
      {"java", P, NAMED VERSIONS "\"1.0-java\"\n", FOUND},
      {"a prerelease", P, NAMED VERSIONS "\"1.0.0.rc.1-beta\"\n", "gem left 1.0.0.rc.1-beta"},
      {"marshalled", P, "\x04\x08u:\x17Gem::Specification", ""},
      {"empty", P, "", ""},
  };
  CHECK(ruby_detector, cases);
}

static void
test_dotnet(void)
{
#define APP              "app/left.deps.json"
#define ASSETS           "src/obj/project.assets.json"
#define LIBRARY(key)     "\"" key "\":{\"type\":\"package\"}"
#define TYPED(key, type) "\"" key "\":{\"type\":\"" type "\"}"
#define LOADED(key)      "\"" key "\":{\"runtime\":{\"a.dll\":{}}}"
#define LIBRARIES(...)   "\"libraries\":{" __VA_ARGS__ "}}"
#define TARGET(libraries)                                                                          \
  "{\"runtimeTarget\":{\"name\":\"t\"},\"targets\":{\"t\":{" libraries "},\"u\":{\"a/1\":{}}},"
  static const DetectedCase cases[] = {
      {"with a file to load", APP,
       TARGET("\"a/1.0\":{\"runtime\":{\"a.dll\":{}}}") LIBRARIES(LIBRARY("a/1.0")), "nuget a 1.0"},
      {"with a native one", APP,
       TARGET("\"a/1.0\":{\"native\":{\"a.so\":{}}}") LIBRARIES(LIBRARY("a/1.0")), "nuget a 1.0"},
      {"with one of each machine", APP,
       TARGET("\"a/1.0\":{\"runtimeTargets\":{\"a.so\":{}}}") LIBRARIES(LIBRARY("a/1.0")),
       "nuget a 1.0"},
      {"to compile against", APP,
       TARGET("\"a/1.0\":{\"compile\":{\"a.dll\":{}}}") LIBRARIES(LIBRARY("a/1.0")), ""},
      {"with nothing", APP,
       TARGET("\"a/1.0\":{},\"b/1\":{\"runtime\":{}}")
           LIBRARIES(LIBRARY("a/1.0") "," LIBRARY("b/1")),
       ""},
      {"of which the target says nothing", APP, TARGET("") LIBRARIES(LIBRARY("a/1.0")),
       "nuget a 1.0"},
      {"no such target", APP,
       "{\"runtimeTarget\":{\"name\":\"x\"},\"targets\":{\"t\":{\"a/1.0\":{}}}," LIBRARIES(
           LIBRARY("a/1.0")),
       "nuget a 1.0"},
      {"the application, and the runtime that it brings", APP,
       TARGET(LOADED("a/1.0") "," LOADED("runtimepack.R/8.0"))
           LIBRARIES(TYPED("a/1.0", "project") "," TYPED("runtimepack.R/8.0", "runtimepack")),
       "nuget R 8.0\nnuget a 1.0"},
      {"a file that it refers to", APP, "{" LIBRARIES("\"a/1.0\":{\"type\":\"reference\"}"), ""},
      {"a type in capitals", APP, "{" LIBRARIES("\"a/1.0\":{\"type\":\"Package\"}"), "nuget a 1.0"},
      {"no version", APP, "{" LIBRARIES(LIBRARY("a") "," LIBRARY("b/") "," LIBRARY("/1")), ""},
      {"a byte order mark", APP, "\xef\xbb\xbf{" LIBRARIES(LIBRARY("a/1.0")), "nuget a 1.0"},
      {"a shared framework", "usr/share/dotnet/shared/F.App/8.0.1/F.App.deps.json",
       "{" LIBRARIES(LIBRARY("F.App.Runtime.linux-x64/8.0.1")),
       "nuget F.App.Runtime.linux-x64 8.0.1"},
      {"one that names nothing", "usr/share/dotnet/shared/F.App/2.1.30/F.App.deps.json",
       "{\"libraries\":{}}", "nuget F.App 2.1.30"},
      {"a folder of another name", "app/shareds/F.App/2.1.30/F.App.deps.json", "{\"libraries\":{}}",
       ""},
      {"another file", "app/left.runtimeconfig.json", "{" LIBRARIES(LIBRARY("a/1.0")), ""},
      {"restored", ASSETS, "{" LIBRARIES(LIBRARY("a/1.0") ",\"b/1.0\":{\"type\":\"project\"}"),
       "nuget a 1.0"},
      {"broken", APP, "{", ""},
      {"a list", APP, "[]", ""},
      {"libraries as a list", APP, "{\"libraries\":[]}", ""},
  };
  CHECK(dotnet_detector, cases);
}

/* What was restored is asked for: nothing shows that it is where the application runs. */
static void
test_dotnet_declared(void)
{
  const char *text = "{" LIBRARIES(LIBRARY("a/1.0"));
  const char *paths[] = {APP, ASSETS};
  for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
    g_autoptr(LayerInventory) inventory = layer_inventory_new();
    detect(&dotnet_detector, paths[i], slice_from_string(text), inventory);
    g_assert_cmpuint(inventory->packages->len, ==, 1);
    const Package *package = g_ptr_array_index(inventory->packages, 0);
    g_assert_cmpint(package->declared, ==, i == 1);
  }
}

static void
test_composer(void)
{
#undef P
#define P   "app/vendor/composer/installed.json"
#define ONE "{\"name\":\"Left/Right\",\"version\":\"v1.0.0\",\"license\":[\"MIT\"]}"
  static const DetectedCase cases[] = {
      {"of Composer 2", P, "{\"packages\":[" ONE "],\"dev\":true}", "composer left/right 1.0.0"},
      {"of Composer 1", P, "[" ONE "]", "composer left/right 1.0.0"},
      {"for development", P, "{\"packages\":[" ONE "],\"dev-package-names\":[\"left/right\"]}",
       "composer left/right 1.0.0"},
      {"a branch", P, "[{\"name\":\"a/b\",\"version\":\"dev-main\"}]", "composer a/b dev-main"},
      {"a branch with a v", P, "[{\"name\":\"a/b\",\"version\":\"very\"}]", "composer a/b very"},
      {"an alias", P, "[{\"name\":\"a/b\",\"version\":\"1.x-dev\"}]", "composer a/b 1.x-dev"},
      {"what it replaces", P,
       "[{\"name\":\"a/b\",\"version\":\"1\",\"replace\":{\"a/c\":\"self.version\"}}]",
       "composer a/b 1"},
      {"no version", P, "[{\"name\":\"a/b\"}]", ""},
      {"no object", P, "[1,null]", ""},
      {"no list", P, "{\"packages\":{}}", ""},
      {"in another folder", "app/vendor/other/installed.json", "[" ONE "]", ""},
      {"broken", P, "[", ""},
  };
  CHECK(composer_detector, cases);
}

static void
test_pear(void)
{
#undef P
#undef ONE
#define P "usr/share/php/.registry/left.reg"
  static const DetectedCase cases[] = {
      {"of PECL", "usr/share/php/.registry/.channel.pecl.php.net/left.reg",
       "a:2:{s:4:\"name\";s:4:\"left\";s:7:\"version\";a:1:{s:7:\"release\";s:3:\"1.0\";}}",
       "pear left 1.0"},
      {"a version that is a text", P,
       "a:2:{s:4:\"name\";s:4:\"left\";s:7:\"version\";s:3:\"1.0\";}", "pear left 1.0"},
      {"of an old PEAR", P, "a:2:{s:7:\"package\";s:4:\"left\";s:7:\"version\";s:3:\"1.0\";}",
       "pear left 1.0"},
      {"a name in another array", P,
       "a:3:{s:4:\"lead\";a:1:{s:4:\"name\";s:3:\"Ann\";}s:4:\"name\";s:4:\"left\";"
       "s:7:\"version\";s:3:\"1.0\";}",
       "pear left 1.0"},
      {"values of all kinds", P,
       "a:6:{i:0;N;i:1;b:1;i:2;d:0.5;s:1:\"a\";a:0:{}s:4:\"name\";s:4:\"left\";"
       "s:7:\"version\";s:3:\"1.0\";}",
       "pear left 1.0"},
      {"a text with quotes", P,
       "a:3:{s:1:\"x\";s:8:\"\";s:4:\"n\";s:4:\"name\";s:4:\"left\";s:7:\"version\";s:3:\"1.0\";}",
       "pear left 1.0"},
      {"an object", P, "a:1:{s:1:\"x\";O:8:\"stdClass\":0:{}}", ""},
      {"a text that ends too early", P, "a:1:{s:4:\"name\";s:400:\"left\";}", ""},
      {"a number that is none", P, "a:x:{s:4:\"name\";s:4:\"left\";}", ""},
      {"more members than there are", P, "a:99999999999:{s:4:\"name\";s:4:\"left\";}", ""},
      {"no version", P, "a:1:{s:4:\"name\";s:4:\"left\";}", ""},
      {"of Windows", "windows/left.reg", "a:1:{s:4:\"name\";s:4:\"left\";}", ""},
      {"empty", P, "", ""},
  };
  CHECK(pear_detector, cases);
}

/* An array in an array, and so on. */
static void
test_pear_depth(void)
{
  g_autoptr(GString) text = g_string_new("a:1:{s:1:\"x\";");
  for (unsigned i = 0; i < 100000; i++)
    g_string_append(text, "a:1:{i:0;");
  const DetectedCase deep = {"deep", P, text->str, ""};
  check_detected(&pear_detector, &deep, 1);
}

static void
test_wordpress(void)
{
#define HEAD "<?php\n/*\n * Plugin Name: Left and right\n * Version: 1.0\n */\n"
#define CORE "srv/wp-includes/version.php"
  static const DetectedCase cases[] = {
      {"a plugin", "srv/wp-content/plugins/left/main.php", HEAD, "wordpress plugins/left 1.0"},
      {"a plugin of one file", "wp-content/plugins/left.php", HEAD, "wordpress plugins/left 1.0"},
      {"one that must be there", "wp-content/mu-plugins/left.php", HEAD,
       "wordpress plugins/left 1.0"},
      {"a file of a plugin", "srv/wp-content/plugins/left/inc/main.php", HEAD, ""},
      {"elsewhere", "srv/plugins/left/main.php", HEAD, ""},
      {"a comment in one line", "wp-content/plugins/left/main.php",
       "<?php /* plugin name: Left */\n# VERSION: 2.0 ?>\n", "wordpress plugins/left 2.0"},
      {"lines that end in CR", "wp-content/plugins/left/main.php",
       "<?php\r/* Plugin Name: Left\rVersion: 2.0\r*/", "wordpress plugins/left 2.0"},
      {"code that speaks of it", "wp-content/plugins/left/main.php",
       "<?php\n$a = 'Plugin Name: x';\n$b = 'Version: 1.0';\n", ""},
      {"no version", "wp-content/plugins/left/main.php", "<?php\n/* Plugin Name: Left */\n", ""},
      {"no name", "wp-content/plugins/left/index.php", "<?php\n/* Version: 1.0 */\n", ""},
      {"a theme", "srv/wp-content/themes/left/style.css", "/*\nTheme Name: L\nVersion: 1.0\n*/",
       "wordpress themes/left 1.0"},
      {"a style of a plugin", "srv/wp-content/plugins/left/style.css",
       "/*\nTheme Name: L\nVersion: 1.0\n*/", ""},
      {"a style in a theme", "srv/wp-content/themes/left/css/style.css",
       "/*\nTheme Name: L\nVersion: 1.0\n*/", ""},
      {"WordPress itself", CORE, "<?php\n$wp_version = '6.4.2';\n$wp_db_version = 1;\n",
       "wordpress wordpress 6.4.2"},
      {"with double quotes", CORE, "<?php\n  $wp_version=\"6.4\";\n", "wordpress wordpress 6.4"},
      {"a version that is called", CORE, "<?php\n$wp_version = get();\n", ""},
      {"in a comment", CORE, "<?php\n// $wp_version = '6.4.2';\n", ""},
      {"of something else", "srv/my-wp-includes/version.php", "$wp_version = '6.4.2';\n", ""},
      {"empty", CORE, "", ""},
  };
  CHECK(wordpress_detector, cases);
}

/* WordPress reads 8 KiB of a file, however many pieces it comes in. */
static void
test_wordpress_head(void)
{
  g_autofree char *blanks = g_strnfill(8192, ' ');
  g_autofree char *late = g_strconcat("<?php\n", blanks, HEAD, NULL);
  const DetectedCase cases[] = {{"a late head", "wp-content/plugins/left/a.php", late, ""}};
  CHECK(wordpress_detector, cases);
}

static void
test_r(void)
{
#undef P
#define P    "usr/local/lib/R/site-library/left/DESCRIPTION"
#define LIBR "Package: left\nVersion: 1.0-2\n"
  static const DetectedCase cases[] = {
      {"installed", P, LIBR "Built: R 4.3.0; ; ; unix\n", "cran left 1.0-2"},
      {"a source", "src/left/DESCRIPTION", LIBR, ""},
      {"built as a text of several lines", P, LIBR "Description: x\n  Built: no\n", ""},
      {"of Bioconductor", P,
       LIBR "Built: R 4.3.0\ngit_url: https://git.bioconductor.org/packages/left\n",
       "bioconductor left 1.0-2"},
      {"from a repository of Bioconductor", P, LIBR "Repository: Bioconductor 3.18\nBuilt: R 4\n",
       "bioconductor left 1.0-2"},
      {"no version", P, "Package: left\nBuilt: R 4.3.0\n", ""},
      {"something else", P, "Some words.\n", ""},
      {"empty", P, "", ""},
  };
  CHECK(r_detector, cases);
}

static void
test_haskell(void)
{
#undef P
#define P "usr/lib/ghc/package.conf.d/left-1.0-ab12.conf"
  static const DetectedCase cases[] = {
      {"of GHC", P, "name:                 left\nversion: 1.0\nid: left-1.0\n", "hackage left 1.0"},
      {"of cabal", "root/.cabal/store/ghc-9.4.7/package.db/left.conf", "name: left\nversion: 1.0\n",
       "hackage left 1.0"},
      {"a library inside of one", P, "name: z-left-z-inner\nversion: 1.0\npackage-name: left\n",
       "hackage left 1.0"},
      {"a configuration", "etc/left.conf", "name: left\nversion: 1.0\n", ""},
      {"no version", P, "name: left\n", ""},
  };
  CHECK(haskell_detector, cases);
}

static void
test_perl(void)
{
#define META "{\"name\":\"Left-Right\",\"version\":\"1.02\",\"meta-spec\":{\"version\":2}}"
  static const DetectedCase cases[] = {
      {"of cpanm", "usr/local/lib/perl5/x86_64/.meta/Left-Right-1.02/MYMETA.json", META,
       "cpan Left-Right 1.02"},
      {"a source", "src/META.json", META, "cpan Left-Right 1.02"},
      {"a number", "src/META.json", "{\"name\":\"A\",\"version\":1.5,\"generated_by\":\"x\"}",
       "cpan A 1.5"},
      {"a whole number", "src/META.json", "{\"name\":\"A\",\"version\":2,\"generated_by\":\"x\"}",
       "cpan A 2"},
      {"of something else", "src/META.json", "{\"name\":\"A\",\"version\":\"1\"}", ""},
      {"of PGXN", "src/META.json",
       "{\"name\":\"A\",\"version\":\"1\",\"meta-spec\":{\"url\":\"https://pgxn.org/meta/"
       "spec.txt\"}}",
       ""},
      {"YAML", "src/META.yml", "---\nname: Left-Right\nversion: '1.02' # x\nrequires:\n  name: x\n",
       "cpan Left-Right 1.02"},
      {"YAML with a comment", "src/META.yml", "name: A # it\nversion: 1.02\n", "cpan A 1.02"},
      {"YAML without a version", "src/META.yml", "name: A\nrequires:\n  version: 1\n", ""},
      {"YAML with an open quote", "src/META.yml", "name: 'A\nversion: 1\n", ""},
      {"perllocal", "usr/lib/perl5/perllocal.pod",
       "=head2 Wed: C<Module> L<Left::Right|Left::Right>\n\nC<VERSION: 1.01>\n"
       "=head2 Thu: C<Module> L<A|A>\n\nC<EXE_FILES: a>\n"
       "=head2 Fri: C<Module> L<Left::Right|Left::Right>\n\nC<VERSION: 1.02>\n",
       "cpan Left-Right 1.02"},
      {"perllocal without a module", "usr/lib/perl5/perllocal.pod", "C<VERSION: 1.02>\n", ""},
  };
  CHECK(perl_detector, cases);
}

static void
test_lua(void)
{
#undef P
#define P "usr/lib/luarocks/rocks-5.1/left/1.0-1/left-1.0-1.rockspec"
  static const DetectedCase cases[] = {
      {"texts", P, "package = \"left\"\nversion = '1.0-1'\n", "luarocks left 1.0-1"},
      {"a long text", P, "package = [[left]] version = [=[1.0-1]=]\n", "luarocks left 1.0-1"},
      {"the tables first", P,
       "build = { version = \"9\", modules = { a = \"b\" } }\npackage = \"left\"\nversion = "
       "\"1.0-1\"",
       "luarocks left 1.0-1"},
      {"put together", P,
       "local v, r = nil\nlocal v = \"1.0\"\nlocal r = \"1\"\npackage=\"left\" version = "
       "v..\"-\"..r",
       "luarocks left 1.0-1"},
      {"comments", P,
       "-- package = \"x\"\n--[[ version = \"2\"\n]] package = \"left\" --[==[ ]] ]==]\n"
       "version = \"1.0-1\"",
       "luarocks left 1.0-1"},
      {"in a function", P,
       "package = \"left\"\nversion = \"1.0-1\"\nf(function() return \"version\" end)",
       "luarocks left 1.0-1"},
      {"a version that is not known", P, "package = \"left\"\nversion = get() .. \"-1\"", ""},
      {"a version of a table", P, "package = \"left\"\nsource = { version = \"1.0-1\" }", ""},
      {"a text that does not end", P, "package = \"left\nversion = \"1.0-1\"", ""},
      {"a comment that does not end", P, "package = \"left\" --[[ version = \"1.0-1\"", ""},
      {"no version", P, "package = \"left\"", ""},
      {"blanks", P, " \n\t\n", ""},
      {"empty", P, "", ""},
  };
  CHECK(lua_detector, cases);
}

static void
test_erlang(void)
{
#undef P
#define P "opt/app/lib/left-1.0/ebin/left.app"
  static const DetectedCase cases[] = {
      {"of a release", P, "{application, left, [{vsn, \"1.0\"}]}.", "hex left 1.0"},
      {"quotes and comments", P, "%% {application, x\n{application,'left',\n[{vsn,\"1.0\"}]}.",
       "hex left 1.0"},
      {"of Erlang itself", "usr/lib/erlang/lib/ssl-10.9/ebin/ssl.app",
       "{application, ssl, [{vsn, \"10.9\"}]}.", "otp ssl 10.9"},
      {"a version inside", P, "{application,left,[{env,[{vsn,\"2\"}]},{vsn,\"1.0\"}]}.",
       "hex left 1.0"},
      {"a version in a text", P, "{application,left,[{description,\"{vsn, \\\"2\\\"}\"}]}.", ""},
      {"a version of git", P, "{application, left, [{vsn, git}]}.", ""},
      {"a template", P, "{application, left, [{vsn, \"%VSN%\"}]}.", ""},
      {"something else", "Applications/Left.app", "<xml/>", ""},
      {"the template of a source", "src/left.app.src", "{application, left, [{vsn, \"1.0\"}]}.",
       ""},
      {"brackets that do not close", P, "{application, left, [[[[[[", ""},
      {"brackets that do not open", P, "{application, left, []]]]], {vsn, \"1.0\"}", ""},
      {"empty", P, "", ""},
  };
  CHECK(erlang_detector, cases);
}

static void
test_ocaml(void)
{
#define SWITCH "root/.opam/4.14/.opam-switch/"
  static const DetectedCase cases[] = {
      {"a switch", SWITCH "switch-state",
       "opam-version: \"2.0\"\ncompiler: [\"x.1\"]\ninstalled: [\n  \"left.1.0\"\n  "
       "\"a.v0.15.1\"\n]\n"
       "roots: [\"y.1\"]\n",
       "opam a v0.15.1\nopam left 1.0"},
      {"a switch with nothing", SWITCH "switch-state", "installed: []\nroots: [\"y.1\"]\n", ""},
      {"a list", SWITCH "install", "# list\nleft.1.0 # it\n\nbroken\n.1\n", "opam left 1.0"},
      {"kept by the switch", SWITCH "packages/left.1.0/opam", "opam-version: \"2.0\"\n",
       "opam left 1.0"},
      {"of the repository", "root/.opam/repo/default/packages/left/left.1.0/opam",
       "version: \"1.0\"\n", ""},
      {"of a library", "usr/lib/ocaml/left/opam", "version: \"1.0\"\n", "opam left 1.0"},
      {"of a library with a name", "usr/lib/ocaml/x/opam", "name: \"left\"\nversion: \"1.0\"\n",
       "opam left 1.0"},
      {"a source", "src/left.opam", "version: \"1.0\"\n", "opam left 1.0"},
      {"without a version", "src/left.opam", "synopsis: \"x\"\n", ""},
      {"a version in a text", "src/left.opam", "description: \"\"\"\nversion: \"1.0\"\n\"\"\"\n",
       ""},
      {"another file", SWITCH "switch-config", "installed: [\"left.1.0\"]\n", ""},
  };
  CHECK(ocaml_detector, cases);
}

/* What is a part of a source is declared. */
static void
test_declared(void)
{
  static const struct {
    const Detector *detector;
    const char *path, *text;
    bool declared;
  } cases[] = {
      {&perl_detector, "usr/lib/perl5/.meta/A-1/MYMETA.json", META, false},
      {&perl_detector, "src/META.json", META, true},
      {&lua_detector, "usr/lib/luarocks/rocks-5.1/left/1.0-1/left-1.0-1.rockspec",
       "package = \"left\" version = \"1.0-1\"", false},
      {&lua_detector, "src/left-1.0-1.rockspec", "package = \"left\" version = \"1.0-1\"", true},
      {&ocaml_detector, "usr/lib/ocaml/left/opam", "version: \"1.0\"\n", false},
      {&ocaml_detector, "src/left.opam", "version: \"1.0\"\n", true},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(LayerInventory) inventory = layer_inventory_new();
    detect(cases[i].detector, cases[i].path, slice_from_string(cases[i].text), inventory);
    g_test_message("%s", cases[i].path);
    g_assert_cmpuint(inventory->packages->len, ==, 1);
    const Package *package = g_ptr_array_index(inventory->packages, 0);
    g_assert_cmpint(package->declared, ==, cases[i].declared);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/languages/conda", test_conda);
  g_test_add_func("/languages/ruby", test_ruby);
  g_test_add_func("/languages/dotnet", test_dotnet);
  g_test_add_func("/languages/dotnet-declared", test_dotnet_declared);
  g_test_add_func("/languages/composer", test_composer);
  g_test_add_func("/languages/pear", test_pear);
  g_test_add_func("/languages/pear-depth", test_pear_depth);
  g_test_add_func("/languages/wordpress", test_wordpress);
  g_test_add_func("/languages/wordpress-head", test_wordpress_head);
  g_test_add_func("/languages/r", test_r);
  g_test_add_func("/languages/haskell", test_haskell);
  g_test_add_func("/languages/perl", test_perl);
  g_test_add_func("/languages/lua", test_lua);
  g_test_add_func("/languages/erlang", test_erlang);
  g_test_add_func("/languages/ocaml", test_ocaml);
  g_test_add_func("/languages/declared", test_declared);
  return g_test_run();
}
