/* The table of the ecosystems of applications. They have no releases and no makers: a package is
 * known by its name alone, and what orders its versions comes with the ecosystem. */
#include <string.h>

#include "inventory/ecosystem-private.h"

#define APPLICATION(ecosystem, purl_type, order)                                                   \
  .name = (ecosystem), .package_type = (purl_type), .scheme = (order), .looked_up = BY_NAME,       \
  .release = RELEASE_NONE, .application = true
#define NOT_PUBLISHED .unpublished = true

/* Letter case: npm, RubyGems, CRAN, Hackage and Maven have packages that differ in it alone; the
 * others do not let one be published. The names are OSV's in small letters. Those that OSV does not
 * have are the purl type's. */
static const Ecosystem applications[] = {
    {APPLICATION("npm", "npm", VERSION_NPM)},
    {APPLICATION("pypi", "pypi", VERSION_PYPI), .names = NAMES_PYPI},
    {APPLICATION("maven", "maven", VERSION_MAVEN)},
    {APPLICATION("go", "golang", VERSION_GO), .names = NAMES_GO},
    {APPLICATION("crates.io", "cargo", VERSION_SEMVER), .names = NAMES_FOLDED},
    {APPLICATION("rubygems", "gem", VERSION_RUBYGEMS)},
    {APPLICATION("nuget", "nuget", VERSION_NUGET), .names = NAMES_FOLDED},
    {APPLICATION("packagist", "composer", VERSION_COMPOSER), .names = NAMES_FOLDED},
    {APPLICATION("hex", "hex", VERSION_SEMVER), .names = NAMES_FOLDED},
    {APPLICATION("pub", "pub", VERSION_PUB), .names = NAMES_FOLDED},
    {APPLICATION("swifturl", "swift", VERSION_SEMVER), .names = NAMES_URL},
    {APPLICATION("cran", "cran", VERSION_NUMBERS)},
    {APPLICATION("bioconductor", "bioconductor", VERSION_SEMVER)},
    {APPLICATION("hackage", "hackage", VERSION_NUMBERS)},
    {APPLICATION("ghc", "ghc", VERSION_NUMBERS)},
    {APPLICATION("conancenter", "conan", VERSION_SEMVER), .names = NAMES_FOLDED},
    {APPLICATION("bitnami", "bitnami", VERSION_BITNAMI), .names = NAMES_FOLDED},
    {APPLICATION("julia", "julia", VERSION_SEMVER)},
    {APPLICATION("opam", "opam", VERSION_OPAM)},
    {APPLICATION("github actions", "githubactions", VERSION_SEMVER), .names = NAMES_FOLDED},
    {APPLICATION("vscode", "vscode-extension", VERSION_SEMVER), .names = NAMES_FOLDED},
    /* Nobody publishes what a feed reads of these; an operator's own feed may speak of them. */
    {APPLICATION("conda", "conda", VERSION_PYPI), .names = NAMES_FOLDED, NOT_PUBLISHED},
    {APPLICATION("luarocks", "luarocks", VERSION_FUZZY), NOT_PUBLISHED},
    {APPLICATION("cpan", "cpan", VERSION_FUZZY), NOT_PUBLISHED},
    {APPLICATION("cocoapods", "cocoapods", VERSION_RUBYGEMS), NOT_PUBLISHED},
    {APPLICATION("nix", "nix", VERSION_FUZZY), NOT_PUBLISHED},
    {APPLICATION("brew", "brew", VERSION_FUZZY), NOT_PUBLISHED},
    {APPLICATION("wordpress", "wordpress", VERSION_COMPOSER), .names = NAMES_FOLDED, NOT_PUBLISHED},
    {APPLICATION("generic", "generic", VERSION_FUZZY), NOT_PUBLISHED},
};

const Ecosystem *
ecosystem_application_find(const char *name, size_t size)
{
  for (size_t i = 0; i < G_N_ELEMENTS(applications); i++)
    if (strncmp(applications[i].name, name, size) == 0 && applications[i].name[size] == '\0')
      return &applications[i];
  return NULL;
}

const Ecosystem *
ecosystem_of_application(const char *type)
{
  for (size_t i = 0; i < G_N_ELEMENTS(applications); i++)
    if (g_strcmp0(applications[i].package_type, type) == 0)
      return &applications[i];
  return NULL;
}

/* --- names of packages --- */

static char *
fold_pypi(const char *name)
{
  GString *folded = g_string_sized_new(strlen(name));
  for (const char *p = name; *p != '\0'; p++) {
    bool separator = strchr("-_.", *p) != NULL;
    if (!separator)
      g_string_append_c(folded, g_ascii_tolower(*p));
    else if (folded->len == 0 || folded->str[folded->len - 1] != '-')
      g_string_append_c(folded, '-');
  }
  return g_string_free(folded, FALSE);
}

/* "github.com/apple/swift-nio" of "https://github.com/Apple/swift-nio.git", and of
 * "git@github.com:apple/swift-nio". */
static char *
fold_address(const char *name)
{
  static const char git[] = ".git", user[] = "git@";
  const char *scheme = strstr(name, "://");
  const char *start = scheme != NULL ? scheme + strlen("://") : name;
  if (g_str_has_prefix(start, user))
    start += strlen(user);
  g_autofree char *folded = g_ascii_strdown(start, -1);
  char *colon = scheme == NULL ? strchr(folded, ':') : NULL;
  if (colon != NULL)
    *colon = '/';
  size_t size = strlen(folded);
  while (size > 0 && folded[size - 1] == '/')
    folded[--size] = '\0';
  if (g_str_has_suffix(folded, git))
    folded[size - strlen(git)] = '\0';
  return g_steal_pointer(&folded);
}

char *
ecosystem_package_name(const Ecosystem *row, const char *name)
{
  switch (row->names) {
  case NAMES_FOLDED:
    return g_ascii_strdown(name, -1);
  case NAMES_PYPI:
    return fold_pypi(name);
  case NAMES_URL:
    return fold_address(name);
  case NAMES_GO:
    return g_strdup(strcmp(name, "std") == 0 ? "stdlib" : name);
  case NAMES_AS_THEY_ARE:
    break;
  }
  return g_strdup(name);
}
