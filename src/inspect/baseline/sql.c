/* What the scripts that set up a database say of its accounts: those that may come from any host,
 * and passwords that are guessed at once. Of the dialect of MySQL and MariaDB. No password leaves
 * this file. */
#include <string.h>

#include "archive/path.h"
#include "inspect/baseline/addresses.h"
#include "inspect/baseline/baseline.h"
#include "inspect/baseline/facts.h"
#include "inspect/baseline/weak_passwords.h"

#define WORDS_MAX 400u

typedef struct {
  Slice rest;
  uint32_t line;
} Text;

static int
peek(const Text *text, size_t ahead)
{
  return ahead < text->rest.size ? text->rest.data[ahead] : -1;
}

static void
skip(Text *text, size_t count)
{
  Slice taken = slice_sub(text->rest, 0, count);
  for (size_t i = 0; i < taken.size; i++)
    text->line += taken.data[i] == '\n';
  text->rest = slice_sub(text->rest, taken.size, SIZE_MAX);
}

static void
skip_line(Text *text)
{
  gssize end = slice_find(text->rest, '\n');
  skip(text, end < 0 ? text->rest.size : (size_t)end);
}

/* Comments and blanks. What is in a comment that begins with an exclamation mark counts. */
static void
skip_blanks(Text *text)
{
  for (;;) {
    int c = peek(text, 0), next = peek(text, 1);
    if (c == '#' || (c == '-' && next == '-' && (peek(text, 2) < 0 || peek(text, 2) <= ' '))) {
      skip_line(text);
    } else if (c == '/' && next == '*' && peek(text, 2) == '!') {
      skip(text, 3);
      while (g_ascii_isdigit(peek(text, 0)))
        skip(text, 1);
    } else if (c == '/' && next == '*') {
      do
        skip(text, 1);
      while (text->rest.size > 0 && (peek(text, 0) != '*' || peek(text, 1) != '/'));
      skip(text, 2);
    } else if (c == '*' && next == '/') {
      skip(text, 2);
    } else if (c >= 0 && g_ascii_isspace(c)) {
      skip(text, 1);
    } else {
      return;
    }
  }
}

/* A word, a text in quotes with its first quote before it, or a single character. */
static char *
take_token(Text *text)
{
  GString *token = g_string_new(NULL);
  int first = peek(text, 0);
  g_string_append_c(token, (char)first);
  skip(text, 1);
  if (first == '\'' || first == '"' || first == '`') {
    for (int c; (c = peek(text, 0)) >= 0 && c != first; skip(text, 1)) {
      if (c == '\\' && peek(text, 1) >= 0)
        skip(text, 1);
      if (token->len < CONFIG_LINE_MAX && peek(text, 0) != '\0')
        g_string_append_c(token, (char)peek(text, 0));
    }
    skip(text, 1);
  } else if (g_ascii_isalnum(first) || first == '_') {
    for (int c; (c = peek(text, 0)) >= 0 && (g_ascii_isalnum(c) || c == '_'); skip(text, 1))
      if (token->len < CONFIG_LINE_MAX)
        g_string_append_c(token, (char)c);
  }
  return g_string_free(token, FALSE);
}

/* --- statements --- */

static bool
word_is(const GPtrArray *words, guint index, const char *word)
{
  return index < words->len && g_ascii_strcasecmp(g_ptr_array_index(words, index), word) == 0;
}

/* Of a text in quotes, or a word. */
static const char *
inner(const char *token)
{
  return token + (*token != '\0' && strchr("'\"`", *token) != NULL);
}

static void
note_password(Facts *facts, const GPtrArray *words, guint by, const char *account)
{
  for (guint i = by; i + 2 < words->len && i < by + 6; i++) {
    const char *password = g_ptr_array_index(words, i + 2);
    if (!word_is(words, i, "identified") || !word_is(words, i + 1, "by") || *password != '\'')
      continue;
    if (password[1] == '\0' || password_is_common(password + 1) ||
        g_ascii_strcasecmp(password + 1, account) == 0)
      facts_add(facts, "weak-password", account);
    return;
  }
}

/* 'account' @ 'host', at @at. */
static void
take_account(Facts *facts, const GPtrArray *words, guint at, bool grant)
{
  const char *account = inner(g_ptr_array_index(words, at));
  bool any = !word_is(words, at + 1, "@") || at + 2 >= words->len ||
             mysql_host_is_any(inner(g_ptr_array_index(words, at + 2)));
  if (any)
    facts_add_format(facts, "any-host", "%s %s@%%", grant ? "GRANT ... TO" : "CREATE USER",
                     account);
  note_password(facts, words, at, account);
}

static void
take_statement(Facts *facts, const GPtrArray *words)
{
  bool grant = word_is(words, 0, "grant");
  guint at = 2;
  if (!grant && !(word_is(words, 0, "create") && word_is(words, 1, "user")))
    return;
  if (!grant && word_is(words, 2, "if"))
    at = 5;
  for (guint i = 0; grant && i < words->len; i++)
    if (word_is(words, i, "to"))
      at = i + 1;
  bool quoted = at < words->len && strchr("'\"`", *(const char *)g_ptr_array_index(words, at));
  if (at < words->len && (quoted || word_is(words, at + 1, "@")))
    take_account(facts, words, at, grant);
}

static void
read_sql(Slice bytes, const char *location, LayerInventory *into)
{
  Facts facts = {.into = into, .path = location, .service = "sql"};
  Text text = {bytes, 1};
  g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
  for (skip_blanks(&text); text.rest.size > 0; skip_blanks(&text)) {
    if (words->len == 0)
      facts.line = text.line;
    g_autofree char *token = take_token(&text);
    if (strcmp(token, ";") == 0) {
      take_statement(&facts, words);
      g_ptr_array_set_size(words, 0);
    } else if (words->len < WORDS_MAX) {
      g_ptr_array_add(words, g_steal_pointer(&token));
    }
  }
  take_statement(&facts, words);
}

/* Not the dumps and tests of applications. */
static bool
is_meant(const char *path)
{
  const char *name = path_last_name(path);
  return !config_is_example(path) &&
         (strstr(path, "initdb") != NULL || g_str_has_prefix(path, "etc/mysql/") ||
          g_str_has_prefix(name, "init") || g_str_has_prefix(name, "grant") ||
          g_str_has_prefix(name, "setup"));
}

static const char *const sql_places[] = {"*.sql", NULL};

const Detector sql_detector = {
    .name = "sql",
    .version = 2,
    .places = sql_places,
    .wants_path = is_meant,
    .observes = true,
    .most = FACT_FILE_BYTES_MAX,
    .read = read_sql,
};
