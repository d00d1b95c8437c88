/* Moving; see the header. */
#include "registry/move-private.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "jobs/event.h"
#include "registry/namespaces.h"
#include "registry/pulls.h"
#include "registry/registry-private.h"

typedef struct {
  Registry *registry;
  const RegistryMove *move;
} Work;

/* --- checks --- */

static bool
check_names(const RegistryMove *move, GError **error)
{
  if (!registry_check_name(move->from, error) || !registry_check_name(move->to, error))
    return false;
  if (move->whole && (strchr(move->from, '/') != NULL || strchr(move->to, '/') != NULL))
    return error_set(error, ASSAY_ERROR_INVALID,
                     "a namespace is the first part of repositories' names, and has no slash");
  if (strcmp(move->from, move->to) == 0)
    return error_set(error, ASSAY_ERROR_INVALID, "%s is its name already", move->to);
  if (move->redirect_for > REDIRECT_MOST)
    return error_set(error, ASSAY_ERROR_INVALID, "an old name answers for ten years at most");
  return true;
}

static bool
taken(const char *what, const char *name, GError **error)
{
  return error_set(error, ASSAY_ERROR_EXISTS,
                   "%s %s is there already; move to another name, or delete what is there first",
                   what, name);
}

/* Nothing is there, and nothing that could be brought back. */
static bool
check_free(SqlConnection *db, const char *name, GError **error)
{
  g_autoptr(SqlRows) rows = NULL;
  Found found = sql_first(db, &rows, error,
                          "SELECT 1 FROM repositories WHERE name = $1 UNION ALL "
                          "SELECT 1 FROM deleted_manifests WHERE repository = $1 LIMIT 1",
                          SQL_TEXT(name), SQL_END);
  return found == FOUND ? taken("repository", name, error) : found == ABSENT;
}

static bool
check_namespace_free(SqlConnection *db, const char *name, GError **error)
{
  g_autoptr(SqlRows) rows = NULL;
  g_autofree char *first = g_strconcat(name, "/", NULL), *end = namespace_end(name);
  Found found = sql_first(db, &rows, error,
                          "SELECT 1 FROM repositories WHERE name = $1 OR (name > $2 AND name < $3) "
                          "UNION ALL SELECT 1 FROM namespaces WHERE name = $1 "
                          "UNION ALL SELECT 1 FROM retention WHERE namespace = $1 LIMIT 1",
                          SQL_TEXT(name), SQL_TEXT(first), SQL_TEXT(end), SQL_END);
  return found == FOUND ? taken("namespace", name, error) : found == ABSENT;
}

/* --- aliases --- */

static bool
set_alias(SqlConnection *db, const RegistryMove *move, const char *from, const char *to,
          GError **error)
{
  int64_t until = g_get_real_time() + (int64_t)move->redirect_for * G_USEC_PER_SEC;
  return sql_run(db, NULL, error, "DELETE FROM moved_names WHERE name = $1 OR name = $2",
                 SQL_TEXT(to), SQL_TEXT(from), SQL_END) &&
         sql_run(db, NULL, error, "UPDATE moved_names SET target = $2 WHERE target = $1",
                 SQL_TEXT(from), SQL_TEXT(to), SQL_END) &&
         (move->redirect_for == 0 ||
          sql_run(db, NULL, error,
                  "INSERT INTO moved_names (name, target, until) VALUES ($1, $2, $3)",
                  SQL_TEXT(from), SQL_TEXT(to), SQL_INTEGER(until), SQL_END));
}

static bool
forget_ended(SqlConnection *db, GError **error)
{
  return sql_run(db, NULL, error, "DELETE FROM moved_names WHERE until <= $1",
                 SQL_INTEGER(g_get_real_time()), SQL_END);
}

/* --- the move --- */

static bool
move_one(SqlConnection *db, const Work *work, const char *from, const char *to, GError **error)
{
  RegistryMoved hook = moved_names_hook(work->registry->moved);
  return registry_lock_repository(db, from, error) && check_free(db, to, error) &&
         move_rows(db, from, to, error) && set_alias(db, work->move, from, to, error) &&
         (hook == NULL || hook(db, from, to, error));
}

/* (transfer full): char * */
static GPtrArray *
repositories_of(SqlConnection *db, const RegistryMove *move, GError **error)
{
  g_autofree char *first = g_strconcat(move->from, "/", NULL), *end = namespace_end(move->from);
  g_autoptr(SqlRows) rows =
      move->whole
          ? sql_query(db, error,
                      "SELECT name FROM repositories WHERE name = $1 OR (name > $2 AND name < $3) "
                      "ORDER BY name",
                      SQL_TEXT(move->from), SQL_TEXT(first), SQL_TEXT(end), SQL_END)
          : sql_query(db, error, "SELECT name FROM repositories WHERE name = $1",
                      SQL_TEXT(move->from), SQL_END);
  g_autoptr(GPtrArray) names = sql_texts(rows, error);
  if (names != NULL && names->len == 0) {
    registry_error_set(error, REGISTRY_NAME_UNKNOWN, "%s %s: nothing was ever pushed to it",
                       move->whole ? "namespace" : "repository", move->from);
    return NULL;
  }
  return g_steal_pointer(&names);
}

static bool
tell(SqlConnection *db, const RegistryMove *move, guint repositories, GError **error)
{
  g_autoptr(json_t) data = json_object();
  json_set_string(data, "from", move->from);
  json_set_string(data, "to", move->to);
  json_set_number(data, "redirect_for", move->redirect_for);
  if (move->whole)
    json_set_number(data, "repositories", repositories);
  return event_tell(db, move->whole ? "namespace.renamed" : "repository.moved", move->from, data,
                    error);
}

/* What the namespaces hold is counted anew: blobs that repositories share make sums of no use. */
static bool
count_both(SqlConnection *db, const RegistryMove *move, GError **error)
{
  g_autofree char *from = namespace_of(move->from), *to = namespace_of(move->to);
  /* A namespace that is renamed takes its quota along, and may be above it as before. */
  return strcmp(from, to) == 0 || (quota_count(db, from, error) && quota_count(db, to, error) &&
                                   (move->whole || quota_refuse_passed(db, to, error)));
}

/* A SqlWork. */
static bool
run(SqlConnection *db, void *data, GError **error)
{
  const Work *work = data;
  const RegistryMove *move = work->move;
  g_autoptr(GPtrArray) names = repositories_of(db, move, error);
  if (names == NULL || !forget_ended(db, error) ||
      (move->whole && (!check_namespace_free(db, move->to, error) ||
                       !move_settings(db, move->from, move->to, error))))
    return false;
  for (guint i = 0; i < names->len; i++) {
    const char *name = g_ptr_array_index(names, i);
    g_autofree char *to = g_strconcat(move->to, name + strlen(move->from), NULL);
    if (!registry_check_name(to, error) || !move_one(db, work, name, to, error))
      return false;
  }
  return count_both(db, move, error) &&
         (move->carry == NULL ||
          move->carry(db, move->from, move->to, move->whole, move->data, error)) &&
         tell(db, move, names->len, error);
}

bool
registry_move(Registry *registry, const RegistryMove *move, GError **error)
{
  Work work = {registry, move};
  if (!check_names(move, error) || !registry_write_pulls(registry, error) ||
      !sql_transact(registry->sql, run, &work, error))
    return false;
  quarantine_set_stale(registry->quarantine);
  registry_changed(registry);
  return registry_read_moved(registry, error);
}
