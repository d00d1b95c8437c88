/* One door to the version orders; see the header. */
#include "version/version.h"

#include "version/version-private.h"

int
version_compare(VersionScheme scheme, Slice a, Slice b)
{
  switch (scheme) {
  case VERSION_APK:
    return version_compare_apk(a, b);
  case VERSION_RPM:
    return version_compare_rpm(a, b);
  case VERSION_ALPM:
    return version_compare_alpm(a, b);
  case VERSION_DEBIAN:
    break;
  }
  return version_compare_debian(a, b);
}

int
version_compare_strings(VersionScheme scheme, const char *a, const char *b)
{
  return version_compare(scheme, slice_from_string(a), slice_from_string(b));
}
