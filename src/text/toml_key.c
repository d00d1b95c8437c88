/* Keys of TOML, and the tables that they lead to; see toml.h. */
#include <string.h>

#include "base/error.h"
#include "text/toml-private.h"

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

json_t *
toml_add(TomlCursor *cursor, json_t *table, const char *key, json_t *value, GError **error)
{
  if (json_object_get(table, key) != NULL) {
    json_decref(value);
    toml_fail(cursor, error, "a key is there twice");
    return NULL;
  }
  json_object_set_new(table, key, value);
  toml_note_line(cursor, table, key, cursor->line);
  return value;
}

json_t *
toml_enter(TomlCursor *cursor, json_t *table, const char *key, GError **error)
{
  json_t *next = json_object_get(table, key);
  if (json_is_array(next))
    next = json_array_get(next, json_array_size(next) - 1);
  else if (next == NULL && cursor->left > 0) {
    cursor->left--;
    next = toml_add(cursor, table, key, json_object(), error);
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
    table = toml_enter(cursor, table, g_ptr_array_index(parts, i), error);
  return table;
}
