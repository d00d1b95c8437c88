/* Where keys of TOML stand; see toml.h. */
#include "text/toml-private.h"

struct TomlLines {
  GHashTable *lines; /* by the table's address and the key */
};

TomlLines *
toml_lines_new(void)
{
  TomlLines *lines = g_new0(TomlLines, 1);
  lines->lines = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  return lines;
}

static char *
place_of(const json_t *table, const char *key)
{
  return g_strdup_printf("%p %s", (const void *)table, key == NULL ? "" : key);
}

void
toml_note_line(TomlCursor *cursor, const json_t *table, const char *key, unsigned line)
{
  if (cursor->lines != NULL)
    g_hash_table_insert(cursor->lines->lines, place_of(table, key), GUINT_TO_POINTER(line));
}

unsigned
toml_line_of(const TomlLines *lines, const json_t *table, const char *key)
{
  g_autofree char *place = place_of(table, key);
  return GPOINTER_TO_UINT(g_hash_table_lookup(lines->lines, place));
}

void
toml_lines_free(TomlLines *lines)
{
  if (lines == NULL)
    return;
  g_hash_table_unref(lines->lines);
  g_free(lines);
}
