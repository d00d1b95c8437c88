/* Teams; see the header. */
#include "access/people/team.h"

#include "access/people/accounts.h"
#include "access/people/names.h"
#include "access/people/people.h"
#include "access/rights/administrators.h"
#include "base/error.h"
#include "base/json.h"
#include "jobs/outbox.h"

void
team_free(Team *team)
{
  if (team == NULL)
    return;
  g_free(team->name);
  g_free(team->description);
  g_free(team->created_by);
  g_free(team);
}

void
team_member_free(TeamMember *member)
{
  g_free(member->name);
  g_free(member->kind);
  g_free(member->source);
  g_free(member);
}

/* What each of the works below takes. */
typedef struct {
  const char *name, *description, *member, *by;
  SqlPool *sql;
} Work;

static bool
run(Access *access, SqlWork what, Work *work, GError **error)
{
  work->sql = access_sql(access);
  if (!sql_transact(work->sql, what, work, error))
    return false;
  access_forget(access);
  return true;
}

static bool
tell(SqlConnection *db, const char *type, const Work *work, GError **error)
{
  g_autoptr(json_t) told = json_object();
  json_set_string(told, "by", work->by);
  json_set_string(told, "member", work->member);
  json_set_string(told, "description", work->description);
  return event_tell(db, type, work->name, told, error);
}

/* *id: of the team; false with ASSAY_ERROR_NOT_FOUND where there is none. */
static bool
require_team(SqlConnection *db, const char *name, int64_t *id, GError **error)
{
  g_autoptr(SqlRows) rows = NULL;
  Found found = sql_first(db, &rows, error, "SELECT id FROM teams WHERE name = $1 " SQL_LOCK,
                          SQL_TEXT(name), SQL_END);
  if (found == ABSENT)
    error_set(error, ASSAY_ERROR_NOT_FOUND, "there is no team named %s", name);
  if (found == FOUND)
    *id = sql_rows_integer(rows, 0);
  return found == FOUND;
}

/* --- making and ending --- */

static bool
create(SqlConnection *db, void *data, GError **error)
{
  const Work *work = data;
  g_autoptr(SqlRows) rows = NULL;
  if (!access_changed(db, error))
    return false;
  Found found = sql_first(db, &rows, error, "SELECT id FROM teams WHERE name = $1",
                          SQL_TEXT(work->name), SQL_END);
  if (found == FOUND)
    error_set(error, ASSAY_ERROR_EXISTS, "a team named %s exists already", work->name);
  if (found != ABSENT)
    return false;
  g_clear_pointer(&rows, sql_rows_free);
  return sql_run(db, NULL, error,
                 "INSERT INTO teams (id, name, description, created, created_by) "
                 "VALUES ($1, $2, $3, $4, $5)",
                 SQL_INTEGER(account_random_id()), SQL_TEXT(work->name),
                 SQL_TEXT(work->description), SQL_INTEGER(g_get_real_time()), SQL_TEXT(work->by),
                 SQL_END) &&
         tell(db, "team.created", work, error);
}

bool
teams_create(Access *access, const char *name, const char *description, const char *by,
             GError **error)
{
  Work work = {.name = name, .description = description, .by = by};
  return account_name_check("a team", name, error) &&
         account_text_check("the description", description, error) &&
         run(access, create, &work, error);
}

static bool
describe(SqlConnection *db, void *data, GError **error)
{
  const Work *work = data;
  int64_t team = 0;
  return require_team(db, work->name, &team, error) &&
         sql_run(db, NULL, error, "UPDATE teams SET description = $2 WHERE id = $1",
                 SQL_INTEGER(team), SQL_TEXT(work->description), SQL_END) &&
         tell(db, "team.changed", work, error);
}

bool
teams_describe(Access *access, const char *name, const char *description, const char *by,
               GError **error)
{
  Work work = {.name = name, .description = description, .by = by};
  return account_text_check("the description", description, error) &&
         run(access, describe, &work, error);
}

static bool
delete_team(SqlConnection *db, void *data, GError **error)
{
  const Work *work = data;
  int64_t team = 0;
  if (!access_changed(db, error) || !require_team(db, work->name, &team, error))
    return false;
  SqlValue it = SQL_INTEGER(team);
  return sql_run(db, NULL, error, "DELETE FROM bindings WHERE kind = 'team' AND subject = $1", it,
                 SQL_END) &&
         sql_run(db, NULL, error, "DELETE FROM team_members WHERE team = $1", it, SQL_END) &&
         sql_run(db, NULL, error, "DELETE FROM team_groups WHERE team = $1", it, SQL_END) &&
         sql_run(db, NULL, error, "DELETE FROM teams WHERE id = $1", it, SQL_END) &&
         administrators_remain(work->sql, db, error) && tell(db, "team.deleted", work, error);
}

bool
teams_delete(Access *access, const char *name, const char *by, GError **error)
{
  Work work = {.name = name, .by = by};
  return run(access, delete_team, &work, error);
}

/* --- members --- */

/* Both as they are now. */
static bool
find_both(SqlConnection *db, const Work *work, int64_t *team, Account *member, GError **error)
{
  if (!access_changed(db, error) || !require_team(db, work->name, team, error))
    return false;
  Found found = account_find(db, work->member, member, error);
  if (found == ABSENT)
    error_set(error, ASSAY_ERROR_NOT_FOUND, "there is no person or robot named %s", work->member);
  return found == FOUND;
}

