/* One door to the version orders; see the header. */
#include "version/version.h"

#include "version/version-private.h"

static int (*const orders[VERSION_SCHEMES])(Slice a, Slice b) = {
    [VERSION_DEBIAN] = version_compare_debian, [VERSION_APK] = version_compare_apk,
    [VERSION_RPM] = version_compare_rpm,       [VERSION_ALPM] = version_compare_alpm,
    [VERSION_SEMVER] = version_compare_semver, [VERSION_NPM] = version_compare_npm,
    [VERSION_PUB] = version_compare_pub,       [VERSION_GO] = version_compare_go,
};

int
version_compare(VersionScheme scheme, Slice a, Slice b)
{
  bool known = (unsigned)scheme < VERSION_SCHEMES && orders[scheme] != NULL;
  return known ? orders[scheme](a, b) : version_compare_semver(a, b);
}

int
version_compare_strings(VersionScheme scheme, const char *a, const char *b)
{
  return version_compare(scheme, slice_from_string(a), slice_from_string(b));
}
