/* Old names: which there are, and ending one. */
#include "base/error.h"
#include "jobs/event.h"
#include "registry/move.h"
#include "registry/registry-private.h"

static const JsonMember members[] = {
    {JSON_MEMBER(MovedName, name), .kind = &json_text, .required = true},
    {JSON_MEMBER(MovedName, to), .kind = &json_text, .required = true},
    {JSON_MEMBER(MovedName, until), .kind = &json_moment, .required = true},
};
const JsonTable moved_name_table = JSON_TABLE(MovedName, members);

void
moved_name_free(MovedName *moved)
{
  json_table_clear(&moved_name_table, moved);
  g_free(moved);
}

GPtrArray *
registry_moved_names(Registry *registry, const char *last, unsigned limit, bool *more,
                     GError **error)
{
  Found found = ABSENT;
  g_autoptr(SqlConnection) db = sql_acquire(registry->sql, error);
  g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func((GDestroyNotify)moved_name_free);
  if (db == NULL)
    return NULL;
  g_autoptr(SqlRows) rows =
      sql_query(db, error,
                "SELECT name, target, until FROM moved_names WHERE name > $1 AND until > $2 "
                "ORDER BY name LIMIT $3",
                SQL_TEXT(last != NULL ? last : ""), SQL_INTEGER(g_get_real_time()),
                SQL_INTEGER((int64_t)limit + 1), SQL_END);
  *more = false;
  while (!*more && (found = sql_next(rows, error)) == FOUND) {
    *more = list->len == limit;
    if (*more)
      break;
    MovedName *moved = g_new0(MovedName, 1);
    g_ptr_array_add(list, moved);
    moved->name = g_strdup(sql_rows_text(rows, 0));
    moved->to = g_strdup(sql_rows_text(rows, 1));
    moved->until = sql_rows_integer(rows, 2);
  }
  return found == FAILED ? NULL : g_steal_pointer(&list);
}

/* A SqlWork. */
static bool
end_one(SqlConnection *db, void *data, GError **error)
{
  const char *name = data;
  int64_t changed = 0;
  if (!sql_run(db, &changed, error, "DELETE FROM moved_names WHERE name = $1", SQL_TEXT(name),
               SQL_END))
    return false;
  return changed == 0
             ? error_set(error, ASSAY_ERROR_NOT_FOUND,
                         "%.300s is no name that a repository had; `assay repository moved` lists "
                         "those",
                         name)
             : event_tell(db, "repository.redirect-ended", name, NULL, error);
}

bool
registry_end_moved(Registry *registry, const char *name, GError **error)
{
  return sql_transact(registry->sql, end_one, (void *)(uintptr_t)name, error) &&
         registry_read_moved(registry, error);
}
