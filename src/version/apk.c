/* Alpine's version order, as apk decides it:
 *
 *   number{.number}[letter]{_suffix[number]}[-rnumber]
 *
 * Two versions are read part by part while their parts are of one kind and equal. What a part may
 * be followed by is fixed; anything else makes the rest invalid, which is a kind of its own: two
 * versions that turn invalid at the same place are equal, since apk looks no further. */
#include "version/version-private.h"

/* In the order in which the end of one version is weighed against more of the other. */
typedef enum {
  PART_NUMBER_OR_ZEROS, /* after a dot: leading zeros make a fraction of it */
  PART_NUMBER,
  PART_LETTER,
  PART_SUFFIX,
  PART_SUFFIX_NUMBER,
  PART_REVISION,
  PART_END,
  PART_INVALID,
} Part;

typedef struct {
  Slice rest;
  Part part; /* the kind of what `rest` starts with */
} Cursor;

/* A part's value: numbers by their digits, everything else by rank. */
typedef struct {
  int rank;
  Slice digits;
} Value;

/* Suffixes before a release count below zero, those after it from zero on. */
static const struct {
  const char *name;
  int rank;
} suffixes[] = {
    {"alpha", -4}, {"beta", -3}, {"pre", -2}, {"rc", -1}, {"cvs", 0},
    {"svn", 1},    {"git", 2},   {"hg", 3},   {"p", 4},
};

/* Longer numbers than this are not versions; apk takes them as invalid, too. */
#define DIGITS_MAX 17

static bool
may_follow(Part before, Part next)
{
  return next >= before || (before == PART_NUMBER && next == PART_NUMBER_OR_ZEROS) ||
         (before == PART_SUFFIX_NUMBER && next == PART_SUFFIX) ||
         (before == PART_LETTER && next == PART_NUMBER);
}

/* "-r" and digits. A missing number counts as 0, but "-ruff" is no revision. */
static bool
starts_revision(Slice rest)
{
  return slice_has_prefix(rest, SLICE_LITERAL("-r")) &&
         !byte_is_letter(slice_first(slice_sub(rest, 2, 1)));
}

/* Decides from the next byte which part comes after the one just read, and skips its mark. */
static void
cursor_advance(Cursor *cursor)
{
  Part before = cursor->part, next = PART_INVALID;
  int byte = slice_first(cursor->rest);
  size_t mark = 0;

  if (byte == END_OF_TEXT)
    next = PART_END;
  else if ((before == PART_NUMBER || before == PART_NUMBER_OR_ZEROS) && byte >= 'a' && byte <= 'z')
    next = PART_LETTER;
  else if (before == PART_LETTER && byte_is_digit(byte))
    next = PART_NUMBER;
  else if (before == PART_SUFFIX && byte_is_digit(byte))
    next = PART_SUFFIX_NUMBER;
  else if (byte == '.')
    next = PART_NUMBER_OR_ZEROS, mark = 1;
  else if (byte == '_')
    next = PART_SUFFIX, mark = 1;
  else if (starts_revision(cursor->rest))
    next = PART_REVISION, mark = 2;

  cursor->rest = slice_sub(cursor->rest, mark, cursor->rest.size);
  cursor->part = may_follow(before, next) ? next : PART_INVALID;
}

static bool
take_suffix(Slice *rest, Value *value)
{
  for (size_t i = 0; i < G_N_ELEMENTS(suffixes); i++) {
    Slice name = slice_from_string(suffixes[i].name);
    if (slice_has_prefix(*rest, name)) {
      *rest = slice_sub(*rest, name.size, rest->size);
      value->rank = suffixes[i].rank;
      return true;
    }
  }
  return false;
}

/* Zeros after a dot: the more there are the smaller; the number after them is a part of its own.
 */
static Value
take_zeros(Cursor *cursor)
{
  size_t zeros = 0;
  while (zeros < cursor->rest.size && cursor->rest.data[zeros] == '0')
    zeros++;
  cursor->rest = slice_sub(cursor->rest, zeros, cursor->rest.size);
  cursor->part = cursor->rest.size == 0 ? PART_END : PART_NUMBER;
  return (Value){.rank = -(int)MIN(zeros, (size_t)G_MAXINT)};
}

static Value
cursor_take(Cursor *cursor)
{
  Value value = {0, SLICE_EMPTY};
  bool valid = cursor->rest.size > 0;
  if (cursor->part == PART_END || !valid) {
    cursor->part = PART_END;
    return value;
  }
  switch (cursor->part) {
  case PART_NUMBER_OR_ZEROS:
    if (cursor->rest.data[0] == '0')
      return take_zeros(cursor);
    value.digits = slice_take_digits(&cursor->rest);
    valid = value.digits.size <= DIGITS_MAX;
    break;
  case PART_NUMBER:
  case PART_SUFFIX_NUMBER:
  case PART_REVISION:
    value.digits = slice_take_digits(&cursor->rest);
    valid = value.digits.size <= DIGITS_MAX;
    break;
  case PART_LETTER:
    value.rank = cursor->rest.data[0];
    cursor->rest = slice_sub(cursor->rest, 1, cursor->rest.size);
    break;
  case PART_SUFFIX:
    valid = take_suffix(&cursor->rest, &value);
    break;
  case PART_INVALID:
  case PART_END:
    valid = false;
    break;
  }
  if (!valid) {
    cursor->part = PART_INVALID;
    return (Value){.rank = -1};
  }
  cursor_advance(cursor);
  return value;
}

/* A rank below zero is less than any number. */
static int
value_compare(Value a, Value b)
{
  if (a.rank != b.rank)
    return a.rank < b.rank ? -1 : 1;
  return compare_digits(a.digits, b.digits);
}

static bool
starts_prerelease(Cursor cursor)
{
  return cursor.part == PART_SUFFIX && cursor_take(&cursor).rank < 0;
}

/* How much more a version has to say; a dot without a number says nothing valid. */
static Part
remaining_part(Cursor cursor)
{
  bool empty = cursor.part == PART_NUMBER_OR_ZEROS && !byte_is_digit(slice_first(cursor.rest));
  return empty ? PART_INVALID : cursor.part;
}

int
version_compare_apk(Slice a, Slice b)
{
  Cursor left = {a, PART_NUMBER}, right = {b, PART_NUMBER};
  do {
    int order = value_compare(cursor_take(&left), cursor_take(&right));
    if (order != 0)
      return order;
  } while (left.part == right.part && left.part != PART_END && left.part != PART_INVALID);

  if (left.part == right.part)
    return 0;
  /* One has more to say: it is the newer, unless that is "not yet released". */
  if (starts_prerelease(left))
    return -1;
  if (starts_prerelease(right))
    return 1;
  Part left_part = remaining_part(left), right_part = remaining_part(right);
  return (left_part < right_part) - (left_part > right_part);
}
