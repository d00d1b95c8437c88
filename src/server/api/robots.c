/* /api/v1/robots: what programs log in as, and their secrets. */
#include "access/people/robots.h"

#include "access/credentials/secrets.h"
#include "base/error.h"
#include "base/json.h"
#include "server/api/accounts.h"

static const JsonMember secret_members[] = {
    {JSON_MEMBER(RobotSecret, slot), .kind = &json_number},
    {JSON_MEMBER(RobotSecret, created), .kind = &json_moment, .required = true},
    {JSON_MEMBER(RobotSecret, expires), .kind = &json_moment},
    {JSON_MEMBER(RobotSecret, last_used), .kind = &json_moment},
};
static const JsonTable secret_table = JSON_TABLE(RobotSecret, secret_members);

static const JsonMember robot_members[] = {
    {JSON_MEMBER(Account, name), .kind = &json_text, .required = true},
    {JSON_MEMBER(Account, description), .kind = &json_text},
    {JSON_MEMBER(Account, disabled), .kind = &json_flag},
    {JSON_MEMBER(Account, expires), .kind = &json_moment},
    {JSON_MEMBER_AS("remove_expired", Account, remove), .kind = &json_flag},
    {JSON_MEMBER(Account, created), .kind = &json_moment, .required = true},
    {JSON_MEMBER(Account, created_by), .kind = &json_text, .required = true},
    {JSON_MEMBER(Account, last_used), .kind = &json_moment},
};
static const JsonTable robot_table = JSON_TABLE(Account, robot_members);

/* What is shown once. */
typedef struct {
  char *secret;
  RobotSecret about;
} MadeSecret;
static const JsonMember made_members[] = {
    {JSON_MEMBER(MadeSecret, secret), .kind = &json_text, .required = true},
    {JSON_MEMBER_AS("slot", MadeSecret, about.slot), .kind = &json_number},
};
static const JsonTable made_table = JSON_TABLE(MadeSecret, made_members);

const ApiSchema api_robot_schemas[] = {
    {"Robot", &robot_table},
    {"Robot.secrets", &secret_table},
    {"MadeSecret", &made_table},
    {NULL},
};

/* --- one --- */

/* (transfer full); NULL: it has responded. */
static json_t *
robot_to_json(Request *request, const char *name)
{
  g_autoptr(GError) error = NULL;
  g_auto(Account) account = {0};
  RobotSecret secrets[ROBOT_SLOTS];
  unsigned count = 0;
  SqlPool *sql = server_context(request)->sql;
  g_autoptr(SqlConnection) db = sql_acquire(sql, &error);
  bool found = db != NULL && account_require(db, PRINCIPAL_ROBOT, name, &account, &error);
  g_clear_pointer(&db, sql_release);
  if (!found || !robots_secrets(sql, account.id, secrets, &count, &error)) {
    respond_error(request, error);
    return NULL;
  }
  json_t *body = json_table_write(&robot_table, &account), *list = json_array();
  json_object_set_new(body, "secrets", list);
  for (unsigned i = 0; i < count; i++)
    json_array_append_new(list, json_table_write(&secret_table, &secrets[i]));
  return body;
}

static void
respond_robot(Request *request, const char *name)
{
  g_autoptr(json_t) body = robot_to_json(request, name);
  if (body != NULL)
    respond_json(request, MHD_HTTP_OK, body);
}

static void
show_robot(Request *request)
{
  respond_robot(request, request_parameter(request, "robot"));
}

static void
list_robots(Request *request)
{
  g_autoptr(GError) error = NULL;
  uint64_t limit;
  const char *last;
  if (!api_names_of(request, &limit, &last))
    return;
  g_autoptr(GPtrArray) robots =
      accounts_after(server_context(request)->sql, PRINCIPAL_ROBOT, last, (unsigned)limit, &error);
  if (robots == NULL)
    respond_error(request, error);
  else
    api_respond_names(request, "robots", robots, &robot_table, limit, api_account_name);
}

/* --- making and changing --- */

typedef struct {
  char *name, *description;
  int64_t expires;
  bool remove_expired;
} RobotBody;
static const JsonMember new_members[] = {
    {JSON_MEMBER(RobotBody, name), .kind = &json_text, .required = true},
    {JSON_MEMBER(RobotBody, description), .kind = &json_text},
    {JSON_MEMBER(RobotBody, expires), .kind = &json_moment},
    {JSON_MEMBER(RobotBody, remove_expired), .kind = &json_flag},
};
static const JsonTable new_table = JSON_TABLE(RobotBody, new_members);

static void
create_robot(Request *request)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(SecretText) secret = NULL;
  RobotBody body = {0};
  if (!api_read_body(request, &new_table, &body))
    return json_table_clear(&new_table, &body);
  const NewRobot robot = {body.name, body.description, body.expires, body.remove_expired};
  if (robots_create(server_context(request)->access, &robot, api_asker(request), &secret, &error)) {
    const MadeSecret made = {secret, {.slot = 1}};
    g_autoptr(json_t) answer = json_table_write(&made_table, &made);
    api_respond_made(request, answer, "/api/v1/robots", body.name);
    response_shown_once(request);
  } else {
    respond_error(request, error);
  }
  json_table_clear(&new_table, &body);
}

