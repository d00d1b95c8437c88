/* The table of lock files; see the header. */
#include "inspect/lockfiles/lockfiles.h"

#include <string.h>

#include "archive/path.h"
#include "inspect/lockfiles/lockfiles-private.h"

typedef struct {
  const char *place;
  bool (*is_meant)(const char *path); /* where the place does not tell; or NULL */
  const char *type;
  LockReader *read;
} LockFormat;

/* "requirements.txt", the names that people give to several, and what is in a folder of that name.
 */
static bool
is_requirements(const char *path)
{
  g_autofree char *folder = g_path_get_dirname(path);
  return strstr(path_last_name(path), "requirements") != NULL ||
         g_str_equal(path_last_name(folder), "requirements");
}

/* "pylock.toml", and "pylock.NAME.toml" where there are several (PEP 751). */
static bool
is_pylock(const char *path)
{
  return g_str_has_prefix(path_last_name(path), "pylock.");
}

/* The first row that a file matches is its own. */
#define FORMATS(ROW)                                                                               \
  ROW("*/package-lock.json", NULL, "npm", npm_lock_read)                                           \
  ROW("*/npm-shrinkwrap.json", NULL, "npm", npm_lock_read)                                         \
  ROW("*/yarn.lock", NULL, "npm", yarn_lock_read)                                                  \
  ROW("*/pnpm-lock.yaml", NULL, "npm", pnpm_lock_read)                                             \
  ROW("*/bun.lock", NULL, "npm", bun_lock_read)                                                    \
  ROW("*/deno.lock", NULL, "npm", deno_lock_read)                                                  \
  ROW("*/conanfile.txt", NULL, "conan", conanfile_read)                                            \
  ROW("*/conaninfo.txt", NULL, "conan", conaninfo_read)                                            \
  ROW("*/vendor/modules.txt", NULL, "golang", go_vendor_read)                                      \
  ROW("*/Pipfile.lock", NULL, "pypi", pipfile_lock_read)                                           \
  ROW("*/poetry.lock", NULL, "pypi", python_toml_read)                                             \
  ROW("*/uv.lock", NULL, "pypi", uv_lock_read)                                                     \
  ROW("*/pdm.lock", NULL, "pypi", python_toml_read)                                                \
  ROW("*/Cargo.lock", NULL, "cargo", cargo_lock_read)                                              \
  ROW("*/go.mod", NULL, "golang", go_mod_read)                                                     \
  ROW("*/go.sum", NULL, "golang", go_sum_read)                                                     \
  ROW("*/Gemfile.lock", NULL, "gem", gemfile_lock_read)                                            \
  ROW("*/gems.locked", NULL, "gem", gemfile_lock_read)                                             \
  ROW("*/composer.lock", NULL, "composer", composer_lock_read)                                     \
  ROW("*/packages.lock.json", NULL, "nuget", nuget_lock_read)                                      \
  ROW("*/packages.config", NULL, "nuget", nuget_config_read)                                       \
  ROW("*/Directory.Packages.props", NULL, "nuget", nuget_project_read)                             \
  ROW("*/Packages.props", NULL, "nuget", nuget_project_read)                                       \
  ROW("*/Directory.Build.props", NULL, "nuget", nuget_project_read)                                \
  ROW("*.csproj", NULL, "nuget", nuget_project_read)                                               \
  ROW("*.fsproj", NULL, "nuget", nuget_project_read)                                               \
  ROW("*.vbproj", NULL, "nuget", nuget_project_read)                                               \
  ROW("*/paket.lock", NULL, "nuget", paket_lock_read)                                              \
  ROW("*/paket.dependencies", NULL, "nuget", paket_dependencies_read)                              \
  ROW("*/pom.xml", NULL, "maven", pom_read)                                                        \
  ROW("*/gradle.lockfile", NULL, "maven", gradle_lock_read)                                        \
  ROW("*/buildscript-gradle.lockfile", NULL, "maven", gradle_lock_read)                            \
  ROW("*/gradle/verification-metadata.xml", NULL, "maven", gradle_verification_read)               \
  ROW("*.sbt.lock", NULL, "maven", sbt_lock_read)                                                  \
  ROW("*/conan.lock", NULL, "conan", conan_lock_read)                                              \
  ROW("*/Package.resolved", NULL, "swift", swift_resolved_read)                                    \
  ROW("*/Podfile.lock", NULL, "cocoapods", podfile_lock_read)                                      \
  ROW("*/pubspec.lock", NULL, "pub", pubspec_lock_read)                                            \
  ROW("*/mix.lock", NULL, "hex", mix_lock_read)                                                    \
  ROW("*/rebar.lock", NULL, "hex", rebar_lock_read)                                                \
  ROW("*/stack.yaml.lock", NULL, "hackage", stack_read)                                            \
  ROW("*/stack.yaml", NULL, "hackage", stack_read)                                                 \
  ROW("*/cabal.project.freeze", NULL, "hackage", cabal_freeze_read)                                \
  ROW("*/renv.lock", NULL, "cran", renv_lock_read)                                                 \
  ROW("*/Manifest.toml", NULL, "julia", julia_manifest_read)                                       \
  ROW("*/JuliaManifest.toml", NULL, "julia", julia_manifest_read)                                  \
  ROW("*/environment.yml", NULL, "conda", conda_environment_read)                                  \
  ROW("*/conda-lock.yml", NULL, "conda", conda_lock_read)                                          \
  ROW("*/environment.yaml", NULL, "conda", conda_environment_read)                                 \
  ROW("*.opam.locked", NULL, "opam", opam_locked_read)                                             \
  ROW("*/pack.pl", NULL, "swiplpack", prolog_pack_read)                                            \
  ROW("*/manifest.toml", NULL, "hex", gleam_manifest_read)                                         \
  ROW("*/shrinkwrap.yaml", NULL, "npm", pnpm_lock_read)                                            \
  ROW("*/libs.versions.toml", NULL, "maven", gradle_catalog_read)                                  \
  ROW("*.lock", is_requirements, "pypi", requirements_read)                                        \
  ROW("*.txt", is_requirements, "pypi", requirements_read)                                         \
  ROW("*.toml", is_pylock, "pypi", pylock_read)

