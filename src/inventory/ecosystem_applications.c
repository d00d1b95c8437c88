/* The table of the ecosystems of applications. They have no releases and no makers: a package is
 * known by its name alone, and what orders its versions comes with the ecosystem. */
#include <string.h>

#include "inventory/ecosystem-private.h"

#define APPLICATION(ecosystem, purl_type, order)                                                   \
  .name = (ecosystem), .package_type = (purl_type), .scheme = (order), .looked_up = BY_NAME,       \
  .release = RELEASE_NONE, .application = true
#define NOT_PUBLISHED .unpublished = true

/* The names are OSV's in small letters. Those that OSV does not have are the purl type's. */
static const Ecosystem applications[] = {
    {APPLICATION("npm", "npm", VERSION_NPM)},
    {APPLICATION("pypi", "pypi", VERSION_PYPI)},
    {APPLICATION("maven", "maven", VERSION_MAVEN)},
    {APPLICATION("go", "golang", VERSION_GO)},
    {APPLICATION("crates.io", "cargo", VERSION_SEMVER)},
    {APPLICATION("rubygems", "gem", VERSION_RUBYGEMS)},
    {APPLICATION("nuget", "nuget", VERSION_NUGET)},
    {APPLICATION("packagist", "composer", VERSION_COMPOSER)},
    {APPLICATION("hex", "hex", VERSION_SEMVER)},
    {APPLICATION("pub", "pub", VERSION_PUB)},
    {APPLICATION("swifturl", "swift", VERSION_SEMVER)},
    {APPLICATION("cran", "cran", VERSION_NUMBERS)},
    {APPLICATION("bioconductor", "bioconductor", VERSION_SEMVER)},
    {APPLICATION("hackage", "hackage", VERSION_NUMBERS)},
    {APPLICATION("ghc", "ghc", VERSION_NUMBERS)},
    {APPLICATION("conancenter", "conan", VERSION_SEMVER)},
    {APPLICATION("bitnami", "bitnami", VERSION_BITNAMI)},
    {APPLICATION("julia", "julia", VERSION_SEMVER)},
    {APPLICATION("opam", "opam", VERSION_OPAM)},
    {APPLICATION("github actions", "githubactions", VERSION_SEMVER)},
    {APPLICATION("vscode", "vscode-extension", VERSION_SEMVER)},
    /* Nobody publishes what a feed reads of these; an operator's own feed may speak of them. */
    {APPLICATION("conda", "conda", VERSION_PYPI), NOT_PUBLISHED},
    {APPLICATION("luarocks", "luarocks", VERSION_FUZZY), NOT_PUBLISHED},
    {APPLICATION("cpan", "cpan", VERSION_FUZZY), NOT_PUBLISHED},
    {APPLICATION("cocoapods", "cocoapods", VERSION_RUBYGEMS), NOT_PUBLISHED},
    {APPLICATION("nix", "nix", VERSION_FUZZY), NOT_PUBLISHED},
    {APPLICATION("brew", "brew", VERSION_FUZZY), NOT_PUBLISHED},
    {APPLICATION("wordpress", "wordpress", VERSION_COMPOSER), NOT_PUBLISHED},
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
