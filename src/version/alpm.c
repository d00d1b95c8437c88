/* pacman's version order: [epoch:]version[-release], each part by pacman's own rpmvercmp, which is
 * older than RPM's of today: no "~", no "^", and separators count by their number (vercmp(8);
 * lib/libalpm/version.c). */
#include "version/version-private.h"

static bool
is_separator(int byte)
{
  return byte != END_OF_TEXT && !byte_is_digit(byte) && !byte_is_letter(byte);
}

static size_t
skip_separators(Slice *rest)
{
  size_t count = 0;
  while (count < rest->size && is_separator(rest->data[count]))
    count++;
  *rest = slice_sub(*rest, count, rest->size);
  return count;
}

/* What is left of one or both: letters are older than the end, all else is newer. */
static int
compare_rest(Slice a, Slice b)
{
  if (a.size == 0 && b.size == 0)
    return 0;
  bool older = (a.size == 0 && !byte_is_letter(slice_first(b))) || byte_is_letter(slice_first(a));
  return older ? -1 : 1;
}

static int
compare_part(Slice a, Slice b)
{
  while (a.size > 0 && b.size > 0) {
    size_t left = skip_separators(&a), right = skip_separators(&b);
    if (a.size == 0 || b.size == 0)
      break;
    if (left != right)
      return left < right ? -1 : 1;
    bool number = byte_is_digit(a.data[0]);
    /* A number is newer than letters. */
    if (number != byte_is_digit(b.data[0]))
      return number ? 1 : -1;
    int order = number ? compare_digits(slice_take_digits(&a), slice_take_digits(&b))
                       : compare_bytes(slice_take_letters(&a), slice_take_letters(&b));
    if (order != 0)
      return order;
  }
  return compare_rest(a, b);
}

int
version_compare_alpm(Slice a, Slice b)
{
  EpochVersionRelease left = version_split(a), right = version_split(b);
  int order = compare_digits(left.epoch, right.epoch);
  if (order == 0)
    order = compare_part(left.version, right.version);
  if (order == 0 && left.has_release && right.has_release)
    order = compare_part(left.release, right.release);
  return order;
}