typedef struct {
  char *description;
  int64_t expires;
  bool *never_expires, *disabled, *remove_expired;
} ChangeBody;
static const JsonMember change_members[] = {
    {JSON_MEMBER(ChangeBody, description), .kind = &json_text},
    {JSON_MEMBER(ChangeBody, expires), .kind = &json_moment},
    {JSON_MEMBER(ChangeBody, never_expires), .kind = &api_choice_kind},
    {JSON_MEMBER(ChangeBody, disabled), .kind = &api_choice_kind},
    {JSON_MEMBER(ChangeBody, remove_expired), .kind = &api_choice_kind},
};
static const JsonTable change_table = JSON_TABLE(ChangeBody, change_members);

static void
change_robot(Request *request)
{
  g_autoptr(GError) error = NULL;
  ChangeBody body = {0};
  const char *name = request_parameter(request, "robot");
  if (!api_read_body(request, &change_table, &body))
    return json_table_clear(&change_table, &body);
  bool never = body.never_expires != NULL && *body.never_expires;
  int64_t expires = never ? 0 : body.expires;
  const RobotChange change = {.description = body.description,
                              .expires = never || body.expires != 0 ? &expires : NULL,
                              .disabled = body.disabled,
                              .remove = body.remove_expired};
  if (robots_change(server_context(request)->access, name, &change, api_asker(request), &error))
    respond_robot(request, name);
  else
    respond_error(request, error);
  json_table_clear(&change_table, &body);
}

static void
delete_robot(Request *request)
{
  g_autoptr(GError) error = NULL;
  if (robots_delete(server_context(request)->access, request_parameter(request, "robot"),
                    api_asker(request), &error))
    respond_empty(request, MHD_HTTP_NO_CONTENT);
  else
    respond_error(request, error);
}

/* --- secrets --- */

typedef struct {
  int64_t other_ends;
} RotateBody;
static const JsonMember rotate_members[] = {
    {JSON_MEMBER(RotateBody, other_ends), .kind = &json_moment},
};
static const JsonTable rotate_table = JSON_TABLE(RotateBody, rotate_members);

static void
rotate_secret(Request *request)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(SecretText) secret = NULL;
  RotateBody body = {0};
  RobotSecret about;
  const char *name = request_parameter(request, "robot");
  if (!api_read_body(request, &rotate_table, &body) || !api_is_administrator(request))
    return;
  if (!robots_rotate(server_context(request)->access, name, body.other_ends, api_asker(request),
                     &about, &secret, &error)) {
    respond_error(request, error);
    return;
  }
  const MadeSecret made = {secret, about};
  g_autoptr(json_t) answer = json_table_write(&made_table, &made);
  g_autofree char *folder = g_strdup_printf("/api/v1/robots/%s/secrets", name);
  g_autofree char *slot = g_strdup_printf("%d", about.slot);
  api_respond_made(request, answer, folder, slot);
  response_shown_once(request);
}

static void
end_secret(Request *request)
{
  g_autoptr(GError) error = NULL;
  uint64_t slot = 0;
  if (!slice_to_uint64(slice_from_string(request_parameter(request, "slot")), &slot) || slot == 0 ||
      slot > ROBOT_SLOTS) {
    respond_oci_error(
        request, MHD_HTTP_NOT_FOUND, "NOT_FOUND",
        "a robot has secrets 1 and 2; `assay robot show` says which of them are there", NULL);
    return;
  }
  if (robots_end_secret(server_context(request)->access, request_parameter(request, "robot"),
                        (int)slot, api_asker(request), &error))
    respond_empty(request, MHD_HTTP_NO_CONTENT);
  else
    respond_error(request, error);
}

const Route api_robot_routes[] = {
    {"GET", "/api/v1/robots", "api-robots", VERB_MANAGE_ACCESS, ON_SYSTEM, WORK_WAITS,
     .finish = list_robots},
    {"POST", "/api/v1/robots", "api-robots", VERB_MANAGE_ACCESS, ON_SYSTEM, WORK_WAITS,
     .finish = create_robot, .body_limit = ACCOUNT_BODY_MAX},
    {"GET", "/api/v1/robots/<robot>", "api-robot", VERB_MANAGE_ACCESS, ON_SYSTEM, WORK_WAITS,
     .finish = show_robot},
    {"PATCH", "/api/v1/robots/<robot>", "api-robot", VERB_MANAGE_ACCESS, ON_SYSTEM, WORK_WAITS,
     .finish = change_robot, .body_limit = ACCOUNT_BODY_MAX},
    {"DELETE", "/api/v1/robots/<robot>", "api-robot", VERB_MANAGE_ACCESS, ON_SYSTEM, WORK_WAITS,
     .finish = delete_robot},
    {"POST", "/api/v1/robots/<robot>/secrets", "api-robot-secrets", VERB_MANAGE_ACCESS, ON_SYSTEM,
     WORK_WAITS, .finish = rotate_secret, .body_limit = ACCOUNT_BODY_MAX},
    {"DELETE", "/api/v1/robots/<robot>/secrets/<slot>", "api-robot-secrets", VERB_MANAGE_ACCESS,
     ON_SYSTEM, WORK_WAITS, .finish = end_secret},
    {NULL},
};
