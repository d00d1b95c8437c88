/* /api/v1/teams: teams, their members, and the groups of directories that they take in. */
#include "access/people/team.h"

#include "base/error.h"
#include "base/json.h"
#include "server/api/accounts.h"

static const JsonMember team_members[] = {
    {JSON_MEMBER(Team, name), .kind = &json_text, .required = true},
    {JSON_MEMBER(Team, description), .kind = &json_text},
    {JSON_MEMBER(Team, created), .kind = &json_moment, .required = true},
    {JSON_MEMBER(Team, created_by), .kind = &json_text, .required = true},
    {JSON_MEMBER(Team, members), .kind = &json_number},
};
static const JsonTable team_table = JSON_TABLE(Team, team_members);

static const JsonMember member_members[] = {
    {JSON_MEMBER(TeamMember, name), .kind = &json_text, .required = true},
    {JSON_MEMBER(TeamMember, kind), .kind = &json_text, .required = true},
    {JSON_MEMBER(TeamMember, source), .kind = &json_text, .required = true},
};
static const JsonTable member_table = JSON_TABLE(TeamMember, member_members);

static const JsonMember group_members[] = {
    {JSON_MEMBER(TeamGroup, source), .kind = &json_text, .required = true},
    {JSON_MEMBER(TeamGroup, name), .kind = &json_text, .required = true},
};
static const JsonTable group_table = JSON_TABLE(TeamGroup, group_members);

const ApiSchema api_team_schemas[] = {
    {"Team", &team_table},
    {"TeamMember", &member_table},
    {"TeamGroup", &group_table},
    {NULL},
};

static Access *
access_of(Request *request)
{
  return server_context(request)->access;
}

/* What a change answers: nothing, or why not. */
static void
respond_done(Request *request, bool done, const GError *error)
{
  if (done)
    respond_empty(request, MHD_HTTP_NO_CONTENT);
  else
    respond_error(request, error);
}

/* The team of the path. NULL: it has responded. (transfer full) */
static Team *
team_of(Request *request)
{
  g_autoptr(GError) error = NULL;
  Team *team = teams_find(server_context(request)->sql, request_parameter(request, "team"), &error);
  if (team == NULL)
    respond_error(request, error);
  return team;
}

/* --- teams --- */

static const char *
team_name(void *team)
{
  return ((Team *)team)->name;
}

static void
list_teams(Request *request)
{
  g_autoptr(GError) error = NULL;
  uint64_t limit;
  const char *last;
  if (!api_names_of(request, &limit, &last))
    return;
  g_autoptr(GPtrArray) teams =
      teams_after(server_context(request)->sql, last, (unsigned)limit, &error);
  if (teams == NULL)
    respond_error(request, error);
  else
    api_respond_names(request, "teams", teams, &team_table, limit, team_name);
}

static void
show_team(Request *request)
{
  g_autoptr(Team) team = team_of(request);
  g_autoptr(json_t) body = team == NULL ? NULL : json_table_write(&team_table, team);
  if (body != NULL)
    respond_json(request, MHD_HTTP_OK, body);
}

typedef struct {
  char *name, *description;
} TeamBody;
static const JsonMember new_members[] = {
    {JSON_MEMBER(TeamBody, name), .kind = &json_text, .required = true},
    {JSON_MEMBER(TeamBody, description), .kind = &json_text},
};
static const JsonTable new_table = JSON_TABLE(TeamBody, new_members);

static void
respond_new_team(Request *request, const char *name)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(Team) team = teams_find(server_context(request)->sql, name, &error);
  g_autoptr(json_t) body = team == NULL ? NULL : json_table_write(&team_table, team);
  if (body == NULL)
    respond_error(request, error);
  else
    api_respond_made(request, body, "/api/v1/teams", name);
}

static void
create_team(Request *request)
{
  g_autoptr(GError) error = NULL;
  TeamBody body = {0};
  if (!api_read_body(request, &new_table, &body))
    return json_table_clear(&new_table, &body);
  if (teams_create(access_of(request), body.name, body.description, api_asker(request), &error))
    respond_new_team(request, body.name);
  else
    respond_error(request, error);
  json_table_clear(&new_table, &body);
}

static const JsonMember change_members[] = {
    {JSON_MEMBER(TeamBody, description), .kind = &json_text, .required = true},
};
static const JsonTable change_table = JSON_TABLE(TeamBody, change_members);

static void
change_team(Request *request)
{
  g_autoptr(GError) error = NULL;
  TeamBody body = {0};
  if (api_read_body(request, &change_table, &body)) {
    bool done = teams_describe(access_of(request), request_parameter(request, "team"),
                               body.description, api_asker(request), &error);
    respond_done(request, done, error);
  }
  json_table_clear(&change_table, &body);
}

static void
delete_team(Request *request)
{
  g_autoptr(GError) error = NULL;
  bool done = teams_delete(access_of(request), request_parameter(request, "team"),
                           api_asker(request), &error);
  respond_done(request, done, error);
}

/* --- members --- */

