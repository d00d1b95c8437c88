/* Versions of Bitnami's components: semantic ones, with Bitnami's own revision after a hyphen
 * ("2.3.1-4"), which is no prerelease. */
#include "version/version-private.h"

/* *@revision: empty where there is none. */
static Slice
take_version(Slice text, Slice *revision)
{
  Slice whole = slice_strip(text);
  for (size_t i = whole.size; i > 0; i--) {
    if (byte_is_digit(whole.data[i - 1]))
      continue;
    *revision = slice_sub(whole, i, whole.size);
    if (whole.data[i - 1] != '-' || revision->size == 0)
      break;
    return slice_sub(whole, 0, i - 1);
  }
  *revision = SLICE_EMPTY;
  return whole;
}

/* A missing revision is before all others but 0. */
int
version_compare_bitnami(Slice a, Slice b)
{
  Slice left_revision = SLICE_EMPTY, right_revision = SLICE_EMPTY;
  Slice left = take_version(a, &left_revision), right = take_version(b, &right_revision);
  int order = version_compare_semver(left, right);
  return order != 0 ? order : compare_digits(left_revision, right_revision);
}

/* A bound without a revision covers them all. */
int
version_bound_bitnami(Slice version, Slice bound)
{
  Slice revision = SLICE_EMPTY;
  take_version(bound, &revision);
  if (revision.size > 0)
    return version_compare_bitnami(version, bound);
  return version_compare_semver(take_version(version, &revision), bound);
}
