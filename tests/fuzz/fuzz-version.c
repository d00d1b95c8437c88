/* Version orders over any bytes: "A<newline>B" is equal to itself and opposite when swapped. */
#include <stdint.h>

#include "version/version.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
sign(int order)
{
  return (order > 0) - (order < 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  Slice b = slice_new(data, size), a;
  if (!slice_next_line(&b, &a))
    return 0;
  for (int scheme = VERSION_DEBIAN; scheme < VERSION_SCHEMES; scheme++) {
    g_assert_cmpint(version_compare((VersionScheme)scheme, a, a), ==, 0);
    g_assert_cmpint(sign(version_compare((VersionScheme)scheme, a, b)), ==,
                    -sign(version_compare((VersionScheme)scheme, b, a)));
  }
  return 0;
}
