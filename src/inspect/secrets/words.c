/* What stands for a secret and is none; see the header. */
#include "inspect/secrets/words.h"

#include <math.h>
#include <nettle/sha2.h>
#include <string.h>

#define SEQUENCE_LEAST 7u /* characters, each one after the one before */
#define PERIODS_LEAST  3u /* how often the same few characters come */

/* A whole part, between what is no letter or digit. */
static const char *const part_words[] = {
    "test", "tests", "testing", "dummy",   "demo",  "mock",  "sample", "samples", "foo",
    "bar",  "baz",   "foobar",  "fake",    "your",  "todo",  "none",   "null",    "asdf",
    "some", "here",  "here",    "invalid", "bogus", "lorem", "qwerty", NULL,
};
/* Anywhere in it. */
static const char *const marks[] = {
    "example",    "placeholder", "changeme", "change-me",  "change_me", "changeit", "redacted",
    "yourpass",   "yoursecret",  "yourkey",  "yourtoken",  "your-",     "your_",    "my-secret",
    "my_secret",  "mysecret",    "mypass",   "insert",     "replaceme", "replace-", "replace_",
    "notasecret", "notreal",     "dontuse",  "do-not-use", "xxxx",      "****",     "....",
    "______",     "----",        "${",       "{{",         "}}",        "%(",       "$(",
    "#{",         "<%",          "@@",       "deadbeef",   "cafebabe",  "01234567", "foobar",
    NULL,
};
/* The whole of it, in any case. */
static const char *const whole_words[] = {
    "password", "passwd",   "passphrase", "secret",     "token",     "string",   "value",
    "username", "user",     "pass",       "true",       "false",     "yes",      "no",
    "none",     "null",     "nil",        "undefined",  "default",   "optional", "required",
    "enabled",  "disabled", "auto",       "prompt",     "empty",     "unset",    "random",
    "unknown",  "hidden",   "text",       "nopassword", "password1", "passw0rd", "user:pass",
    "pass123",  "off",      "on",         NULL,
};
/* The end of a name of what is about a secret. */
static const char *const about[] = {
    "file",      "path",     "url",     "uri",     "endpoint",     "name",     "id",     "field",
    "label",     "title",    "hint",    "prompt",  "len",          "length",   "size",   "min",
    "max",       "count",    "policy",  "expire",  "expires",      "expiry",   "ttl",    "time",
    "timeout",   "type",     "kind",    "pattern", "regex",        "format",   "env",    "var",
    "hash",      "salt",     "reset",   "change",  "strength",     "param",    "params", "header",
    "prefix",    "suffix",   "command", "cmd",     "message",      "error",    "class",  "ref",
    "arn",       "dir",      "mode",    "manager", "store",        "provider", "helper", "version",
    "algorithm", "encoding", "again",   "confirm", "confirmation", "text",     "key_id", NULL,
};
/* SHA-256, its first eight bytes, of what issuers print: keys of emulators of Azure, examples of
 * RFC 6749 and RFC 7617. No scanner of this source finds a key here. */
static const uint8_t printed[][8] = {
    {0x00, 0x11, 0xcc, 0x25, 0xeb, 0x43, 0x20, 0x71},
    {0xaa, 0x65, 0x47, 0x43, 0x95, 0x83, 0xc3, 0xa2},
    {0xcf, 0x4d, 0x41, 0x8e, 0xd3, 0xde, 0x92, 0xd7},
    {0xca, 0x74, 0x59, 0xe2, 0xb2, 0x67, 0x76, 0xde},
};

static bool
equals(Slice text, const char *word)
{
  return text.size == strlen(word) &&
         g_ascii_strncasecmp((const char *)text.data, word, text.size) == 0;
}

static bool
is_one_of(Slice text, const char *const *words)
{
  for (size_t i = 0; words[i] != NULL; i++)
    if (equals(text, words[i]))
      return true;
  return false;
}

double
secret_entropy(Slice text)
{
  unsigned counts[256] = {0};
  double bits = 0;
  for (size_t i = 0; i < text.size; i++)
    counts[text.data[i]]++;
  for (size_t i = 0; i < G_N_ELEMENTS(counts); i++)
    if (counts[i] > 0)
      bits -= counts[i] * log2((double)counts[i] / (double)text.size);
  return text.size == 0 ? 0 : bits / (double)text.size;
}

/* --- placeholders --- */

static bool
has_mark(Slice text)
{
  g_autofree char *lower = g_ascii_strdown((const char *)text.data, (gssize)text.size);
  for (size_t i = 0; marks[i] != NULL; i++)
    if (g_strstr_len(lower, (gssize)text.size, marks[i]) != NULL)
      return true;
  return false;
}

static bool
has_part_word(Slice text)
{
  size_t start = 0;
  for (size_t i = 0; i <= text.size; i++) {
    if (i < text.size && g_ascii_isalnum(text.data[i]))
      continue;
    if (is_one_of(slice_sub(text, start, i - start), part_words))
      return true;
    start = i + 1;
  }
  return false;
}