static const char *
member_name(void *member)
{
  return ((TeamMember *)member)->name;
}

static void
list_members(Request *request)
{
  g_autoptr(GError) error = NULL;
  uint64_t limit;
  const char *last;
  if (!api_names_of(request, &limit, &last))
    return;
  g_autoptr(Team) team = team_of(request);
  if (team == NULL)
    return;
  g_autoptr(GPtrArray) members =
      teams_members(server_context(request)->sql, team->id, last, (unsigned)limit, &error);
  if (members == NULL)
    respond_error(request, error);
  else
    api_respond_names(request, "members", members, &member_table, limit, member_name);
}

static void
add_member(Request *request)
{
  g_autoptr(GError) error = NULL;
  const char *team = request_parameter(request, "team");
  if (!api_is_administrator(request))
    return;
  bool done = teams_add_member(access_of(request), team, request_parameter(request, "member"),
                               api_asker(request), &error);
  respond_done(request, done, error);
}

static void
remove_member(Request *request)
{
  g_autoptr(GError) error = NULL;
  bool done = teams_remove_member(access_of(request), request_parameter(request, "team"),
                                  request_parameter(request, "member"), api_asker(request), &error);
  respond_done(request, done, error);
}

/* --- groups of directories --- */

static void
list_groups(Request *request)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(Team) team = team_of(request);
  if (team == NULL)
    return;
  g_autoptr(GPtrArray) groups = teams_groups(server_context(request)->sql, team->id, &error);
  if (groups == NULL) {
    respond_error(request, error);
    return;
  }
  g_autoptr(json_t) body = json_object();
  json_t *list = json_array();
  json_object_set_new(body, "groups", list);
  for (guint i = 0; i < groups->len; i++)
    json_array_append_new(list, json_table_write(&group_table, g_ptr_array_index(groups, i)));
  respond_json(request, MHD_HTTP_OK, body);
}

static void
add_group(Request *request)
{
  g_autoptr(GError) error = NULL;
  TeamGroup body = {0};
  const char *team = request_parameter(request, "team");
  if (api_read_body(request, &group_table, &body) && api_is_administrator(request)) {
    bool done = teams_add_group(access_of(request), team, body.source, body.name,
                                api_asker(request), &error);
    respond_done(request, done, error);
  }
  json_table_clear(&group_table, &body);
}

static void
remove_group(Request *request)
{
  g_autoptr(GError) error = NULL;
  const char *source = request_query(request, "source"), *name = request_query(request, "name");
  if (source == NULL || name == NULL) {
    api_refuse(request, "?source= and ?name= say which group");
    return;
  }
  bool done = teams_remove_group(access_of(request), request_parameter(request, "team"), source,
                                 name, api_asker(request), &error);
  respond_done(request, done, error);
}

const Route api_team_routes[] = {
    {"GET", "/api/v1/teams", "api-teams", VERB_MANAGE_ACCESS, ON_SYSTEM, WORK_WAITS,
     .finish = list_teams},
    {"POST", "/api/v1/teams", "api-teams", VERB_MANAGE_ACCESS, ON_SYSTEM, WORK_WAITS,
     .finish = create_team, .body_limit = ACCOUNT_BODY_MAX},
    {"GET", "/api/v1/teams/<team>", "api-team", VERB_MANAGE_ACCESS, ON_SYSTEM, WORK_WAITS,
     .finish = show_team},
    {"PATCH", "/api/v1/teams/<team>", "api-team", VERB_MANAGE_ACCESS, ON_SYSTEM, WORK_WAITS,
     .finish = change_team, .body_limit = ACCOUNT_BODY_MAX},
    {"DELETE", "/api/v1/teams/<team>", "api-team", VERB_MANAGE_ACCESS, ON_SYSTEM, WORK_WAITS,
     .finish = delete_team},
    {"GET", "/api/v1/teams/<team>/members", "api-team-members", VERB_MANAGE_ACCESS, ON_SYSTEM,
     WORK_WAITS, .finish = list_members},
    {"PUT", "/api/v1/teams/<team>/members/<member>", "api-team-members", VERB_MANAGE_ACCESS,
     ON_SYSTEM, WORK_WAITS, .finish = add_member},
    {"DELETE", "/api/v1/teams/<team>/members/<member>", "api-team-members", VERB_MANAGE_ACCESS,
     ON_SYSTEM, WORK_WAITS, .finish = remove_member},
    {"GET", "/api/v1/teams/<team>/groups", "api-team-groups", VERB_MANAGE_ACCESS, ON_SYSTEM,
     WORK_WAITS, .finish = list_groups},
    {"POST", "/api/v1/teams/<team>/groups", "api-team-groups", VERB_MANAGE_ACCESS, ON_SYSTEM,
     WORK_WAITS, .finish = add_group, .body_limit = ACCOUNT_BODY_MAX},
    {"DELETE", "/api/v1/teams/<team>/groups", "api-team-groups", VERB_MANAGE_ACCESS, ON_SYSTEM,
     WORK_WAITS, .finish = remove_group},
    {NULL},
};
