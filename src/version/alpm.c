/* pacman's version order: [epoch:]version[-release], each part by pacman's own rpmvercmp, which is
 * older than RPM's of today: no "~", no "^", and separators count by their number (vercmp(8);
 * lib/libalpm/version.c). */
#include "version/order-private.h"

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
                       : compare_bytes(take_letters(&a), take_letters(&b));
    if (order != 0)
      return order;
  }
  return compare_rest(a, b);
}

typedef struct {
  Slice epoch, version, release;
  bool has_release;
} AlpmVersion;

static AlpmVersion
split(Slice text)
{
  AlpmVersion parts = {SLICE_EMPTY, text, SLICE_EMPTY, false};
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
version_compare_alpm(Slice a, Slice b)
{
  AlpmVersion left = split(a), right = split(b);
  int order = compare_digits(left.epoch, right.epoch);
  if (order == 0)
    order = compare_part(left.version, right.version);
  if (order == 0 && left.has_release && right.has_release)
    order = compare_part(left.release, right.release);
  return order;
}
