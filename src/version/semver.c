/* Semantic versions (semver.org 2.0, item 11) and what their ecosystems make of them:
 *   - npm reads numbers that begin with zeros, which the standard refuses;
 *   - NuGet has a fourth number, no letter case, and numbers of 31 bits (VersionComparer);
 *   - Pub orders builds ("+2") as it does prereleases (pub.dev, "Versioning");
 *   - Go has "+incompatible" and pseudo-versions, which are ordinary, and calls its own releases
 *     "go1.21rc2", which its advisories call 1.21.0-rc.2.
 * Whatever is written otherwise is read as far as it goes: a missing number is 0, a number more
 * counts, and what is after the numbers is a prerelease. */
#include "version/version-private.h"

typedef struct {
  bool zeros;   /* numbers of prereleases may begin with zeros */
  bool letters; /* "rc2" after a number is "rc.2" */
  bool builds;  /* builds are ordered */
  bool folded;  /* in any letter case, and numbers are of 31 bits */
} Kind;

typedef struct {
  Slice numbers;    /* "1.2.3" */
  Slice prerelease; /* "alpha.1"; empty: a release */
  Slice build;
  bool split; /* the prerelease has letters and digits in one word */
} Semver;

static Semver
semver_parse(Slice text, Kind kind)
{
  Semver version = {SLICE_EMPTY, SLICE_EMPTY, SLICE_EMPTY, false};
  Slice rest = slice_strip(text);
  if (slice_first(rest) == '=' || ((slice_first(rest) | 0x20) == 'v'))
    rest = slice_sub(rest, 1, rest.size);
  version.numbers = slice_take_numbers(&rest);
  gssize plus = slice_find(rest, '+');
  if (plus >= 0) {
    version.build = slice_sub(rest, (size_t)plus + 1, rest.size);
    rest = plus == 0 ? SLICE_EMPTY : slice_sub(rest, 0, (size_t)plus);
  }
  version.split = kind.letters && byte_is_letter(slice_first(rest));
  if (slice_first(rest) == '-' || slice_first(rest) == '.')
    rest = slice_sub(rest, 1, rest.size);
  version.prerelease = rest;
  return version;
}

static bool
is_number(Slice identifier, Kind kind)
{
  return slice_is_digits(identifier) &&
         (kind.zeros || identifier.size == 1 || identifier.data[0] != '0') &&
         (!kind.folded || compare_digits(identifier, SLICE_LITERAL("2147483647")) <= 0);
}

/* The next of "rc.1", and of "rc1" where letters and digits are apart. */
static bool
next_identifier(Slice *rest, bool split, Slice *identifier)
{
  if (split && byte_is_letter(slice_first(*rest))) {
    *identifier = slice_take_letters(rest);
    return true;
  }
  return slice_next_field(rest, '.', identifier);
}

/* Numbers before words, each by its own order; who has more to say is newer. */
static int
compare_identifiers(Slice a, bool split_a, Slice b, bool split_b, Kind kind)
{
  Slice left, right;
  for (;;) {
    bool has_left = next_identifier(&a, split_a, &left);
    bool has_right = next_identifier(&b, split_b, &right);
    if (!has_left || !has_right)
      return has_left - has_right;
    bool number = is_number(left, kind);
    if (number != is_number(right, kind))
      return number ? -1 : 1;
    int order = number        ? compare_digits(left, right)
                : kind.folded ? compare_bytes_folded(left, right)
                              : compare_bytes(left, right);
    if (order != 0)
      return order;
  }
}

static int
compare(Slice a, Slice b, Kind kind)
{
  Semver left = semver_parse(a, kind), right = semver_parse(b, kind);
  int order = compare_numbers(left.numbers, right.numbers);
  if (order == 0)
    order = (left.prerelease.size == 0) - (right.prerelease.size == 0);
  if (order == 0)
    order = compare_identifiers(left.prerelease, left.split, right.prerelease, right.split, kind);
  if (order == 0 && kind.builds)
    order = compare_identifiers(left.build, false, right.build, false, (Kind){.zeros = true});
  return order;
}

int
version_compare_semver(Slice a, Slice b)
{
  return compare(a, b, (Kind){0});
}

int
version_compare_npm(Slice a, Slice b)
{
  return compare(a, b, (Kind){.zeros = true});
}

int
version_compare_pub(Slice a, Slice b)
{
  return compare(a, b, (Kind){.builds = true});
}

int
version_compare_nuget(Slice a, Slice b)
{
  return compare(a, b, (Kind){.folded = true});
}

/* Without "go" before it and " X:loopvar" after it. */
static Slice
go_version(Slice text)
{
  Slice rest = slice_strip(text);
  gssize blank = slice_find(rest, ' ');
  if (blank > 0)
    rest = slice_sub(rest, 0, (size_t)blank);
  Slice prefix = SLICE_LITERAL("go");
  return slice_has_prefix(rest, prefix) ? slice_sub(rest, prefix.size, rest.size) : rest;
}

int
version_compare_go(Slice a, Slice b)
{
  return compare(go_version(a), go_version(b), (Kind){.letters = true});
}
