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

/* Where another says the same of the new name already, one of them is enough: who takes that away
 * later is to take away all of it. */
static bool
follow(SqlConnection *db, int64_t id, const char *pattern, GError **error)
{
  int64_t doubled = 0;
  return sql_run(db, &doubled, error,
                 "DELETE FROM bindings WHERE id = $1 AND EXISTS (SELECT 1 FROM bindings AS other "
                 "WHERE other.id <> $1 AND other.pattern = $2 AND other.kind = bindings.kind "
                 "AND other.subject = bindings.subject AND other.role = bindings.role "
                 "AND other.effect = bindings.effect "
                 "AND COALESCE(other.tags, '') = COALESCE(bindings.tags, '') "
                 "AND COALESCE(other.ends, 0) = COALESCE(bindings.ends, 0))",
                 SQL_INTEGER(id), SQL_TEXT(pattern), SQL_END) &&
         (doubled > 0 || sql_run(db, NULL, error, "UPDATE bindings SET pattern = $2 WHERE id = $1",
                                 SQL_INTEGER(id), SQL_TEXT(pattern), SQL_END));
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
    if (!follow(db, id, changed, error))
      return false;
  }
  return list != NULL && (list->len == 0 || access_changed(db, error));
}
