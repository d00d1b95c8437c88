/* Composer's versions (Packagist): PHP's version_compare(). Numbers and words, with a change
 * between digits and letters as a separator; words are ordered dev, alpha, beta, RC, a number, p; a
 * word that PHP does not know is before all. */
#include "version/version-private.h"

#define UNKNOWN_RANK (-1)
#define NUMBER_RANK  4

static bool
is_separator(int byte)
{
  return byte == '.' || byte == '-' || byte == '_' || byte == '+';
}

/* Digits, or what is neither digit nor separator; empty: none is left. */
static Slice
take_component(Slice *rest)
{
  while (rest->size > 0 && is_separator(rest->data[0]))
    *rest = slice_sub(*rest, 1, rest->size);
  if (byte_is_digit(slice_first(*rest)))
    return slice_take_digits(rest);
  Slice whole = *rest;
  size_t size = 0;
  while (size < whole.size && !is_separator(whole.data[size]) && !byte_is_digit(whole.data[size]))
    size++;
  *rest = slice_sub(whole, size, whole.size);
  return slice_sub(whole, 0, size);
}

static bool
is_number(Slice component)
{
  return component.size > 0 && byte_is_digit(component.data[0]);
}

/* Nothing counts as a number: "1.0-beta" is before 1.0, and "1.0-p" after it. */
static int
rank(Slice component, bool folded)
{
  static const struct {
    const char *start;
    int rank;
  } words[] = {{"dev", 0}, {"a", 1}, {"b", 2}, {"rc", 3}, {"RC", 3}, {"#", NUMBER_RANK}, {"p", 5}};
  if (component.size == 0 || is_number(component))
    return NUMBER_RANK;
  for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
    Slice start = slice_from_string(words[i].start);
    Slice head = slice_sub(component, 0, start.size);
    if ((folded ? compare_bytes_folded(head, start) : compare_bytes(head, start)) == 0)
      return words[i].rank;
  }
  return UNKNOWN_RANK;
}

static Slice
without_v(Slice text)
{
  Slice rest = slice_strip(text);
  return byte_to_lower(slice_first(rest)) == 'v' ? slice_sub(rest, 1, rest.size) : rest;
}

/* @normal: as if Composer had normalised them: a number that is missing is 0, and words are in any
 * letter case. */
static int
compare(Slice a, Slice b, bool normal)
{
  Slice left_rest = without_v(a), right_rest = without_v(b);
  for (;;) {
    Slice left = take_component(&left_rest), right = take_component(&right_rest);
    if (left.size == 0 && right.size == 0)
      return 0;
    int order = rank(left, normal) - rank(right, normal);
    if (order == 0 && is_number(left) && is_number(right))
      order = compare_digits(left, right);
    else if (order == 0 && normal && (left.size == 0 || right.size == 0))
      order = compare_digits(is_number(left) ? left : SLICE_EMPTY,
                             is_number(right) ? right : SLICE_EMPTY);
    else if (order == 0 && (left.size == 0 || right.size == 0))
      order = is_number(left) - is_number(right);
    if (order != 0)
      return order;
  }
}

int
version_compare_composer(Slice a, Slice b)
{
  return compare(a, b, false);
}

/* Composer fills versions up to four numbers before it compares them: 1.0 is 1.0.0; and its words
 * are in small letters. */
int
version_bound_composer(Slice version, Slice bound)
{
  Slice left = without_v(version), right = without_v(bound);
  Slice left_numbers = slice_take_numbers(&left), right_numbers = slice_take_numbers(&right);
  int order = compare_numbers(left_numbers, right_numbers);
  return order != 0 ? order : compare(left, right, true);
}
