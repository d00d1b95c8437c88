/* /api/v1/roles: names for sets of verbs, built in and of this installation. */
#include "access/rights/custom_roles.h"
#include "base/error.h"
#include "base/json.h"
#include "server/api/accounts.h"

static const JsonMember role_members[] = {
    {JSON_MEMBER(RoleRow, name), .kind = &json_text, .required = true},
    {JSON_MEMBER(RoleRow, verbs), .kind = &json_texts, .required = true},
    {JSON_MEMBER(RoleRow, description), .kind = &json_text},
    {JSON_MEMBER(RoleRow, built_in), .kind = &json_flag},
    {JSON_MEMBER(RoleRow, created), .kind = &json_moment},
    {JSON_MEMBER(RoleRow, created_by), .kind = &json_text},
};
static const JsonTable role_table = JSON_TABLE(RoleRow, role_members);

const ApiSchema api_role_schemas[] = {
    {"Role", &role_table},
    {NULL},
};

static void
list_roles(Request *request)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) roles = roles_list(server_context(request)->access, &error);
  if (roles == NULL) {
    respond_error(request, error);
    return;
  }
  g_autoptr(json_t) body = json_object();
  json_t *list = json_array();
  json_object_set_new(body, "roles", list);
  for (guint i = 0; i < roles->len; i++)
    json_array_append_new(list, json_table_write(&role_table, g_ptr_array_index(roles, i)));
  respond_json(request, MHD_HTTP_OK, body);
}

static void
respond_role(Request *request, const char *name, unsigned status)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(RoleRow) role = role_get(server_context(request)->access, name, &error);
  if (role == NULL) {
    respond_error(request, error);
    return;
  }
  g_autoptr(json_t) body = json_table_write(&role_table, role);
  if (status == MHD_HTTP_CREATED)
    api_respond_made(request, body, "/api/v1/roles", name);
  else
    respond_json(request, status, body);
}

static void
show_role(Request *request)
{
  respond_role(request, request_parameter(request, "role"), MHD_HTTP_OK);
}

/* --- changes --- */

typedef struct {
  char *name, *description;
  char **verbs;
} RoleBody;
static const JsonMember new_members[] = {
    {JSON_MEMBER(RoleBody, name), .kind = &json_text, .required = true},
    {JSON_MEMBER(RoleBody, verbs), .kind = &json_texts, .required = true, .most = 100},
    {JSON_MEMBER(RoleBody, description), .kind = &json_text},
};
static const JsonTable new_table = JSON_TABLE(RoleBody, new_members);
static const JsonMember change_members[] = {
    {JSON_MEMBER(RoleBody, verbs), .kind = &json_texts, .most = 100},
    {JSON_MEMBER(RoleBody, description), .kind = &json_text},
};
static const JsonTable change_table = JSON_TABLE(RoleBody, change_members);

static const char *const *
words(char **verbs)
{
  return (const char *const *)verbs;
}

static void
create_role(Request *request)
{
  static const char *const none[] = {NULL};
  g_autoptr(GError) error = NULL;
  RoleBody body = {0};
  if (api_read_body(request, &new_table, &body)) {
    if (roles_create(server_context(request)->access, request_principal(request), body.name,
                     body.verbs != NULL ? words(body.verbs) : none, body.description, &error))
      respond_role(request, body.name, MHD_HTTP_CREATED);
    else
      respond_error(request, error);
  }
  json_table_clear(&new_table, &body);
}

static void
change_role(Request *request)
{
  g_autoptr(GError) error = NULL;
  const char *name = request_parameter(request, "role");
  RoleBody body = {0};
  if (api_read_body(request, &change_table, &body)) {
    if (roles_change(server_context(request)->access, request_principal(request), name,
                     words(body.verbs), body.description, &error))
      respond_role(request, name, MHD_HTTP_OK);
    else
      respond_error(request, error);
  }
  json_table_clear(&change_table, &body);
}

static void
delete_role(Request *request)
{
  g_autoptr(GError) error = NULL;
  if (roles_delete(server_context(request)->access, request_principal(request),
                   request_parameter(request, "role"), &error))
    respond_empty(request, MHD_HTTP_NO_CONTENT);
  else
    respond_error(request, error);
}

const Route api_role_routes[] = {
    {"GET", "/api/v1/roles", "api-roles", VERB_MANAGE_ACCESS, ON_WHAT_ONE_MAY, WORK_WAITS,
     .finish = list_roles},
    {"POST", "/api/v1/roles", "api-roles", VERB_MANAGE_ACCESS, ON_SYSTEM, WORK_WAITS,
     .finish = create_role, .body_limit = ACCOUNT_BODY_MAX},
    {"GET", "/api/v1/roles/<role>", "api-role", VERB_MANAGE_ACCESS, ON_WHAT_ONE_MAY, WORK_WAITS,
     .finish = show_role},
    {"PATCH", "/api/v1/roles/<role>", "api-role", VERB_MANAGE_ACCESS, ON_SYSTEM, WORK_WAITS,
     .finish = change_role, .body_limit = ACCOUNT_BODY_MAX},
    {"DELETE", "/api/v1/roles/<role>", "api-role", VERB_MANAGE_ACCESS, ON_SYSTEM, WORK_WAITS,
     .finish = delete_role},
    {NULL},
};
