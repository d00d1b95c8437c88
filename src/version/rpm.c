/* RPM's version order: [epoch:]version[-release], each part by the rules of rpmvercmp
 * (rpm-version(7)). */
#include "version/version-private.h"

static bool
is_alphanumeric(int byte)
{
  return byte_is_digit(byte) || byte_is_letter(byte);
}

/* Separators carry no order, except "~" (before everything) and "^" (after the end only). */
static void
skip_separators(Slice *rest)
{
  while (rest->size > 0 && !is_alphanumeric(rest->data[0]) && rest->data[0] != '~' &&
         rest->data[0] != '^')
    *rest = slice_sub(*rest, 1, rest->size);
}

/* Handles "~" and "^" at the front. True when it decided (*order) or took one from both. */
static bool
compare_marks(Slice *a, Slice *b, int *order)
{
  int left = slice_first(*a), right = slice_first(*b);
  *order = 0;
  if (left == '~' || right == '~') {
    *order = left == right ? 0 : left == '~' ? -1 : 1;
  } else if (left == '^' || right == '^') {
    if (left == right)
      *order = 0;
    else if (left == END_OF_TEXT || right == END_OF_TEXT)
      *order = left == END_OF_TEXT ? -1 : 1;
    else
      *order = left == '^' ? -1 : 1;
  } else {
    return false;
  }
  if (*order == 0) {
    *a = slice_sub(*a, 1, a->size);
    *b = slice_sub(*b, 1, b->size);
  }
  return true;
}

static int
compare_part(Slice a, Slice b)
{
  while (a.size > 0 || b.size > 0) {
    skip_separators(&a);
    skip_separators(&b);
    int order;
    if (compare_marks(&a, &b, &order)) {
      if (order != 0)
        return order;
      continue;
    }
    if (a.size == 0 || b.size == 0)
      break;
    bool number = byte_is_digit(a.data[0]);
    /* A number is newer than letters. */
    if (number != byte_is_digit(b.data[0]))
      return number ? 1 : -1;
    order = number ? compare_digits(slice_take_digits(&a), slice_take_digits(&b))
                   : compare_bytes(slice_take_letters(&a), slice_take_letters(&b));
    if (order != 0)
      return order;
  }
  return (a.size > 0) - (b.size > 0);
}

int
version_compare_rpm(Slice a, Slice b)
{
  EpochVersionRelease left = version_split(a), right = version_split(b);
  int order = compare_digits(left.epoch, right.epoch);
  if (order == 0)
    order = compare_part(left.version, right.version);
  /* A missing release is older than any. */
  if (order == 0)
    order = left.has_release - right.has_release;
  if (order == 0)
    order = compare_part(left.release, right.release);
  return order;
}
