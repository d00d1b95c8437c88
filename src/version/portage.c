/* Gentoo's versions (Package Manager Specification, "Version comparison"): numbers, of which those
 * after the first that begin with a zero are fractions; a letter; _alpha, _beta, _pre, _rc, _p; a
 * revision. */
#include "version/version-private.h"

static Slice
without_zeros_at_end(Slice digits)
{
  while (digits.size > 0 && digits.data[digits.size - 1] == '0')
    digits.size--;
  return digits;
}

static bool
is_fraction(Slice digits)
{
  return digits.size > 0 && digits.data[0] == '0';
}

/* More numbers are newer. */
static int
compare_dotted(Slice a, Slice b)
{
  for (bool first = true;; first = false) {
    Slice left = SLICE_EMPTY, right = SLICE_EMPTY;
    bool has_left = slice_next_field(&a, '.', &left), has_right = slice_next_field(&b, '.', &right);
    if (!has_left || !has_right)
      return has_left - has_right;
    int order = first || (!is_fraction(left) && !is_fraction(right))
                    ? compare_digits(left, right)
                    : compare_bytes(without_zeros_at_end(left), without_zeros_at_end(right));
    if (order != 0)
      return order;
  }
}

/* Of "_alpha1" at the front, taken off with its number; none is between "_rc" and "_p". */
static int
take_suffix(Slice *rest, Slice *number)
{
  static const char *const names[] = {"_alpha", "_beta", "_pre", "_rc", "", "_p"};
  *number = SLICE_EMPTY;
  for (int i = 0; i < (int)G_N_ELEMENTS(names); i++) {
    Slice name = slice_from_string(names[i]);
    if (name.size == 0 || !slice_has_prefix(*rest, name))
      continue;
    *rest = slice_sub(*rest, name.size, rest->size);
    *number = slice_take_digits(rest);
    return i;
  }
  return 4;
}

static int
compare_suffixes(Slice *a, Slice *b)
{
  for (;;) {
    bool more = slice_first(*a) == '_' || slice_first(*b) == '_';
    Slice left_number, right_number;
    size_t before = a->size + b->size;
    int order = take_suffix(a, &left_number) - take_suffix(b, &right_number);
    if (order == 0)
      order = compare_digits(left_number, right_number);
    if (order != 0 || !more || a->size + b->size == before)
      return order;
  }
}

int
version_compare_portage(Slice a, Slice b)
{
  a = slice_strip(a);
  b = slice_strip(b);
  Slice left = slice_take_numbers(&a), right = slice_take_numbers(&b);
  int order = compare_dotted(left, right);
  if (order == 0)
    order = compare_bytes(slice_take_letters(&a), slice_take_letters(&b));
  if (order == 0)
    order = compare_suffixes(&a, &b);
  if (order != 0)
    return order;
  Slice mark = SLICE_LITERAL("-r");
  if (slice_has_prefix(a, mark))
    a = slice_sub(a, mark.size, a.size);
  if (slice_has_prefix(b, mark))
    b = slice_sub(b, mark.size, b.size);
  order = compare_digits(slice_take_digits(&a), slice_take_digits(&b));
  return order != 0 ? order : compare_bytes(a, b);
}
