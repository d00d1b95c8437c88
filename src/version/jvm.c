/* Versions of Java itself: "1.8.0_131" and "8u131" are 8.0.131 (JEP 223), a build counts nothing
 * ("-b11", "+11-LTS"), and an early access is before its release ("9.0.0-ea"). */
#include "version/version-private.h"

typedef struct {
  Slice numbers; /* with dots, underscores and "u" between them */
  bool early;
} Jvm;

static bool
is_between(int byte)
{
  return byte == '.' || byte == '_' || byte == 'u';
}

/* Empty, when there is no number. */
static Slice
take_number(Slice *rest)
{
  Slice number = slice_take_digits(rest);
  Slice after = slice_sub(*rest, 1, rest->size);
  bool more =
      number.size > 0 && is_between(slice_first(*rest)) && byte_is_digit(slice_first(after));
  *rest = more ? after : SLICE_EMPTY;
  return number;
}

static Jvm
jvm_parse(Slice text)
{
  static const char *const early[] = {"-ea", "-alpha", "-beta", "-rc", "-pre", "-internal"};
  Jvm version = {slice_strip(text), false};
  size_t end = 0;
  Slice whole = version.numbers, old = SLICE_LITERAL("1.");
  while (end < whole.size && (byte_is_digit(whole.data[end]) || is_between(whole.data[end])))
    end++;
  for (size_t i = 0; i < G_N_ELEMENTS(early); i++)
    version.early |=
        slice_has_prefix(slice_sub(whole, end, whole.size), slice_from_string(early[i]));
  version.numbers = slice_sub(whole, 0, end);
  if (slice_has_prefix(whole, old))
    version.numbers = slice_sub(version.numbers, old.size, end);
  return version;
}

/* The next number of "8u131": 8, 131, where "8.0.131" has a 0 between them. */
static Slice
next_number(Slice *rest, size_t *place, bool *short_form)
{
  Slice before = *rest;
  if (*short_form) {
    *short_form = false;
    return SLICE_EMPTY;
  }
  Slice number = take_number(rest);
  *short_form = (*place)++ == 0 && before.size > number.size && before.data[number.size] == 'u';
  return number;
}

int
version_compare_jvm(Slice a, Slice b)
{
  Jvm left = jvm_parse(a), right = jvm_parse(b);
  Slice one = left.numbers, other = right.numbers;
  size_t place = 0, other_place = 0;
  bool is_short = false, other_short = false;
  while (one.size > 0 || other.size > 0 || is_short || other_short) {
    Slice number = next_number(&one, &place, &is_short);
    int order = compare_digits(number, next_number(&other, &other_place, &other_short));
    if (order != 0)
      return order;
  }
  return right.early - left.early;
}
