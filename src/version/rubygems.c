/* Versions of gems: Gem::Version of RubyGems. Numbers and words; a word is a prerelease, and before
 * every number; "-" is ".pre."; zeros before the first word and at the end count nothing. A
 * platform ("1.15.4-x86_64-linux") is no part of the version. */
#include "version/version-private.h"

static const char *const platforms[] = {
    "x86",     "x64",   "amd64", "i386",  "i486",   "i586",   "i686",  "universal", "arm",
    "aarch64", "java",  "jruby", "mri",   "dalvik", "dotnet", "ppc",   "powerpc",   "s390",
    "sparc",   "riscv", "mswin", "mingw", "cygwin", "darwin", "linux", "freebsd",   "solaris"};

/* Without the platform at its end. */
static Slice
without_platform(Slice text)
{
  for (size_t at = 0; at < text.size; at++) {
    if (text.data[at] != '-')
      continue;
    Slice after = slice_sub(text, at + 1, text.size);
    for (size_t i = 0; i < G_N_ELEMENTS(platforms); i++)
      if (slice_has_prefix(after, slice_from_string(platforms[i])))
        return slice_sub(text, 0, at);
  }
  return text;
}

typedef struct {
  Slice rest;
  bool has_word; /* one was told: zeros count from there on */
} Cursor;

/* A number, a word, or nothing at the end. */
static Slice
take_segment(Cursor *cursor)
{
  while (cursor->rest.size > 0) {
    int byte = cursor->rest.data[0];
    if (byte_is_digit(byte))
      return slice_take_digits(&cursor->rest);
    if (byte_is_letter(byte))
      return slice_take_letters(&cursor->rest);
    cursor->rest = slice_sub(cursor->rest, 1, cursor->rest.size);
    if (byte == '-')
      return SLICE_LITERAL("pre");
  }
  return SLICE_EMPTY;
}

static bool
is_word(Slice segment)
{
  return segment.size > 0 && !byte_is_digit(segment.data[0]);
}

/* The next that counts: zeros before the first word do not. */
static Slice
next_segment(Cursor *cursor)
{
  Slice segment = take_segment(cursor);
  bool zero = !is_word(segment) && compare_digits(segment, SLICE_EMPTY) == 0;
  if (!zero || cursor->has_word || segment.size == 0) {
    cursor->has_word |= is_word(segment);
    return segment;
  }
  Cursor ahead = *cursor;
  Slice next = segment;
  while (next.size > 0 && !is_word(next) && compare_digits(next, SLICE_EMPTY) == 0)
    next = take_segment(&ahead);
  if (!is_word(next))
    return segment;
  *cursor = ahead;
  cursor->has_word = true;
  return next;
}

/* What is missing is 0. */
static int
compare_segments(Slice a, Slice b)
{
  if (is_word(a) != is_word(b))
    return is_word(a) ? -1 : 1;
  return is_word(a) ? compare_bytes(a, b) : compare_digits(a, b);
}

int
version_compare_rubygems(Slice a, Slice b)
{
  Cursor left = {.rest = without_platform(a)}, right = {.rest = without_platform(b)};
  for (;;) {
    Slice one = next_segment(&left), other = next_segment(&right);
    if (one.size == 0 && other.size == 0)
      return 0;
    int order = compare_segments(one, other);
    if (order != 0)
      return order;
  }
}
