/* Values of TOML; see toml.h. */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "text/toml-private.h"

static json_t *value(TomlCursor *cursor, unsigned depth, GError **error);

static bool
ends_word(uint8_t byte)
{
  return g_ascii_isspace(byte) || byte == ',' || byte == ']' || byte == '}' || byte == '#' ||
         byte == '=';
}

static Slice
word(TomlCursor *cursor)
{
  const uint8_t *start = cursor->at;
  while (cursor->at < cursor->end && !ends_word(*cursor->at))
    cursor->at++;
  /* "1979-05-27 07:32:00" is one value. */
  if (cursor->at - start == 10 && start[4] == '-' && start[7] == '-' && toml_peek(cursor) == ' ' &&
      cursor->at + 1 < cursor->end && g_ascii_isdigit(cursor->at[1]))
    for (cursor->at++; cursor->at < cursor->end && !ends_word(*cursor->at);)
      cursor->at++;
  return slice_new(start, (size_t)(cursor->at - start));
}

/* NULL: it is no integer that fits. */
static json_t *
integer(const char *text)
{
  const struct {
    const char *prefix;
    unsigned base;
  } prefixes[] = {{"0x", 16}, {"0o", 8}, {"0b", 2}};
  unsigned base = 10;
  for (size_t i = 0; i < G_N_ELEMENTS(prefixes); i++)
    if (g_str_has_prefix(text, prefixes[i].prefix)) {
      base = prefixes[i].base;
      text += 2;
      break;
    }
  char *end = NULL;
  errno = 0;
  gint64 number = g_ascii_strtoll(text, &end, base);
  return errno == 0 && end != text && *end == '\0' ? json_integer(number) : NULL;
}

static json_t *
bare_value(TomlCursor *cursor, GError **error)
{
  Slice written = word(cursor);
  if (slice_equal_string(written, "true"))
    return json_true();
  if (slice_equal_string(written, "false"))
    return json_false();
  g_autofree char *text = slice_to_string(written);
  bool is_special = g_str_equal(text + strspn(text, "+-"), "inf") ||
                    g_str_equal(text + strspn(text, "+-"), "nan");
  if (written.size == 0 || (!g_ascii_isdigit(text[strspn(text, "+-")]) && !is_special)) {
    toml_fail(cursor, error, "a value is missing, or is none");
    return NULL;
  }
  g_autofree char *plain = g_strdup(text);
  char *to = plain;
  for (const char *from = text; *from != '\0'; from++)
    if (*from != '_')
      *to++ = *from;
  *to = '\0';
  json_t *number = integer(plain);
  return number != NULL ? number : json_string(text);
}

/* `[1, 2]`, with lines and comments in it; the bracket comes next. */
static json_t *
array(TomlCursor *cursor, unsigned depth, GError **error)
{
  g_autoptr(json_t) values = json_array();
  cursor->at++;
  for (;;) {
    toml_skip_lines(cursor);
    if (toml_take(cursor, "]"))
      return g_steal_pointer(&values);
    json_t *element = value(cursor, depth + 1, error);
    if (element == NULL)
      return NULL;
    json_array_append_new(values, element);
    toml_skip_lines(cursor);
    if (!toml_take(cursor, ",") && toml_peek(cursor) != ']') {
      toml_fail(cursor, error, "an array does not end");
      return NULL;
    }
  }
}

/* `{a = 1, b.c = 2}`; TOML 1.1 allows lines in it. */
static json_t *
inline_table(TomlCursor *cursor, unsigned depth, GError **error)
{
  g_autoptr(json_t) table = json_object();
  cursor->at++;
  for (;;) {
    toml_skip_lines(cursor);
    if (toml_take(cursor, "}"))
      return g_steal_pointer(&table);
    if (!toml_pair(cursor, table, depth + 1, error))
      return NULL;
    toml_skip_lines(cursor);
    if (!toml_take(cursor, ",") && toml_peek(cursor) != '}') {
      toml_fail(cursor, error, "a table in braces does not end");
      return NULL;
    }
  }
}

static json_t *
value(TomlCursor *cursor, unsigned depth, GError **error)
{
  if (depth > TOML_DEPTH_MAX || cursor->left == 0) {
    error_set(error, ASSAY_ERROR_LIMIT, "TOML: line %u: too deep, or too many values",
              cursor->line);
    return NULL;
  }
  cursor->left--;
  int next = toml_peek(cursor);
  if (next == '[')
    return array(cursor, depth, error);
  if (next == '{')
    return inline_table(cursor, depth, error);
  if (next != '"' && next != '\'')
    return bare_value(cursor, error);
  GString *text = toml_string(cursor, true, error);
  if (text == NULL)
    return NULL;
  json_t *string = json_stringn(text->str, text->len);
  g_string_free(text, TRUE);
  return string;
}

bool
toml_pair(TomlCursor *cursor, json_t *table, unsigned depth, GError **error)
{
  g_autoptr(GPtrArray) parts = toml_key(cursor, error);
  unsigned line = cursor->line;
  if (parts == NULL)
    return false;
  if (!toml_take(cursor, "="))
    return toml_fail(cursor, error, "a key has no value");
  toml_skip_blanks(cursor);
  table = toml_table(cursor, table, parts, error);
  json_t *new_value = table == NULL ? NULL : value(cursor, depth, error);
  if (table == NULL || new_value == NULL)
    return false;
  const char *key = g_ptr_array_index(parts, parts->len - 1);
  bool is_new = json_object_get(table, key) == NULL;
  json_object_set_new(table, key, new_value);
  toml_note_line(cursor, table, key, line);
  return is_new || toml_fail(cursor, error, "a key is there twice");
}
