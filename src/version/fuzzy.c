/* Versions of programs that are of no ecosystem, as their own strings have them: numbers; letters
 * at once after them that are a patch ("1.0.2zg" of OpenSSL); then words, of which those count that
 * every ecosystem knows: a prerelease ("5a1", "1.20rc1", "3.11.0-beta5"), a patch or revision
 * ("9.3p1", "1.3.3-r0", "2.4.1-3"). Others ("-ce", "-cluster") and what is after a plus tell
 * nothing of the order. */
#include "version/version-private.h"

typedef enum { RANK_PRERELEASE = -1, RANK_RELEASE, RANK_PATCH } Rank;

typedef struct {
  Slice numbers, letters;
  Rank rank;
  Slice words; /* from the one on that tells the rank */
} Fuzzy;

static Slice
take_word(Slice *rest)
{
  while (rest->size > 0 && !byte_is_digit(rest->data[0]) && !byte_is_letter(rest->data[0]))
    *rest = slice_sub(*rest, 1, rest->size);
  return byte_is_digit(slice_first(*rest)) ? slice_take_digits(rest) : slice_take_letters(rest);
}

static bool
is_one_of(Slice word, const char *const *words)
{
  for (; *words != NULL; words++)
    if (compare_bytes_folded(word, slice_from_string(*words)) == 0)
      return true;
  return false;
}

static Rank
rank_of(Slice word)
{
  static const char *const before[] = {"alpha",    "a",       "beta",  "b",      "c",
                                       "rc",       "cr",      "pre",   "m",      "preview",
                                       "snapshot", "nightly", "dev",   "canary", "milestone",
                                       "ea",       "test",    "devel", "next",   NULL};
  static const char *const after[] = {"r", "p", "pl", "patch", "sp", "post", "rev", "u", NULL};
  if (is_one_of(word, before))
    return RANK_PRERELEASE;
  return byte_is_digit(slice_first(word)) || is_one_of(word, after) ? RANK_PATCH : RANK_RELEASE;
}

static Fuzzy
fuzzy_parse(Slice text)
{
  Fuzzy version = {SLICE_EMPTY, SLICE_EMPTY, RANK_RELEASE, SLICE_EMPTY};
  Slice rest = slice_strip(text);
  Slice go = SLICE_LITERAL("go");
  if (byte_to_lower(slice_first(rest)) == 'v')
    rest = slice_sub(rest, 1, rest.size);
  else if (slice_has_prefix(rest, go))
    rest = slice_sub(rest, go.size, rest.size);
  gssize plus = slice_find(rest, '+');
  if (plus >= 0)
    rest = slice_sub(rest, 0, (size_t)plus);
  version.numbers = slice_take_numbers(&rest);
  Slice after = rest;
  Slice letters = slice_take_letters(&after);
  if (letters.size > 0 && letters.size <= 2 && !byte_is_digit(slice_first(after)) &&
      rank_of(letters) != RANK_PATCH) {
    version.letters = letters;
    rest = after;
  }
  while (rest.size > 0 && version.rank == RANK_RELEASE) {
    version.words = rest;
    version.rank = rank_of(take_word(&rest));
  }
  return version;
}

/* Numbers before words; who has more to say is newer. */
static int
compare_words(Slice a, Slice b)
{
  for (;;) {
    Slice left = take_word(&a), right = take_word(&b);
    if (left.size == 0 || right.size == 0)
      return (left.size > 0) - (right.size > 0);
    bool number = byte_is_digit(left.data[0]);
    if (number != byte_is_digit(right.data[0]))
      return number ? -1 : 1;
    int order = number ? compare_digits(left, right) : compare_bytes_folded(left, right);
    if (order != 0)
      return order;
  }
}

int
version_compare_fuzzy(Slice a, Slice b)
{
  Fuzzy left = fuzzy_parse(a), right = fuzzy_parse(b);
  int order = compare_numbers(left.numbers, right.numbers);
  if (order == 0)
    order = compare_bytes_folded(left.letters, right.letters);
  if (order == 0)
    order = (int)left.rank - (int)right.rank;
  if (order == 0 && left.rank != RANK_RELEASE)
    order = compare_words(left.words, right.words);
  return order;
}
