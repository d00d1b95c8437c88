/* Python's versions: PEP 440, and what came before it, which is older than all that follows it
 * (`packaging` calls it legacy; setuptools' rules in short: words before numbers). */
#include "version/version-private.h"

typedef struct {
  bool valid;
  bool has_pre, has_post, has_dev;
  int pre; /* 0: alpha, 1: beta, 2: release candidate */
  Slice epoch, release, pre_number, post_number, dev_number, local;
} Pypi;

static bool
is_separator(int byte)
{
  return byte == '.' || byte == '-' || byte == '_';
}

static bool
take_word(Slice *rest, const char *word)
{
  Slice name = slice_from_string(word);
  for (size_t i = 0; i < name.size; i++)
    if (i >= rest->size || byte_to_lower(rest->data[i]) != name.data[i])
      return false;
  *rest = slice_sub(*rest, name.size, rest->size);
  return true;
}

/* "-rc.1" at the front: one of @words, a number after it or none, a separator before each, also
 * where no number follows it ("rc-"). */
static bool
take_part(Slice *rest, const char *const *words, size_t *which, Slice *number)
{
  Slice at = *rest;
  if (is_separator(slice_first(at)))
    at = slice_sub(at, 1, at.size);
  for (*which = 0; words[*which] != NULL; (*which)++)
    if (take_word(&at, words[*which]))
      break;
  if (words[*which] == NULL)
    return false;
  if (is_separator(slice_first(at)))
    at = slice_sub(at, 1, at.size);
  *number = slice_take_digits(&at);
  *rest = at;
  return true;
}

static void
take_pre(Slice *rest, Pypi *version)
{
  static const char *const words[] = {"alpha", "a", "beta", "b", "preview", "pre", "rc", "c", NULL};
  size_t which = 0;
  version->has_pre = take_part(rest, words, &which, &version->pre_number);
  version->pre = which < 2 ? 0 : which < 4 ? 1 : 2;
}

static void
take_post(Slice *rest, Pypi *version)
{
  static const char *const words[] = {"post", "rev", "r", NULL};
  size_t which = 0;
  Slice after = slice_sub(*rest, 1, rest->size);
  version->has_post = take_part(rest, words, &which, &version->post_number);
  if (!version->has_post && slice_first(*rest) == '-' && byte_is_digit(slice_first(after))) {
    version->post_number = slice_take_digits(&after);
    version->has_post = true;
    *rest = after;
  }
}

static bool
is_local(Slice text)
{
  bool was_separator = true;
  for (size_t i = 0; i < text.size; i++) {
    bool separator = is_separator(text.data[i]);
    if ((separator && was_separator) ||
        (!separator && !byte_is_digit(text.data[i]) && !byte_is_letter(text.data[i])))
      return false;
    was_separator = separator;
  }
  return !was_separator;
}

static Pypi
pypi_parse(Slice text)
{
  static const char *const dev[] = {"dev", NULL};
  Pypi version = {0};
  size_t which = 0;
  Slice rest = slice_strip(text);
  if (byte_to_lower(slice_first(rest)) == 'v')
    rest = slice_sub(rest, 1, rest.size);
  Slice after = rest;
  Slice epoch = slice_take_digits(&after);
  if (epoch.size > 0 && slice_first(after) == '!') {
    version.epoch = epoch;
    rest = slice_sub(after, 1, after.size);
  }
  version.release = slice_take_numbers(&rest);
  if (version.release.size == 0)
    return version;
  take_pre(&rest, &version);
  take_post(&rest, &version);
  version.has_dev = take_part(&rest, dev, &which, &version.dev_number);
  version.valid = rest.size == 0;
  if (slice_first(rest) == '+') {
    version.local = slice_sub(rest, 1, rest.size);
    version.valid = is_local(version.local);
  }
  return version;
}

static bool
next_local(Slice *rest, Slice *part)
{
  size_t size = 0;
  while (size < rest->size && !is_separator(rest->data[size]))
    size++;
  *part = slice_sub(*rest, 0, size);
  *rest = slice_sub(*rest, size + 1, rest->size);
  return part->size > 0;
}

/* Words before numbers; who has more to say is newer. */
static int
compare_locals(Slice a, Slice b)
{
  Slice left, right;
  for (;;) {
    bool has_left = next_local(&a, &left), has_right = next_local(&b, &right);
    if (!has_left || !has_right)
      return has_left - has_right;
    bool number = slice_is_digits(left);
    if (number != slice_is_digits(right))
      return number ? 1 : -1;
    int order = number ? compare_digits(left, right) : compare_bytes_folded(left, right);
    if (order != 0)
      return order;
  }
}

/* Of the release itself: "1.0.dev1" is before its first alpha, and a final one after all. */
static int
pre_rank(const Pypi *version)
{
  if (version->has_pre)
    return version->pre;
  return version->has_dev && !version->has_post ? -1 : 3;
}

static int
compare_valid(const Pypi *a, const Pypi *b)
{
  int order = compare_digits(a->epoch, b->epoch);
  if (order == 0)
    order = compare_numbers(a->release, b->release);
  if (order == 0)
    order = pre_rank(a) - pre_rank(b);
  if (order == 0)
    order = compare_digits(a->pre_number, b->pre_number);
  if (order == 0)
    order = a->has_post - b->has_post;
  if (order == 0)
    order = compare_digits(a->post_number, b->post_number);
  if (order == 0)
    order = b->has_dev - a->has_dev;
  if (order == 0)
    order = compare_digits(a->dev_number, b->dev_number);
  return order != 0 ? order : compare_locals(a->local, b->local);
}

/* Digits, or letters, or nothing. */
static Slice
next_run(Slice *rest)
{
  while (rest->size > 0 && !byte_is_digit(rest->data[0]) && !byte_is_letter(rest->data[0]))
    *rest = slice_sub(*rest, 1, rest->size);
  return byte_is_digit(slice_first(*rest)) ? slice_take_digits(rest) : slice_take_letters(rest);
}

static int
run_rank(Slice run)
{
  return run.size == 0 ? 0 : byte_is_digit(run.data[0]) ? 2 : 1;
}

static int
compare_legacy(Slice a, Slice b)
{
  for (;;) {
    Slice left = next_run(&a), right = next_run(&b);
    int rank = run_rank(left), order = rank - run_rank(right);
    if (order != 0 || rank == 0)
      return order;
    order = rank == 2 ? compare_digits(left, right) : compare_bytes_folded(left, right);
    if (order != 0)
      return order;
  }
}

int
version_compare_pypi(Slice a, Slice b)
{
  const Pypi left = pypi_parse(a), right = pypi_parse(b);
  if (left.valid != right.valid)
    return left.valid ? 1 : -1;
  return left.valid ? compare_valid(&left, &right) : compare_legacy(a, b);
}

/* "<=1.0" covers 1.0+local (PEP 440, "Inclusive ordered comparison"). */
int
version_bound_pypi(Slice version, Slice bound)
{
  Slice public = version;
  gssize plus = slice_find(version, '+');
  if (plus >= 0 && slice_find(bound, '+') < 0)
  public = slice_sub(version, 0, (size_t)plus);
  return version_compare_pypi(public, bound);
}

bool
version_is_valid_pypi(Slice text)
{
  return pypi_parse(text).valid;
}
