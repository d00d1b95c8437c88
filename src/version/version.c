/* One door to the version orders; see the header. */
#include "version/version.h"

#include "version/version-private.h"

typedef struct {
  int (*compare)(Slice a, Slice b);
  int (*bound)(Slice version, Slice bound); /* NULL: the same */
} Order;

static const Order orders[VERSION_SCHEMES] = {
    [VERSION_DEBIAN] = {version_compare_debian},
    [VERSION_APK] = {version_compare_apk},
    [VERSION_RPM] = {version_compare_rpm},
    [VERSION_ALPM] = {version_compare_alpm},
    [VERSION_SEMVER] = {version_compare_semver},
    [VERSION_NPM] = {version_compare_npm},
    [VERSION_PUB] = {version_compare_pub},
    [VERSION_GO] = {version_compare_go},
    [VERSION_PYPI] = {version_compare_pypi, version_bound_pypi},
    [VERSION_MAVEN] = {version_compare_maven},
    [VERSION_RUBYGEMS] = {version_compare_rubygems},
    [VERSION_NUGET] = {version_compare_nuget},
    [VERSION_COMPOSER] = {version_compare_composer, version_bound_composer},
    [VERSION_NUMBERS] = {version_compare_numbers},
    [VERSION_BITNAMI] = {version_compare_bitnami, version_bound_bitnami},
    [VERSION_JVM] = {version_compare_jvm},
    [VERSION_PORTAGE] = {version_compare_portage},
    [VERSION_OPAM] = {version_compare_opam},
    [VERSION_KB] = {version_compare_kb},
    [VERSION_FUZZY] = {version_compare_fuzzy},
};

int
version_compare(VersionScheme scheme, Slice a, Slice b)
{
  return orders[scheme].compare(a, b);
}

int
version_compare_strings(VersionScheme scheme, const char *a, const char *b)
{
  return version_compare(scheme, slice_from_string(a), slice_from_string(b));
}

int
version_compare_bound(VersionScheme scheme, Slice version, Slice bound)
{
  const Order *order = &orders[scheme];
  return order->bound != NULL ? order->bound(version, bound) : order->compare(version, bound);
}

VersionPlace
version_place(VersionScheme scheme, const char *version, const char *introduced, const char *fixed,
              const char *last_affected)
{
  const struct {
    const char *text;
    int least, most; /* how the version has to compare with it */
  } bounds[] = {{introduced, 0, 1}, {fixed, -1, -1}, {fixed == NULL ? last_affected : NULL, -1, 0}};
  Slice own = slice_from_string(version);
  VersionPlace place = VERSION_INSIDE;
  for (size_t i = 0; i < G_N_ELEMENTS(bounds); i++) {
    Slice bound = slice_from_string(bounds[i].text);
    if (bounds[i].text == NULL)
      continue;
    if (!version_is_decided(scheme, own, bound)) {
      place = VERSION_UNDECIDED;
      continue;
    }
    int order = CLAMP(version_compare_bound(scheme, own, bound), -1, 1);
    if (order < bounds[i].least || order > bounds[i].most)
      return VERSION_OUTSIDE;
  }
  return place;
}
