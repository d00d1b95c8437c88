/* Which packages of applications count in an image, and who owns them. */
#include "inspect/applications.h"

#include <string.h>

typedef struct {
  const char *type, *name, *location, *owner;
  bool declared;
  const char *found_owner; /* NULL: none */
  bool counts;
} Case;

/* Each group is an image. */
static const Case npm[] = {
    {"npm", "lodash", "app/package-lock.json", NULL, true, NULL, false},
    {"npm", "lodash", "app/node_modules/lodash/package.json", NULL, false, NULL, true},
    {"npm", "express", "tool/package-lock.json", NULL, true, NULL, true},
    {"npm", "semver", "tool/sub/node_modules/semver/package.json", NULL, true, NULL, true},
    {"npm", "ms", "package-lock.json", NULL, true, NULL, false}, /* all is below the root */
    {NULL},
};
/* What npm brings for itself is no installation of what an application declares. */
static const Case tool[] = {
    {"npm", "lodash", "usr/package-lock.json", NULL, true, NULL, true},
    {"npm", "ini", "usr/local/lib/node_modules/npm/node_modules/ini/package.json", NULL, false,
     NULL, true},
    {"pypi", "flask", "app/requirements.txt", NULL, true, NULL, true},
    {"pypi", "pip", "usr/lib/python3/site-packages/pip.dist-info/METADATA", NULL, false, NULL,
     true},
    {NULL},
};
static const Case python[] = {
    {"pypi", "flask", "app/requirements.txt", NULL, true, NULL, false},
    {"pypi", "django", "usr/lib/python3/site-packages/django.dist-info/METADATA", NULL, false, NULL,
     true},
    {"gem", "rails", "app/Gemfile.lock", NULL, true, NULL, true},
    {NULL},
};
static const Case owned[] = {
    {"deb", "python3-yaml", "var/lib/dpkg/status", NULL, false, NULL, true},
    {"pypi", "pyyaml", "usr/lib/python3/dist-packages/PyYAML.egg-info", "python3-yaml", false,
     "python3-yaml", true},
    {"pypi", "six", "usr/lib/python3/dist-packages/six.egg-info", "python3-six", false, NULL, true},
    /* The distribution's own is none that the application declared. */
    {"pypi", "flask", "app/requirements.txt", NULL, true, NULL, false},
    {"deb", "tar", "sbom/x.spdx.json", NULL, true, NULL, false},
    {NULL},
};
/* The project itself is beside its lock file. */
static const Case project[] = {
    {"npm", "own", "src/package.json", NULL, false, NULL, true},
    {"npm", "lodash", "src/package-lock.json", NULL, true, NULL, true},
    {"npm", "part", "src/packages/part/package.json", NULL, false, NULL, true},
    {NULL},
};
/* go.sum has every version that was looked at. */
static const Case go[] = {
    {"golang", "a", "src/go.mod", NULL, true, NULL, true},
    {"golang", "b", "src/go.sum", NULL, true, NULL, false},
    {"golang", "c", "src/tool/go.sum", NULL, true, NULL, true},
    {NULL},
};

static GArray *
packages_of(const Case *cases)
{
  GArray *packages = g_array_new(FALSE, FALSE, sizeof(ImagePackage));
  for (; cases->type != NULL; cases++) {
    Package *package = g_new0(Package, 1);
    package->type = g_strdup(cases->type);
    package->name = g_strdup(cases->name);
    package->version = g_strdup("1");
    package->location = g_strdup(cases->location);
    package->owner = g_strdup(cases->owner);
    package->declared = cases->declared;
    ImagePackage one = {.package = package};
    g_array_append_val(packages, one);
  }
  return packages;
}

static const ImagePackage *
find(const GArray *packages, const Case *wanted)
{
  for (guint i = 0; i < packages->len; i++) {
    const ImagePackage *each = &g_array_index(packages, ImagePackage, i);
    if (strcmp(each->package->name, wanted->name) == 0 &&
        strcmp(each->package->location, wanted->location) == 0)
      return each;
  }
  return NULL;
}

static void
check(gconstpointer data)
{
  const Case *cases = data;
  g_autoptr(GArray) packages = packages_of(cases);
  g_autoptr(GPtrArray) owned_packages =
      g_ptr_array_new_with_free_func((GDestroyNotify)package_free);
  for (guint i = 0; i < packages->len; i++)
    g_ptr_array_add(owned_packages,
                    (void *)(uintptr_t)g_array_index(packages, ImagePackage, i).package);
  applications_settle(packages);
  for (; cases->type != NULL; cases++) {
    const ImagePackage *found = find(packages, cases);
    g_test_message("%s at %s", cases->name, cases->location);
    g_assert_true((found != NULL) == cases->counts);
    if (found != NULL)
      g_assert_cmpstr(found->owner == NULL ? NULL : found->owner->name, ==, cases->found_owner);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_data_func("/applications/npm", npm, check);
  g_test_add_data_func("/applications/tool", tool, check);
  g_test_add_data_func("/applications/python", python, check);
  g_test_add_data_func("/applications/owned", owned, check);
  g_test_add_data_func("/applications/project", project, check);
  g_test_add_data_func("/applications/go", go, check);
  return g_test_run();
}
