/* Versions that are numbers alone: of R's packages ("0.9-10"; R's package_version) and of Haskell's
 * ("1.2.0.3"; the Package Versioning Policy). Dots and hyphens are the same; 1.0 is before 1.0.0.
 */
#include "version/version-private.h"

static bool
take_number(Slice *rest, Slice *number)
{
  if (rest->size == 0)
    return false;
  size_t size = 0;
  while (size < rest->size && rest->data[size] != '.' && rest->data[size] != '-')
    size++;
  *number = slice_sub(*rest, 0, size);
  *rest = slice_sub(*rest, size + 1, rest->size);
  return true;
}

int
version_compare_numbers(Slice a, Slice b)
{
  a = slice_strip(a);
  b = slice_strip(b);
  for (;;) {
    Slice left, right;
    bool has_left = take_number(&a, &left), has_right = take_number(&b, &right);
    if (!has_left || !has_right)
      return has_left - has_right;
    int order = compare_digits(slice_take_digits(&left), slice_take_digits(&right));
    /* What should not be there. */
    if (order == 0)
      order = compare_bytes(left, right);
    if (order != 0)
      return order;
  }
}

/* An update of Windows is the same one or another: what is a bound of it is itself. */
int
version_compare_kb(Slice a, Slice b)
{
  Slice left = slice_strip(a), right = slice_strip(b);
  if (slice_is_digits(left) && slice_is_digits(right))
    return compare_digits(left, right);
  return compare_bytes(left, right);
}
