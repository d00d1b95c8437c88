/* The cursor of the TOML reader, and strings; see toml.h. */
#include <string.h>

#include "base/error.h"
#include "text/toml-private.h"

bool
toml_fail(const TomlCursor *cursor, GError **error, const char *what)
{
  return error_set(error, ASSAY_ERROR_INVALID, "not valid TOML: line %u: %s", cursor->line, what);
}

void
toml_skip_blanks(TomlCursor *cursor)
{
  while (toml_peek(cursor) == ' ' || toml_peek(cursor) == '\t')
    cursor->at++;
}

void
toml_skip_comment(TomlCursor *cursor)
{
  if (toml_peek(cursor) == '#')
    while (cursor->at < cursor->end && *cursor->at != '\n')
      cursor->at++;
}

void
toml_skip_lines(TomlCursor *cursor)
{
  for (;;) {
    toml_skip_blanks(cursor);
    toml_skip_comment(cursor);
    if (toml_peek(cursor) == '\n')
      cursor->line++;
    else if (toml_peek(cursor) != '\r')
      return;
    cursor->at++;
  }
}

bool
toml_take(TomlCursor *cursor, const char *text)
{
  size_t size = strlen(text);
  if ((size_t)(cursor->end - cursor->at) < size || memcmp(cursor->at, text, size) != 0)
    return false;
  cursor->at += size;
  return true;
}

/* \u and \U: @digits of them. */
static bool
take_code_point(TomlCursor *cursor, unsigned digits, GString *into, GError **error)
{
  gunichar code = 0;
  for (unsigned i = 0; i < digits; i++) {
    int digit = cursor->at < cursor->end ? g_ascii_xdigit_value((gchar)*cursor->at) : -1;
    if (digit < 0)
      return toml_fail(cursor, error, "an escape is too short");
    code = code << 4 | (gunichar)digit;
    cursor->at++;
  }
  if (!g_unichar_validate(code))
    return toml_fail(cursor, error, "an escape is no character");
  g_string_append_unichar(into, code);
  return true;
}

/* A backslash at the end of a line: what is blank after it counts for nothing. */
static bool
skip_to_text(TomlCursor *cursor)
{
  const uint8_t *at = cursor->at;
  while (at < cursor->end && (*at == ' ' || *at == '\t' || *at == '\r'))
    at++;
  if (at == cursor->end || *at != '\n')
    return false;
  for (; at < cursor->end && g_ascii_isspace(*at); at++)
    cursor->line += *at == '\n';
  cursor->at = at;
  return true;
}

static bool
take_escape(TomlCursor *cursor, bool may_have_lines, GString *into, GError **error)
{
  static const char names[] = "btnfre\"\\", values[] = "\b\t\n\f\r\033\"\\";
  if (may_have_lines && skip_to_text(cursor))
    return true;
  int name = toml_peek(cursor);
  const char *found = name <= 0 ? NULL : strchr(names, name);
  cursor->at += name >= 0;
  if (found != NULL) {
    g_string_append_c(into, values[found - names]);
    return true;
  }
  if (name == 'u' || name == 'U')
    return take_code_point(cursor, name == 'u' ? 4 : 8, into, error);
  return toml_fail(cursor, error, "an escape is not known");
}

/* Three quotes may have two more of them in front, which belong to the text. */
static bool
take_end(TomlCursor *cursor, const char *quotes, GString *into)
{
  if (!toml_take(cursor, quotes))
    return false;
  for (unsigned i = 0; i < 2 && quotes[1] != '\0' && toml_peek(cursor) == *quotes; i++) {
    g_string_append_c(into, *quotes);
    cursor->at++;
  }
  return true;
}

static bool
take_text(TomlCursor *cursor, const char *quotes, GString *into, GError **error)
{
  bool may_have_lines = quotes[1] != '\0';
  while (!take_end(cursor, quotes, into)) {
    int byte = toml_peek(cursor);
    if (byte < 0 || (byte == '\n' && !may_have_lines))
      return toml_fail(cursor, error, "a string does not end");
    cursor->at++;
    if (byte == '\\' && *quotes == '"') {
      if (!take_escape(cursor, may_have_lines, into, error))
        return false;
      continue;
    }
    cursor->line += byte == '\n';
    g_string_append_c(into, (char)byte);
  }
  return true;
}

GString *
toml_string(TomlCursor *cursor, bool may_have_lines, GError **error)
{
  GString *text = g_string_new(NULL);
  const char *quotes = toml_peek(cursor) == '"' ? "\"" : "'";
  if (may_have_lines && toml_take(cursor, "\"\"\""))
    quotes = "\"\"\"";
  else if (may_have_lines && toml_take(cursor, "'''"))
    quotes = "'''";
  else
    cursor->at++;
  if (quotes[1] != '\0') {
    toml_take(cursor, "\r");
    cursor->line += toml_peek(cursor) == '\n';
    toml_take(cursor, "\n");
  }
  if (take_text(cursor, quotes, text, error))
    return text;
  g_string_free(text, TRUE);
  return NULL;
}
