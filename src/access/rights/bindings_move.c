/* Grants on what got another name. */
#include <string.h>

#include "access/rights/bindings.h"

static bool
is_of(const char *pattern, const char *name, bool below)
{
  size_t length = strlen(name);
  return strcmp(pattern, name) == 0 ||
         (below && strncmp(pattern, name, length) == 0 && pattern[length] == '/');
}

/* (transfer full): "ID PATTERN" */
static GPtrArray *
find_bindings(SqlConnection *db, const char *from, bool below, GError **error)
{
  Found found;
  g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(SqlRows) rows = sql_query(db, error, "SELECT id, pattern FROM bindings", SQL_END);
  while ((found = sql_next(rows, error)) == FOUND)
    if (is_of(sql_rows_text(rows, 1), from, below))
      g_ptr_array_add(list, g_strdup_printf("%" G_GINT64_FORMAT " %s", sql_rows_integer(rows, 0),
                                            sql_rows_text(rows, 1)));
  return found == FAILED ? NULL : g_steal_pointer(&list);
}

bool
bindings_follow_move(SqlConnection *db, const char *from, const char *to, bool below,
                     GError **error)
{
  g_autoptr(GPtrArray) list = find_bindings(db, from, below, error);
  for (guint i = 0; list != NULL && i < list->len; i++) {
    char *pattern = NULL;
    int64_t id = g_ascii_strtoll(g_ptr_array_index(list, i), &pattern, 10);
    g_autofree char *changed = g_strconcat(to, pattern + 1 + strlen(from), NULL);
    if (!sql_run(db, NULL, error, "UPDATE bindings SET pattern = $2 WHERE id = $1", SQL_INTEGER(id),
                 SQL_TEXT(changed), SQL_END))
      return false;
  }
  return list != NULL && (list->len == 0 || access_changed(db, error));
}