static bool
add_member(SqlConnection *db, void *data, GError **error)
{
  const Work *work = data;
  int64_t team = 0;
  g_auto(Account) member = {0};
  return find_both(db, work, &team, &member, error) &&
         sql_run(db, NULL, error,
                 "INSERT INTO team_members (team, principal, source) VALUES ($1, $2, $3) "
                 "ON CONFLICT (team, principal, source) DO NOTHING",
                 SQL_INTEGER(team), SQL_INTEGER(member.id), SQL_TEXT(SOURCE_LOCAL), SQL_END) &&
         administrators_remain(work->sql, db, error) && tell(db, "team.member_added", work, error);
}

bool
teams_add_member(Access *access, const char *name, const char *member, const char *by,
                 GError **error)
{
  Work work = {.name = name, .member = member, .by = by};
  return run(access, add_member, &work, error);
}

static bool
remove_member(SqlConnection *db, void *data, GError **error)
{
  const Work *work = data;
  int64_t team = 0, changed = 0;
  g_auto(Account) member = {0};
  if (!find_both(db, work, &team, &member, error) ||
      !sql_run(db, &changed, error,
               "DELETE FROM team_members WHERE team = $1 AND principal = $2 AND source = $3",
               SQL_INTEGER(team), SQL_INTEGER(member.id), SQL_TEXT(SOURCE_LOCAL), SQL_END))
    return false;
  if (changed == 0)
    return error_set(error, ASSAY_ERROR_NOT_FOUND, "%s was not named here as a member of %s",
                     work->member, work->name);
  return administrators_remain(work->sql, db, error) &&
         tell(db, "team.member_removed", work, error);
}

bool
teams_remove_member(Access *access, const char *name, const char *member, const char *by,
                    GError **error)
{
  Work work = {.name = name, .member = member, .by = by};
  return run(access, remove_member, &work, error);
}

/* --- reading --- */

#define TEAM_COLUMNS                                                                               \
  "t.id, t.name, t.description, t.created, t.created_by, "                                         \
  "(SELECT count(DISTINCT m.principal) FROM team_members AS m WHERE m.team = t.id)"

static Team *
take_team(SqlRows *rows)
{
  Team *team = g_new0(Team, 1);
  team->id = sql_rows_integer(rows, 0);
  team->name = g_strdup(sql_rows_text(rows, 1));
  team->description = g_strdup(sql_rows_text(rows, 2));
  team->created = sql_rows_integer(rows, 3);
  team->created_by = g_strdup(sql_rows_text(rows, 4));
  team->members = sql_rows_integer(rows, 5);
  return team;
}

GPtrArray *
teams_after(SqlPool *sql, const char *after, unsigned limit, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func((GDestroyNotify)team_free);
  g_autoptr(SqlRows) rows = sql_query(
      db, error,
      "SELECT " TEAM_COLUMNS " FROM teams AS t WHERE t.name > $1 ORDER BY t.name LIMIT $2",
      SQL_TEXT(after != NULL ? after : ""), SQL_INTEGER(limit), SQL_END);
  Found found;
  while ((found = sql_next(rows, error)) == FOUND)
    g_ptr_array_add(list, take_team(rows));
  return found == FAILED ? NULL : g_steal_pointer(&list);
}

Team *
teams_find(SqlPool *sql, const char *name, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  g_autoptr(SqlRows) rows = NULL;
  if (db == NULL)
    return NULL;
  Found found =
      sql_first(db, &rows, error, "SELECT " TEAM_COLUMNS " FROM teams AS t WHERE t.name = $1",
                SQL_TEXT(name), SQL_END);
  if (found == ABSENT)
    error_set(error, ASSAY_ERROR_NOT_FOUND, "there is no team named %s", name);
  return found == FOUND ? take_team(rows) : NULL;
}

GPtrArray *
teams_members(SqlPool *sql, int64_t team, const char *after, unsigned limit, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func((GDestroyNotify)team_member_free);
  g_autoptr(SqlRows) rows = sql_query(
      db, error,
      "SELECT p.name, p.kind, m.source FROM team_members AS m JOIN principals AS p ON p.id = "
      "m.principal "
      "WHERE m.team = $1 AND p.name > $2 ORDER BY p.name, m.source LIMIT $3",
      SQL_INTEGER(team), SQL_TEXT(after != NULL ? after : ""), SQL_INTEGER(limit), SQL_END);
  Found found;
  while ((found = sql_next(rows, error)) == FOUND) {
    TeamMember *member = g_new0(TeamMember, 1);
    member->name = g_strdup(sql_rows_text(rows, 0));
    member->kind = g_strdup(sql_rows_text(rows, 1));
    member->source = g_strdup(sql_rows_text(rows, 2));
    g_ptr_array_add(list, member);
  }
  return found == FAILED ? NULL : g_steal_pointer(&list);
}

GStrv
teams_of(SqlPool *sql, int64_t principal, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(SqlRows) rows =
      sql_query(db, error,
                "SELECT DISTINCT t.name FROM team_members AS m JOIN teams AS t ON t.id = m.team "
                "WHERE m.principal = $1 ORDER BY t.name",
                SQL_INTEGER(principal), SQL_END);
  Found found;
  while ((found = sql_next(rows, error)) == FOUND)
    g_ptr_array_add(names, g_strdup(sql_rows_text(rows, 0)));
  if (found == FAILED)
    return NULL;
  g_ptr_array_add(names, NULL);
  g_ptr_array_set_free_func(names, NULL);
  return (GStrv)g_ptr_array_free(g_steal_pointer(&names), FALSE);
}
