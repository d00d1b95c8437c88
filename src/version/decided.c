/* Whether the order of two versions says anything; see version_is_decided(). */
#include "version/version-private.h"
#include "version/version.h"

#define TIMESTAMP_DIGITS 14u
#define REVISION_DIGITS  12u

/* "0.0.0-20190101000000-0123456789ab": a commit of a module that has no tag before it. */
static bool
is_untagged(Slice version)
{
  Slice rest = slice_strip(version), start = SLICE_LITERAL("0.0.0-");
  if (byte_to_lower(slice_first(rest)) == 'v')
    rest = slice_sub(rest, 1, rest.size);
  if (!slice_has_prefix(rest, start))
    return false;
  rest = slice_sub(rest, start.size, rest.size);
  return slice_take_digits(&rest).size == TIMESTAMP_DIGITS && slice_first(rest) == '-' &&
         rest.size > REVISION_DIGITS;
}

static bool
slice_has_suffix(Slice a, Slice suffix)
{
  return a.size >= suffix.size && slice_equal(slice_sub(a, a.size - suffix.size, a.size), suffix);
}

static bool
has_digit(Slice version)
{
  for (size_t i = 0; i < version.size; i++)
    if (byte_is_digit(version.data[i]))
      return true;
  return false;
}

/* "dev-main", "1.x-dev", "9999999-dev": a branch. */
static bool
is_branch(Slice version)
{
  Slice dev = SLICE_LITERAL("dev-"), last = SLICE_LITERAL("-dev"), any = SLICE_LITERAL("9999999");
  return slice_has_prefix(version, dev) || slice_has_prefix(version, any) ||
         (slice_has_suffix(version, last) && slice_find(version, 'x') >= 0);
}

bool
version_is_decided(VersionScheme scheme, Slice version, Slice bound)
{
  if (slice_equal(version, bound) || scheme <= VERSION_ALPM || scheme == VERSION_KB)
    return true;
  if (!has_digit(version) || slice_first(slice_strip(version)) == '(')
    return false;
  switch (scheme) {
  case VERSION_GO:
    /* Which tags the commit comes after, nobody can tell. */
    return !slice_has_prefix(version, SLICE_LITERAL("devel")) &&
           (!is_untagged(version) || is_untagged(bound));
  case VERSION_PYPI:
    return version_is_valid_pypi(version);
  case VERSION_COMPOSER:
    return !is_branch(version);
  default:
    return true;
  }
}
