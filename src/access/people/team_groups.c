/* Groups of directories that teams take in. */
#include <string.h>

#include "access/people/names.h"
#include "access/people/people.h"
#include "access/people/team.h"
#include "base/error.h"
#include "base/json.h"
#include "base/slice.h"
#include "jobs/outbox.h"

void
team_group_free(TeamGroup *group)
{
  g_free(group->source);
  g_free(group->name);
  g_free(group);
}

typedef struct {
  const char *team, *source, *group, *by;
  bool add;
} Naming;

static bool
check_naming(const Naming *naming, GError **error)
{
  size_t size = strlen(naming->group);
  if (!g_str_has_prefix(naming->source, "oidc:") && !g_str_has_prefix(naming->source, "ldap:"))
    return error_set(error, ASSAY_ERROR_INVALID,
                     "the source of a group must be oidc:NAME or ldap:NAME");
  if (size == 0 || size > TEAM_GROUP_MOST || !slice_is_printable(slice_from_string(naming->group)))
    return error_set(error, ASSAY_ERROR_INVALID, "a group must have a name of at most %d bytes",
                     TEAM_GROUP_MOST);
  return account_text_check("the source of a group", naming->source, error);
}

static bool
count_groups(SqlConnection *db, int64_t team, int64_t *count, GError **error)
{
  g_autoptr(SqlRows) rows = sql_query(db, error, "SELECT count(*) FROM team_groups WHERE team = $1",
                                      SQL_INTEGER(team), SQL_END);
  return rows != NULL && sql_number(rows, count, error);
}

static bool
put_group(SqlConnection *db, int64_t team, const Naming *naming, GError **error)
{
  int64_t count = 0;
  if (!count_groups(db, team, &count, error))
    return false;
  if (count >= TEAM_GROUPS_MOST)
    return error_set(error, ASSAY_ERROR_LIMIT, "the team %s has %d groups: no more are allowed",
                     naming->team, TEAM_GROUPS_MOST);
  return sql_run(db, NULL, error,
                 "INSERT INTO team_groups (team, source, name) VALUES ($1, $2, $3) "
                 "ON CONFLICT (source, name, team) DO NOTHING",
                 SQL_INTEGER(team), SQL_TEXT(naming->source), SQL_TEXT(naming->group), SQL_END);
}

/* Who was a member by the group alone is one until the next log-in; but not without any group of
 * that source. */
static bool
drop_group(SqlConnection *db, int64_t team, const Naming *naming, GError **error)
{
  int64_t changed = 0;
  if (!sql_run(db, &changed, error,
               "DELETE FROM team_groups WHERE team = $1 AND source = $2 AND name = $3",
               SQL_INTEGER(team), SQL_TEXT(naming->source), SQL_TEXT(naming->group), SQL_END))
    return false;
  if (changed == 0)
    return error_set(error, ASSAY_ERROR_NOT_FOUND, "the team %s does not take in that group",
                     naming->team);
  return sql_run(db, NULL, error, "DELETE FROM team_members WHERE team = $1 AND source = $2",
                 SQL_INTEGER(team), SQL_TEXT(naming->source), SQL_END);
}

static bool
name_group(SqlConnection *db, void *data, GError **error)
{
  const Naming *naming = data;
  g_autoptr(SqlRows) rows = NULL;
  g_autoptr(json_t) told = json_object();
  if (!access_changed(db, error))
    return false;
  Found found = sql_first(db, &rows, error, "SELECT id FROM teams WHERE name = $1 " SQL_LOCK,
                          SQL_TEXT(naming->team), SQL_END);
  if (found == ABSENT)
    error_set(error, ASSAY_ERROR_NOT_FOUND, "there is no team named %s", naming->team);
  if (found != FOUND)
    return false;
  int64_t team = sql_rows_integer(rows, 0);
  g_clear_pointer(&rows, sql_rows_free);
  json_set_string(told, "by", naming->by);
  json_set_string(told, "source", naming->source);
  json_set_string(told, "group", naming->group);
  return (naming->add ? put_group(db, team, naming, error) : drop_group(db, team, naming, error)) &&
         event_tell(db, naming->add ? "team.group_added" : "team.group_removed", naming->team, told,
                    error);
}

static bool
run(Access *access, Naming *naming, GError **error)
{
  if (!check_naming(naming, error) || !sql_transact(access_sql(access), name_group, naming, error))
    return false;
  access_forget(access);
  return true;
}

bool
teams_add_group(Access *access, const char *name, const char *source, const char *group,
                const char *by, GError **error)
{
  Naming naming = {name, source, group, by, true};
  return run(access, &naming, error);
}

bool
teams_remove_group(Access *access, const char *name, const char *source, const char *group,
                   const char *by, GError **error)
{
  Naming naming = {name, source, group, by, false};
  return run(access, &naming, error);
}

GPtrArray *
teams_groups(SqlPool *sql, int64_t team, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func((GDestroyNotify)team_group_free);
  g_autoptr(SqlRows) rows =
      sql_query(db, error, "SELECT source, name FROM team_groups WHERE team = $1",
                SQL_INTEGER(team), SQL_END);
  Found found;
  while ((found = sql_next(rows, error)) == FOUND) {
    TeamGroup *group = g_new0(TeamGroup, 1);
    group->source = g_strdup(sql_rows_text(rows, 0));
    group->name = g_strdup(sql_rows_text(rows, 1));
    g_ptr_array_add(list, group);
  }
  return found == FAILED ? NULL : g_steal_pointer(&list);
}
