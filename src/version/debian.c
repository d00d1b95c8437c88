/* Debian's version order: deb-version(7), Debian Policy 5.6.12; and opam's, which is made of it. */
#include "version/version-private.h"

/* "~" sorts before the end, the end before letters, letters before everything else. */
static int
character_order(int byte)
{
  if (byte == '~')
    return -1;
  if (byte_is_digit(byte) || byte == END_OF_TEXT)
    return 0;
  if (byte_is_letter(byte))
    return byte;
  return byte + 256;
}

static int
compare_part(Slice a, Slice b)
{
  while (a.size > 0 || b.size > 0) {
    while ((a.size > 0 && !byte_is_digit(a.data[0])) || (b.size > 0 && !byte_is_digit(b.data[0]))) {
      int order = character_order(slice_first(a)) - character_order(slice_first(b));
      if (order != 0)
        return order;
      a = slice_sub(a, 1, a.size);
      b = slice_sub(b, 1, b.size);
    }
    int order = compare_digits(slice_take_digits(&a), slice_take_digits(&b));
    if (order != 0)
      return order;
  }
  return 0;
}

typedef struct {
  Slice epoch, upstream, revision;
} DebianVersion;

static DebianVersion
split(Slice text)
{
  DebianVersion version = {SLICE_EMPTY, text, SLICE_EMPTY};
  gssize colon = slice_find(text, ':');
  if (colon >= 0) {
    version.epoch = slice_sub(text, 0, (size_t)colon);
    version.upstream = slice_sub(text, (size_t)colon + 1, text.size);
  }
  /* The revision starts after the last hyphen. */
  for (size_t i = version.upstream.size; i > 0; i--) {
    if (version.upstream.data[i - 1] == '-') {
      version.revision = slice_sub(version.upstream, i, version.upstream.size);
      version.upstream.size = i - 1;
      break;
    }
  }
  return version;
}

int
version_compare_debian(Slice a, Slice b)
{
  DebianVersion left = split(a), right = split(b);
  int order = compare_part(left.epoch, right.epoch);
  if (order == 0)
    order = compare_part(left.upstream, right.upstream);
  if (order == 0)
    order = compare_part(left.revision, right.revision);
  return order;
}

/* opam's own order is Debian's of an upstream version (opam manual, "Version ordering"). */
int
version_compare_opam(Slice a, Slice b)
{
  return compare_part(a, b);
}
