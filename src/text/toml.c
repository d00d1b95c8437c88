/* Tables and pairs of TOML; see the header. */
#include "text/toml-private.h"

#include <string.h>

#include "base/error.h"

/* `[a.b]` */
static json_t *
open_table(TomlCursor *cursor, json_t *root, const GPtrArray *parts, GError **error)
{
  json_t *table = toml_table(cursor, root, parts, error);
  return table == NULL ? NULL
                       : toml_enter(cursor, table, g_ptr_array_index(parts, parts->len - 1), error);
}

/* `[[a.b]]` */
static json_t *
open_element(TomlCursor *cursor, json_t *root, const GPtrArray *parts, GError **error)
{
  json_t *table = toml_table(cursor, root, parts, error);
  const char *key = g_ptr_array_index(parts, parts->len - 1);
  json_t *array = table == NULL ? NULL : json_object_get(table, key);
  if (table != NULL && array == NULL)
    array = toml_add(cursor, table, key, json_array(), error);
  if (table == NULL || array == NULL)
    return NULL;
  if (!json_is_array(array)) {
    toml_fail(cursor, error, "a key is used as an array of tables, and is none");
    return NULL;
  }
  json_t *element = json_object();
  json_array_append_new(array, element);
  toml_note_line(cursor, element, NULL, cursor->line);
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
  toml_skip_comment(cursor);
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

static json_t *
parse(Slice text, size_t most, TomlLines *lines, GError **error)
{
  if (slice_has_prefix(text, SLICE_LITERAL("\xef\xbb\xbf")))
    text = slice_sub(text, 3, SIZE_MAX);
  const uint8_t nothing[1] = {0};
  const uint8_t *start = text.size > 0 ? text.data : nothing;
  TomlCursor cursor = {start, start + text.size, 1, most, lines};
  if (text.size > 0 && !g_utf8_validate_len((const char *)text.data, text.size, NULL)) {
    toml_fail(&cursor, error, "it is not UTF-8, or has a NUL");
    return NULL;
  }
  g_autoptr(json_t) root = json_object();
  return read_all(&cursor, root, error) ? g_steal_pointer(&root) : NULL;
}

json_t *
toml_parse(Slice text, size_t most, GError **error)
{
  return parse(text, most, NULL, error);
}

json_t *
toml_parse_lines(Slice text, size_t most, TomlLines **lines, GError **error)
{
  g_autoptr(TomlLines) noted = toml_lines_new();
  json_t *root = parse(text, most, noted, error);
  if (root != NULL)
    *lines = g_steal_pointer(&noted);
  return root;
}
