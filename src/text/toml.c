/* Tables and pairs of TOML; see the header. */
#include "text/toml-private.h"

#include <string.h>

#include "base/error.h"

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

static void
skip_comment(TomlCursor *cursor)
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
    skip_comment(cursor);
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

static GString *
bare_key(TomlCursor *cursor, GError **error)
{
  const uint8_t *start = cursor->at;
  while (cursor->at < cursor->end &&
         (g_ascii_isalnum(*cursor->at) || *cursor->at == '_' || *cursor->at == '-'))
    cursor->at++;
  if (cursor->at > start)
    return g_string_new_len((const char *)start, cursor->at - start);
  toml_fail(cursor, error, "a key is missing");
  return NULL;
}

/* One part; NULs are no part of a key that anybody asks for. */
static char *
key_part(TomlCursor *cursor, GError **error)
{
  int next = toml_peek(cursor);
  GString *part =
      next == '"' || next == '\'' ? toml_string(cursor, false, error) : bare_key(cursor, error);
  if (part == NULL)
    return NULL;
  bool has_nul = memchr(part->str, 0, part->len) != NULL;
  char *text = g_string_free(part, has_nul);
  if (has_nul)
    toml_fail(cursor, error, "a key has a NUL");
  return text;
}

GPtrArray *
toml_key(TomlCursor *cursor, GError **error)
{
  g_autoptr(GPtrArray) parts = g_ptr_array_new_with_free_func(g_free);
  do {
    toml_skip_blanks(cursor);
    char *part = key_part(cursor, error);
    if (part == NULL)
      return NULL;
    g_ptr_array_add(parts, part);
    toml_skip_blanks(cursor);
  } while (parts->len < TOML_DEPTH_MAX && toml_take(cursor, "."));
  return g_steal_pointer(&parts);
}

/* Puts @value, which it takes over, into @table. */
static json_t *
add(TomlCursor *cursor, json_t *table, const char *key, json_t *value, GError **error)
{
  if (json_object_get(table, key) != NULL) {
    json_decref(value);
    toml_fail(cursor, error, "a key is there twice");
    return NULL;
  }
  json_object_set_new(table, key, value);
  return value;
}

/* The table @key of @table, or the last of the array of tables; made where it is missing. */
static json_t *
enter(TomlCursor *cursor, json_t *table, const char *key, GError **error)
{
  json_t *next = json_object_get(table, key);
  if (json_is_array(next))
    next = json_array_get(next, json_array_size(next) - 1);
  else if (next == NULL && cursor->left > 0) {
    cursor->left--;
    next = add(cursor, table, key, json_object(), error);
  }
  if (json_is_object(next))
    return next;
  toml_fail(cursor, error, "a key is used as a table, and is none");
  return NULL;
}

json_t *
toml_table(TomlCursor *cursor, json_t *table, const GPtrArray *parts, GError **error)
{
  for (guint i = 0; table != NULL && i + 1 < parts->len; i++)
    table = enter(cursor, table, g_ptr_array_index(parts, i), error);
  return table;
}

/* `[a.b]` */
static json_t *
open_table(TomlCursor *cursor, json_t *root, const GPtrArray *parts, GError **error)
{
  json_t *table = toml_table(cursor, root, parts, error);
  return table == NULL ? NULL
                       : enter(cursor, table, g_ptr_array_index(parts, parts->len - 1), error);
}

/* `[[a.b]]` */
static json_t *
open_element(TomlCursor *cursor, json_t *root, const GPtrArray *parts, GError **error)
{
  json_t *table = toml_table(cursor, root, parts, error);
  const char *key = g_ptr_array_index(parts, parts->len - 1);
  json_t *array = table == NULL ? NULL : json_object_get(table, key);
  if (table != NULL && array == NULL)
    array = add(cursor, table, key, json_array(), error);
  if (table == NULL || array == NULL)
    return NULL;
  if (!json_is_array(array)) {
    toml_fail(cursor, error, "a key is used as an array of tables, and is none");
    return NULL;
  }
  json_t *element = json_object();
  json_array_append_new(array, element);
  return element;
}

static json_t *
header(TomlCursor *cursor, json_t *root, GError **error)
{
  bool of_array = toml_take(cursor, "[[");
  if (!of_array)
    cursor->at++;
  g_autoptr(GPtrArray) parts = toml_key(cursor, error);
  if (parts == NULL)
    return NULL;
  if (!toml_take(cursor, of_array ? "]]" : "]")) {
    toml_fail(cursor, error, "the name of a table does not end");
    return NULL;
  }
  return of_array ? open_element(cursor, root, parts, error)
                  : open_table(cursor, root, parts, error);
}

static bool
end_line(TomlCursor *cursor, GError **error)
{
  toml_skip_blanks(cursor);
  skip_comment(cursor);
  if (toml_peek(cursor) == '\r')
    cursor->at++;
  return cursor->at == cursor->end || *cursor->at == '\n' ||
         toml_fail(cursor, error, "something comes after a value");
}

static bool
read_all(TomlCursor *cursor, json_t *root, GError **error)
{
  json_t *table = root;
  for (toml_skip_lines(cursor); cursor->at < cursor->end; toml_skip_lines(cursor)) {
    if (cursor->left-- == 0)
      return error_set(error, ASSAY_ERROR_LIMIT, "TOML of too many values");
    if (*cursor->at == '[')
      table = header(cursor, root, error);
    else if (!toml_pair(cursor, table, 0, error))
      return false;
    if (table == NULL || !end_line(cursor, error))
      return false;
  }
  return true;
}

json_t *
toml_parse(Slice text, size_t most, GError **error)
{
  if (slice_has_prefix(text, SLICE_LITERAL("\xef\xbb\xbf")))
    text = slice_sub(text, 3, SIZE_MAX);
  TomlCursor cursor = {text.data, text.data + text.size, 1, most};
  if (text.size > 0 && !g_utf8_validate_len((const char *)text.data, text.size, NULL)) {
    toml_fail(&cursor, error, "it is not UTF-8, or has a NUL");
    return NULL;
  }
  g_autoptr(json_t) root = json_object();
  return read_all(&cursor, root, error) ? g_steal_pointer(&root) : NULL;
}
