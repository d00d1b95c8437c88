/* Maven's versions: the "version order specification" of maven.apache.org/pom.html, which describes
 * ComparableVersion.
 *
 * A version is a line of tokens, each a number or a word with a dot or a hyphen before it; a change
 * between digits and letters is a hyphen. Tokens that mean nothing (0, "", "final", "ga",
 * "release") are left out at the end, and before each hyphen. The line that is shorter is filled up
 * with tokens that mean nothing and have the other's mark. */
#include "version/version-private.h"

typedef struct {
  Slice text;
  int mark; /* '.' or '-' */
  bool number;
  bool before_number; /* a word that is followed by a digit at once: "a1" */
} Token;

typedef struct {
  Slice rest;
  int mark;       /* before the next token */
  bool more;      /* there is a next one, though it may be empty */
  bool started;   /* the first one counts, whatever it is */
  size_t kept_at; /* bytes that are left where tokens without meaning are kept up to */
} Cursor;

static Cursor
cursor_start(Slice text)
{
  return (Cursor){.rest = slice_strip(text), .mark = '-', .more = true, .kept_at = SIZE_MAX};
}

static bool
is_mark(int byte)
{
  return byte == '.' || byte == '-';
}

/* The next token, meaning or not; false: none is left. */
static bool
take_token(Cursor *cursor, Token *token)
{
  if (!cursor->more)
    return false;
  Slice whole = cursor->rest;
  token->mark = cursor->mark;
  token->number = byte_is_digit(slice_first(whole)) || whole.size == 0 || is_mark(whole.data[0]);
  size_t size = 0;
  while (size < whole.size && !is_mark(whole.data[size]) &&
         byte_is_digit(whole.data[size]) == token->number)
    size++;
  token->text = slice_sub(whole, 0, size);
  Slice rest = slice_sub(whole, size, whole.size);
  token->before_number = byte_is_digit(slice_first(rest));
  cursor->more = rest.size > 0;
  cursor->rest = is_mark(slice_first(rest)) ? slice_sub(rest, 1, rest.size) : rest;
  cursor->mark = slice_first(rest) == '.' ? '.' : '-';
  return true;
}

static bool
is_word(const Token *token, const char *word)
{
  return compare_bytes_folded(token->text, slice_from_string(word)) == 0;
}

static bool
means_nothing(const Token *token)
{
  if (token->number)
    return compare_digits(token->text, SLICE_EMPTY) == 0;
  return is_word(token, "final") || is_word(token, "ga") || is_word(token, "release");
}

/* Whether the tokens without meaning that the last one begins are left out: they end the version,
 * or the hyphen after them does. Then the cursor is after them. */
static bool
skip_nothing(Cursor *cursor)
{
  Token token;
  if (cursor->rest.size >= cursor->kept_at && cursor->mark != '-')
    return false;
  Cursor ahead = *cursor;
  while (ahead.more && ahead.mark != '-') {
    Cursor before = ahead;
    if (take_token(&ahead, &token) && !means_nothing(&token)) {
      cursor->kept_at = before.rest.size;
      return false;
    }
  }
  *cursor = ahead;
  return true;
}

static bool
next_token(Cursor *cursor, Token *token)
{
  while (take_token(cursor, token)) {
    bool first = !cursor->started;
    cursor->started = true;
    if (first || !means_nothing(token) || !skip_nothing(cursor))
      return true;
  }
  return false;
}

/* -1: a word of no meaning to Maven. "release" and the others that mean nothing are 6. */
static int
word_rank(const Token *token)
{
  static const struct {
    const char *word, *letter;
    int rank;
  } words[] = {{"alpha", "a", 0}, {"beta", "b", 1},      {"milestone", "m", 2},
               {"rc", "cr", 3},   {"snapshot", NULL, 4}, {"sp", NULL, 6}};
  if (token->text.size == 0 || means_nothing(token))
    return 5;
  for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
    bool shortened = words[i].letter != NULL && is_word(token, words[i].letter) &&
                     (token->before_number || words[i].rank == 3);
    if (shortened || is_word(token, words[i].word))
      return words[i].rank;
  }
  return 7;
}

/* Of tokens with different marks or kinds: .word < -word < -number < .number */
static int
kind_rank(const Token *token)
{
  bool dot = token->mark == '.';
  return token->number ? 2 + dot : 1 - dot;
}

static int
compare_tokens(const Token *a, const Token *b)
{
  int order = kind_rank(a) - kind_rank(b);
  if (order != 0)
    return order;
  if (a->number)
    return compare_digits(a->text, b->text);
  int rank = word_rank(a);
  order = rank - word_rank(b);
  return order != 0 || rank != 7 ? order : compare_bytes_folded(a->text, b->text);
}

/* What means nothing beside @other: 0 beside a number after a dot, else the empty word. So
 * "2.14.jre7" is newer than 2.14, as it has been since Maven 3.9 (MNG-7644). */
static Token
nothing_beside(const Token *other)
{
  bool number = other->number && other->mark == '.';
  return (Token){.text = SLICE_EMPTY, .mark = other->mark, .number = number};
}

int
version_compare_maven(Slice a, Slice b)
{
  Cursor left = cursor_start(a), right = cursor_start(b);
  for (;;) {
    Token one = {0}, other = {0};
    bool has_one = next_token(&left, &one), has_other = next_token(&right, &other);
    if (!has_one && !has_other)
      return 0;
    if (!has_one)
      one = nothing_beside(&other);
    if (!has_other)
      other = nothing_beside(&one);
    int order = compare_tokens(&one, &other);
    if (order != 0)
      return order;
  }
}