/* Most of it goes up or down by one, or stays the same. */
static bool
is_sequence(Slice text)
{
  unsigned run = 1, longest = 1;
  int last = 2;
  for (size_t i = 1; i < text.size; i++) {
    int step = text.data[i] - text.data[i - 1];
    bool goes_on = step >= -1 && step <= 1 && (step == last || run == 1);
    run = goes_on ? run + 1 : 1;
    last = step;
    longest = MAX(longest, run);
  }
  return longest >= SEQUENCE_LEAST && longest * 3 >= text.size;
}

/* The same few characters again and again. */
static bool
is_repeated(Slice text)
{
  for (size_t period = 1; period * PERIODS_LEAST <= text.size; period++) {
    size_t i = period;
    while (i < text.size && text.data[i] == text.data[i - period])
      i++;
    if (i == text.size)
      return true;
  }
  return false;
}

static bool
is_template(Slice text)
{
  static const char around[] = "@%_#*";
  uint8_t first = text.data[0], last = text.data[text.size - 1];
  return (first == last && strchr(around, first) != NULL) || first == '<' || first == '$' ||
         first == '{';
}

static bool
is_printed(Slice text)
{
  uint8_t digest[SHA256_DIGEST_SIZE];
  struct sha256_ctx sha;
  sha256_init(&sha);
  sha256_update(&sha, text.size, text.data);
  sha256_digest(&sha, sizeof digest, digest);
  for (size_t i = 0; i < G_N_ELEMENTS(printed); i++)
    if (memcmp(printed[i], digest, sizeof printed[i]) == 0)
      return true;
  return false;
}

bool
secret_is_placeholder(Slice secret, const char *prefix)
{
  Slice own = secret;
  if (prefix != NULL && slice_has_prefix(secret, slice_from_string(prefix)))
    own = slice_sub(secret, strlen(prefix), secret.size);
  if (own.size == 0 || is_template(own) || is_one_of(own, whole_words))
    return true;
  return is_sequence(own) || is_repeated(own) || has_part_word(own) || has_mark(own) ||
         is_printed(secret);
}

bool
secret_name_is_about(Slice name)
{
  while (name.size > 0 && !g_ascii_isalnum(name.data[name.size - 1]))
    name.size--;
  for (size_t i = 0; about[i] != NULL; i++) {
    size_t size = strlen(about[i]);
    if (name.size > size && equals(slice_sub(name, name.size - size, size), about[i]))
      return true;
  }
  return false;
}

/* --- words --- */

typedef struct {
  unsigned lower, upper, digits, symbols, changes;
} Letters;

static unsigned
kind_of(uint8_t byte)
{
  return g_ascii_islower(byte) ? 0 : g_ascii_isupper(byte) ? 1 : g_ascii_isdigit(byte) ? 2 : 3;
}

static Letters
count_letters(Slice text)
{
  Letters letters = {0};
  for (size_t i = 0; i < text.size; i++) {
    unsigned kind = kind_of(text.data[i]);
    letters.lower += kind == 0;
    letters.upper += kind == 1;
    letters.digits += kind == 2;
    letters.symbols += kind == 3 && strchr("_.-/:", text.data[i]) == NULL;
    letters.changes += i > 0 && kind != kind_of(text.data[i - 1]);
  }
  return letters;
}

/* Each part is letters alone or digits alone, as in names, versions and paths. */
static bool
is_made_of_words(Slice text)
{
  bool letter = false, digit = false;
  unsigned parts = 1;
  for (size_t i = 0; i < text.size; i++) {
    if (g_ascii_isalnum(text.data[i])) {
      letter |= g_ascii_isalpha(text.data[i]);
      digit |= g_ascii_isdigit(text.data[i]);
    } else {
      letter = digit = false;
      parts++;
    }
    if (letter && digit)
      return false;
  }
  return parts > 1;
}

/* A file or an address is no secret. */
static bool
is_place(Slice text)
{
  return text.data[0] == '/' || text.data[0] == '~' ||
         (text.data[0] == '.' && text.size > 1 && strchr("/.", text.data[1]) != NULL) ||
         g_strstr_len((const char *)text.data, (gssize)text.size, "://") != NULL;
}

bool
secret_looks_mixed(Slice text)
{
  Letters letters = count_letters(text);
  return letters.digits > 0 && letters.lower + letters.upper > 0 && !is_made_of_words(text) &&
         !is_place(text) && letters.changes * 6 >= text.size;
}

bool
secret_looks_set(Slice text)
{
  return text.size >= 3 && !is_place(text) && strchr("%&-", text.data[0]) == NULL;
}

bool
secret_looks_chosen(Slice text)
{
  Letters letters = count_letters(text);
  unsigned alpha = letters.lower + letters.upper;
  if (!secret_looks_set(text) || strchr("@*:#!.,+=|", text.data[0]) != NULL || alpha == 0)
    return false;
  return letters.symbols > 0 || (letters.digits > 0 && !is_made_of_words(text));
}
