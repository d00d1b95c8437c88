/* By whose advisories a package is matched. */
#include "verdict/match.h"

typedef struct {
  const char *os_id, *version_id;      /* NULL: no distribution */
  const char *type, *version;          /* of the package */
  const char *owner_type, *owner_from; /* who made the owner; NULL: no owner */
  const char *ecosystem;               /* NULL: none that is known */
  const char *location;                /* of the package's file, where it matters */
} Case;

static const Case cases[] = {
    {"debian", "12", "deb", "1", NULL, NULL, "debian:12"},
    {"debian", "12", "npm", "1", NULL, NULL, "npm"},
    {NULL, NULL, "npm", "1", NULL, NULL, "npm"},
    {NULL, NULL, "golang", "1", NULL, NULL, "go"},
    {NULL, NULL, "deb", "1", NULL, NULL, NULL},
    {NULL, NULL, "generic", "1", NULL, NULL, "generic"},
    {NULL, NULL, "unheard-of", "1", NULL, NULL, MATCH_BY_NOBODY},
    /* The distribution looks after its own. */
    {"debian", "12", "pypi", "1", "deb", "Debian Python Team <team@lists.debian.org>",
     MATCH_BY_OWNER, "usr/lib/python3/dist-packages/a-1.egg-info"},
    /* A person, whom we do not know; Debian has nothing there. */
    {"debian", "12", "maven", "1", "deb", "Some One <one@example.org>", "maven", "opt/a/lib/a.jar"},
    {"debian", "12", "npm", "1", "deb", "Some One <one@example.org>", "npm",
     "usr/local/lib/node_modules/a/package.json"},
    {"debian", "12", "maven", "1", "deb", "Some One <one@example.org>", MATCH_BY_OWNER,
     "usr/share/java/a.jar"},
    {"alpine", "3.19.1", "pypi", "1", "apk", "Natanael Copa <ncopa@alpinelinux.org>",
     MATCH_BY_OWNER},
    {"debian", "12", "generic", "1", "deb", "Debian <x@debian.org>", MATCH_BY_OWNER},
    /* A third party's package brought it. */
    {"debian", "12", "npm", "1", "deb", "NodeSource <support@nodesource.com>", "npm"},
    {"rhel", "9.3", "pypi", "1", "rpm", "Datadog <package@datadoghq.com>", "pypi"},
    /* Nobody looks after the owner. */
    {NULL, NULL, "pypi", "1", "deb", "Debian <x@debian.org>", "pypi"},
    /* Marks of third parties in versions are marks of distributions' packages. */
    {"debian", "12", "npm", "1.0.0-ppa", NULL, NULL, "npm"},
};

static void
fill(Package *package, const char *type, const char *version, const char *vendor)
{
  package->type = (char *)(uintptr_t)type;
  package->name = package->source_name = (char *)(uintptr_t) "a";
  package->version = package->source_version = (char *)(uintptr_t)version;
  package->vendor = (char *)(uintptr_t)vendor;
}

static void
test_cases(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    const Case *test = &cases[i];
    OsRelease os = {.id = (char *)(uintptr_t)test->os_id,
                    .version_id = (char *)(uintptr_t)test->version_id};
    Package package = {0}, owner = {0};
    fill(&package, test->type, test->version, NULL);
    package.location = (char *)(uintptr_t)test->location;
    fill(&owner, test->owner_type, "1-1", test->owner_from);
    const ImagePackage one = {.package = &package,
                              .owner = test->owner_type == NULL ? NULL : &owner};
    g_autofree char *ecosystem = match_ecosystem(test->os_id == NULL ? NULL : &os, &one);
    g_test_message("%zu: %s", i, test->type);
    g_assert_cmpstr(ecosystem, ==, test->ecosystem);
    g_assert_true(ecosystem == NULL || match_is_by_none(ecosystem) == (*ecosystem == '-'));
    g_assert_true(ecosystem == NULL || g_str_has_prefix(test->type, "deb") ||
                  !match_is_third_party(ecosystem, &package));
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/match-ecosystem/cases", test_cases);
  return g_test_run();
}
