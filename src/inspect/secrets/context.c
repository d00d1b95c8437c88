/* What kind of file a path names, for secrets; see the header. */
#include "inspect/secrets/context.h"

#include <glib.h>
#include <string.h>

/* Where packages are installed, a distribution's or an ecosystem's. A folder of any name before
 * those that begin with a slash. */
static const char *const package_folders[] = {
    "usr/lib/",
    "usr/lib32/",
    "usr/lib64/",
    "usr/libexec/",
    "usr/bin/",
    "usr/sbin/",
    "usr/include/",
    "usr/share/",
    "bin/",
    "sbin/",
    "lib/",
    "lib64/",
    "var/lib/dpkg/",
    "var/lib/apt/",
    "var/lib/rpm/",
    "lib/apk/",
    "etc/ssl/",
    "etc/alternatives/",
    "etc/ca-certificates/",
    "/node_modules/",
    "/bower_components/",
    "/site-packages/",
    "/dist-packages/",
    "/vendor/",
    "/gems/",
    "/specifications/",
    "/pkg/mod/",
    "/.cargo/registry/",
    "/.m2/",
    "/python2.7/",
    "/python3.",
    "/perl5/",
    "/ruby/",
    "/jvm/",
    "/third_party/",
    "/go/src/",
    "/rustlib/",
    "/.nuget/",
    "/conda-meta/",
    "/pkgs/",
    NULL,
};
/* In these, people put what is theirs. */
static const char *const own_folders[] = {"usr/share/nginx/html/", "usr/lib/cgi-bin/",
                                          "usr/share/tomcat", NULL};
static const char *const manual_folders[] = {
    "/doc/",      "/docs/",       "/man/",       "/info/",      "/help/",      "/examples/",
    "/example/",  "/samples/",    "/sample/",    "/test/",      "/tests/",     "/testing/",
    "/testdata/", "/test-data/",  "/fixtures/",  "/fixture/",   "/__tests__/", "/spec/",
    "/specs/",    "/mocks/",      "/__mocks__/", "/locale/",    "/locales/",   "/i18n/",
    "/licenses/", "/changelogs/", "/gtk-doc/",   "/selftests/", "/t/",         "/demo/",
    "/demos/",    "/tutorials/",  "/cookbook/",  NULL,
};
static const char *const manual_endings[] = {
    ".md",          ".rst",     ".adoc",      ".po",      ".pot",      ".mo",       ".1",
    ".3",           ".5",       ".7",         ".8",       ".man",      ".texi",     ".pod",
    ".rdoc",        "_test.go", ".test.js",   ".test.ts", ".spec.js",  ".spec.ts",  "_spec.rb",
    "_test.py",     ".t",       ".example",   ".sample",  ".dist",     ".markdown", ".ipynb",
    ".example.yml", "/readme",  "/changelog", "/news",    "/pkg-info", "/metadata", NULL,
};
static const char *const bundle_endings[] = {".min.js",  ".map",     ".bundle.js", ".chunk.js",
                                             ".min.css", ".pack.js", NULL};

static bool
has_folder(const char *path, const char *const *folders)
{
  for (size_t i = 0; folders[i] != NULL; i++) {
    bool anywhere = folders[i][0] == '/';
    if (anywhere ? strstr(path, folders[i]) != NULL || g_str_has_prefix(path, folders[i] + 1)
                 : g_str_has_prefix(path, folders[i]))
      return true;
  }
  return false;
}

static bool
has_ending(const char *path, const char *const *endings)
{
  for (size_t i = 0; endings[i] != NULL; i++)
    if (g_str_has_suffix(path, endings[i]))
      return true;
  return false;
}

static bool
is_manual(const char *lower)
{
  const char *name = strrchr(lower, '/');
  name = name == NULL ? lower : name + 1;
  return has_folder(lower, manual_folders) || has_ending(lower, manual_endings) ||
         g_str_has_prefix(name, "readme") || g_str_has_prefix(name, "changelog") ||
         g_str_has_prefix(name, "test_");
}

SecretContext
secret_context_of(const char *path)
{
  g_autofree char *lower = g_ascii_strdown(path, -1);
  bool packaged = has_folder(lower, package_folders) && !has_folder(lower, own_folders);
  bool manual = is_manual(lower);
  if (packaged && manual)
    return SECRET_CONTEXT_MANUAL;
  return packaged || manual || has_ending(lower, bundle_endings) ? SECRET_CONTEXT_OTHERS
                                                                 : SECRET_CONTEXT_OWN;
}
