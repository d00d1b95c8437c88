/* What the version orders share: bytes of the C locale, and numbers of any length. */
#pragma once

#include <stdbool.h>
#include <string.h>

#include "base/slice.h"

#define END_OF_TEXT (-1)

int version_compare_debian(Slice a, Slice b);
int version_compare_apk(Slice a, Slice b);
int version_compare_rpm(Slice a, Slice b);
int version_compare_alpm(Slice a, Slice b);
int version_compare_semver(Slice a, Slice b);
int version_compare_npm(Slice a, Slice b);
int version_compare_pub(Slice a, Slice b);
int version_compare_go(Slice a, Slice b);
int version_compare_nuget(Slice a, Slice b);
int version_compare_pypi(Slice a, Slice b);
int version_compare_maven(Slice a, Slice b);
int version_compare_rubygems(Slice a, Slice b);
int version_compare_composer(Slice a, Slice b);
int version_compare_numbers(Slice a, Slice b);
int version_compare_bitnami(Slice a, Slice b);
int version_compare_jvm(Slice a, Slice b);
int version_compare_portage(Slice a, Slice b);
int version_compare_opam(Slice a, Slice b);
int version_compare_kb(Slice a, Slice b);
int version_compare_fuzzy(Slice a, Slice b);

/* Where a bound of a range covers more than what is equal to it. */
int version_bound_pypi(Slice version, Slice bound);
int version_bound_composer(Slice version, Slice bound);
int version_bound_bitnami(Slice version, Slice bound);

bool version_is_valid_pypi(Slice text);

static inline bool
byte_is_digit(int byte)
{
  return byte >= '0' && byte <= '9';
}

static inline bool
byte_is_letter(int byte)
{
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

static inline int
byte_to_lower(int byte)
{
  return byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte;
}

static inline int
slice_first(Slice a)
{
  return a.size > 0 ? a.data[0] : END_OF_TEXT;
}

/* The digits at the front, taken off. */
static inline Slice
slice_take_digits(Slice *rest)
{
  size_t count = 0;
  while (count < rest->size && byte_is_digit(rest->data[count]))
    count++;
  Slice digits = slice_sub(*rest, 0, count);
  *rest = slice_sub(*rest, count, rest->size);
  return digits;
}

static inline bool
slice_is_digits(Slice a)
{
  size_t count = 0;
  while (count < a.size && byte_is_digit(a.data[count]))
    count++;
  return count > 0 && count == a.size;
}

/* Numbers at the front with dots between them, taken off. */
static inline Slice
slice_take_numbers(Slice *rest)
{
  Slice whole = *rest;
  while (byte_is_digit(slice_first(*rest))) {
    slice_take_digits(rest);
    Slice after = slice_sub(*rest, 1, rest->size);
    if (slice_first(*rest) != '.' || !byte_is_digit(slice_first(after)))
      break;
    *rest = after;
  }
  return slice_sub(whole, 0, whole.size - rest->size);
}

/* The letters at the front, taken off. */
static inline Slice
slice_take_letters(Slice *rest)
{
  size_t count = 0;
  while (count < rest->size && byte_is_letter(rest->data[count]))
    count++;
  Slice letters = slice_sub(*rest, 0, count);
  *rest = slice_sub(*rest, count, rest->size);
  return letters;
}

/* gcc's analyser does not know that a slice that has bytes has data. */
#pragma GCC diagnostic push
#ifndef __clang__ /* which does not know the analyser's names */
#pragma GCC diagnostic ignored "-Wanalyzer-null-argument"
#endif
/* By the bytes, then the shorter first. */
static inline int
compare_bytes(Slice a, Slice b)
{
  size_t common = MIN(a.size, b.size);
  int order = common == 0 ? 0 : memcmp(a.data, b.data, common);
  return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}
#pragma GCC diagnostic pop

/* So, in any letter case. */
static inline int
compare_bytes_folded(Slice a, Slice b)
{
  size_t common = MIN(a.size, b.size);
  for (size_t i = 0; i < common; i++) {
    int order = byte_to_lower(a.data[i]) - byte_to_lower(b.data[i]);
    if (order != 0)
      return order;
  }
  return (a.size > b.size) - (a.size < b.size);
}

/* Decimal numbers without a bound on their length; no digits count as 0. */
static inline int
compare_digits(Slice a, Slice b)
{
  while (a.size > 0 && a.data[0] == '0')
    a = slice_sub(a, 1, a.size);
  while (b.size > 0 && b.data[0] == '0')
    b = slice_sub(b, 1, b.size);
  if (a.size != b.size)
    return a.size < b.size ? -1 : 1;
  return compare_bytes(a, b);
}

/* "1.2.0" and "1.10": numbers with dots between them; one that is missing is 0. */
static inline int
compare_numbers(Slice a, Slice b)
{
  while (a.size > 0 || b.size > 0) {
    Slice left = SLICE_EMPTY, right = SLICE_EMPTY;
    slice_next_field(&a, '.', &left);
    slice_next_field(&b, '.', &right);
    int order = compare_digits(left, right);
    if (order != 0)
      return order;
  }
  return 0;
}

/* [epoch:]version[-release], as rpm and pacman have it. */
typedef struct {
  Slice epoch, version, release;
  bool has_release;
} EpochVersionRelease;

static inline EpochVersionRelease
version_split(Slice text)
{
  EpochVersionRelease parts = {SLICE_EMPTY, text, SLICE_EMPTY, false};
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
