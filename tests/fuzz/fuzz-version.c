/* Version orders over any bytes, "A<newline>B<newline>C": equal to itself, opposite when swapped,
 * and, where the order is a total one, transitive. */
#include <stdint.h>

#include "version/version.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
sign(int order)
{
  return (order > 0) - (order < 0);
}

/* The others are no order of what they find odd, as their own tools are not. */
static bool
is_total(VersionScheme scheme)
{
  switch (scheme) {
  case VERSION_APK:
  case VERSION_RPM:
  case VERSION_ALPM:
  case VERSION_MAVEN:
  case VERSION_COMPOSER:
  case VERSION_PORTAGE:
  case VERSION_KB:
    return false;
  default:
    return true;
  }
}

static void
check(VersionScheme scheme, Slice a, Slice b, Slice c)
{
  int order = version_compare(scheme, a, b);
  g_assert_cmpint(version_compare(scheme, a, a), ==, 0);
  g_assert_cmpint(sign(order), ==, -sign(version_compare(scheme, b, a)));
  if (is_total(scheme) && order <= 0 && version_compare(scheme, b, c) <= 0)
    g_assert_cmpint(version_compare(scheme, a, c), <=, 0);
  version_compare_bound(scheme, a, b);
  version_is_decided(scheme, a, b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  Slice c = slice_new(data, size), a, b = SLICE_EMPTY;
  if (!slice_next_line(&c, &a))
    return 0;
  slice_next_line(&c, &b);
  for (int scheme = 0; scheme < VERSION_SCHEMES; scheme++)
    check((VersionScheme)scheme, a, b, c);
  return 0;
}
