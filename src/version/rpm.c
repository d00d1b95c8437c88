/* RPM's version order: [epoch:]version[-release], each part by the rules of rpmvercmp
 * (rpm-version(7)). */
#include "version/order-private.h"

static bool
is_alphanumeric(int byte)
{
  return byte_is_digit(byte) || byte_is_letter(byte);
}

/* Separators carry no order, but for "~" (before everything) and "^" (behind the end only). */
static void
skip_separators(Slice *rest)
{
  while (rest->size > 0 && !is_alphanumeric(rest->data[0]) && rest->data[0] != '~' &&
         rest->data[0] != '^')
    *rest = slice_sub(*rest, 1, rest->size);
}

static Slice
take_letters(Slice *rest)
{
  size_t count = 0;
  while (count < rest->size && byte_is_letter(rest->data[count]))
    count++;
  Slice letters = slice_sub(*rest, 0, count);
  *rest = slice_sub(*rest, count, rest->size);
  return letters;
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
                   : compare_bytes(take_letters(&a), take_letters(&b));
    if (order != 0)
      return order;
  }
  return (a.size > 0) - (b.size > 0);
}

typedef struct {
  Slice epoch, version, release;
  bool has_release;
} RpmVersion;

static RpmVersion
split(Slice text)
{
  RpmVersion parts = {SLICE_EMPTY, text, SLICE_EMPTY, false};
  Slice rest = text;
  Slice epoch = slice_take_digits(&rest);
  if (slice_first(rest) == ':') {
    parts.epoch = epoch;
    parts.version = slice_sub(rest, 1, rest.size);
  }
  for (size_t i = parts.version.size; i > 0; i--) {
    if (parts.version.data[i - 1] == '-') {
      parts.release = slice_sub(parts.version, i, parts.version.size);
      parts.version.size = i - 1;
      parts.has_release = true;
      break;
    }
  }
  return parts;
}

int
version_compare_rpm(Slice a, Slice b)
{
  RpmVersion left = split(a), right = split(b);
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
