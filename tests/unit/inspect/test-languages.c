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

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/languages/conda", test_conda);
  g_test_add_func("/languages/ruby", test_ruby);
  g_test_add_func("/languages/dotnet", test_dotnet);
  g_test_add_func("/languages/dotnet-declared", test_dotnet_declared);
  g_test_add_func("/languages/composer", test_composer);
  return g_test_run();
}