#define AS_ROW(place, is_meant, type, read)   {place, is_meant, type, read},
#define AS_PLACE(place, is_meant, type, read) place,

static const LockFormat formats[] = {FORMATS(AS_ROW)};

/* Of other people's packages: what is below is no project of this image. */
static const struct {
  const char *folder;
  const char *type; /* of the files that it says it of; NULL: of all */
} foreign[] = {
    {"node_modules/", NULL},    {"bower_components/", NULL},
    {"vendor/", NULL},          {"Pods/", NULL},
    {"Carthage/", NULL},        {"site-packages/", NULL},
    {"dist-packages/", NULL},   {"pkg/mod/", NULL},
    {".cargo/registry/", NULL}, {".cargo/git/", NULL},
    {"cargo/registry/", NULL}, /* of the images of Rust */
    {"META-INF/maven/", NULL},  {".m2/", NULL},
    {".nuget/packages/", NULL}, {"ruby/gems/", NULL},
    {"bundle/gems/", NULL},     {"lib/gems/", NULL},
    {".julia/packages/", NULL}, {".pub-cache/", NULL},
    {".stack/", NULL},          {"usr/share/doc/", NULL},
    {"deps/", "hex"},           {"_build/", "hex"},
};

/* @end, the place without its "*", is the end of @path, from the start of a name on. */
static bool
ends_with(const char *path, const char *end)
{
  return g_str_has_suffix(path, end) || (*end == '/' && strcmp(path, end + 1) == 0);
}

/* The folder @name is above the file, before the first @size bytes end. */
static bool
is_below(const char *path, size_t size, const char *name)
{
  for (const char *at = path; (at = strstr(at, name)) != NULL; at++)
    if ((size_t)(at - path) + strlen(name) <= size && (at == path || at[-1] == '/'))
      return true;
  return false;
}

static bool
is_foreign(const char *path, const LockFormat *format)
{
  /* What the place itself names is no reason. */
  size_t size = strlen(path), place = strlen(format->place) - 1;
  if (format->place[1] == '/')
    size = size + 1 > place ? size + 1 - place : 0;
  for (size_t i = 0; i < G_N_ELEMENTS(foreign); i++)
    if ((foreign[i].type == NULL || g_str_equal(foreign[i].type, format->type)) &&
        is_below(path, size, foreign[i].folder))
      return true;
  return false;
}

/* Names that others give to their files, too; and folders in which tests keep files that are broken
 * on purpose. */
static const char *const common_names[] = {"environment.yml", "environment.yaml", "manifest.toml",
                                           "stack.yaml"};
static const char *const test_folders[] = {"test/",         "tests/",     "testdata/",
                                           "test-data/",    "test_data/", "fixtures/",
                                           "__fixtures__/", "__tests__/"};

static bool
may_be_odd(const char *path)
{
  for (size_t i = 0; i < G_N_ELEMENTS(common_names); i++)
    if (g_str_equal(path_last_name(path), common_names[i]))
      return true;
  for (size_t i = 0; i < G_N_ELEMENTS(test_folders); i++)
    if (is_below(path, strlen(path), test_folders[i]))
      return true;
  return false;
}

/* NULL: the file is none. */
static const LockFormat *
format_of(const char *path)
{
  for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
    const LockFormat *format = &formats[i];
    if (ends_with(path, format->place + 1) && (format->is_meant == NULL || format->is_meant(path)))
      return is_foreign(path, format) ? NULL : format;
  }
  return NULL;
}

const char *
lockfiles_type(const char *path)
{
  const LockFormat *format = format_of(path);
  return format == NULL || may_be_odd(path) ? NULL : format->type;
}

static bool
wants_path(const char *path)
{
  return format_of(path) != NULL;
}

static void
read_lockfile(Slice bytes, const char *location, LayerInventory *into)
{
  const LockFormat *format = format_of(location);
  if (format == NULL)
    return;
  g_autoptr(GHashTable) added = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr(GString) unknown = g_string_new(NULL);
  Lock lock = {into, location, format->type, added, unknown, 0, may_be_odd(location), false};
  format->read(bytes, &lock);
  lock_note_skipped(&lock);
}

const Detector lockfiles_detector = {
    .name = "lockfiles",
    .version = 2,
    .places = (const char *const[]){FORMATS(AS_PLACE) NULL},
    .wants_path = wants_path,
    .most = LOCKFILE_BYTES_MAX,
    .read = read_lockfile,
};
