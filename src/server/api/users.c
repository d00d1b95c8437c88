/* /api/v1/users: people. */
#include "access/people/people.h"
#include "base/error.h"
#include "base/json.h"
#include "server/api/accounts.h"
#include "server/api/user.h"

static json_t *
write_password(const JsonMember *member, const void *value)
{
  return json_boolean(*(char *const *)value != NULL);
}
static const JsonKind has_password_kind = {
    .type = "boolean", .always = true, .write = write_password};

static const JsonMember user_members[] = {
    {JSON_MEMBER(Account, name), .kind = &json_text, .required = true},
    {JSON_MEMBER(Account, display), .kind = &json_text},
    {JSON_MEMBER(Account, mail), .kind = &json_text},
    {JSON_MEMBER(Account, source), .kind = &json_text, .required = true},
    {JSON_MEMBER(Account, disabled), .kind = &json_flag},
    {JSON_MEMBER(Account, password), .kind = &has_password_kind},
    {JSON_MEMBER_AS("second_factor", Account, second), .kind = &json_flag},
    {JSON_MEMBER(Account, created), .kind = &json_moment, .required = true},
    {JSON_MEMBER(Account, created_by), .kind = &json_text, .required = true},
    {JSON_MEMBER(Account, last_used), .kind = &json_moment},
};
static const JsonTable user_table = JSON_TABLE(Account, user_members);

const ApiSchema api_user_schemas[] = {
    {"User", &user_table},
    {NULL},
};

/* What a client sends to make or change one. */
typedef struct {
  char *name, *password, *display, *mail;
  bool administrator;
} UserBody;
static const JsonMember new_members[] = {
    {JSON_MEMBER(UserBody, name), .kind = &json_text, .required = true},
    {JSON_MEMBER(UserBody, password), .kind = &json_text},
    {JSON_MEMBER(UserBody, display), .kind = &json_text},
    {JSON_MEMBER(UserBody, mail), .kind = &json_text},
    {JSON_MEMBER(UserBody, administrator), .kind = &json_flag},
};
static const JsonTable new_table = JSON_TABLE(UserBody, new_members);

/* --- one --- */

static bool
find_user(Request *request, const char *name, Account *account)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(SqlConnection) db = sql_acquire(server_context(request)->sql, &error);
  if (db != NULL && account_require(db, PRINCIPAL_PERSON, name, account, &error))
    return true;
  respond_error(request, error);
  return false;
}

void
api_respond_user(Request *request, const char *name, unsigned status)
{
  g_auto(Account) account = {0};
  if (!find_user(request, name, &account))
    return;
  g_autoptr(json_t) body = json_table_write(&user_table, &account);
  if (status == MHD_HTTP_CREATED)
    api_respond_made(request, body, "/api/v1/users", name);
  else
    respond_json(request, status, body);
}

static void
show_user(Request *request)
{
  api_respond_user(request, request_parameter(request, "user"), MHD_HTTP_OK);
}

static void
list_users(Request *request)
{
  g_autoptr(GError) error = NULL;
  uint64_t limit;
  const char *last;
  if (!api_names_of(request, &limit, &last))
    return;
  g_autoptr(GPtrArray) users =
      accounts_after(server_context(request)->sql, PRINCIPAL_PERSON, last, (unsigned)limit, &error);
  if (users == NULL)
    respond_error(request, error);
  else
    api_respond_names(request, "users", users, &user_table, limit, api_account_name);
}

/* --- changes --- */

static void
create_user(Request *request)
{
  g_autoptr(GError) error = NULL;
  UserBody body = {0};
  if (!api_read_body(request, &new_table, &body) ||
      (body.administrator && !api_is_administrator(request)))
    return json_table_clear(&new_table, &body);
  const NewPerson person = {.name = body.name,
                            .password = body.password,
                            .display = body.display,
                            .mail = body.mail,
                            .administrator = body.administrator};
  if (people_create(server_context(request)->access, &person, api_asker(request), &error))
    api_respond_user(request, body.name, MHD_HTTP_CREATED);
  else
    respond_error(request, error);
  json_table_clear(&new_table, &body);
}

typedef struct {
  char *password, *display, *mail;
  bool *disabled;
} UserChange;
static const JsonMember change_members[] = {
    {JSON_MEMBER(UserChange, password), .kind = &json_text},
    {JSON_MEMBER(UserChange, display), .kind = &json_text},
    {JSON_MEMBER(UserChange, mail), .kind = &json_text},
    {JSON_MEMBER(UserChange, disabled), .kind = &api_choice_kind},
};
static const JsonTable change_table = JSON_TABLE(UserChange, change_members);

static void
change_user(Request *request)
{
  g_autoptr(GError) error = NULL;
  UserChange body = {0};
  const char *name = request_parameter(request, "user");
  if (!api_read_body(request, &change_table, &body) ||
      (body.password != NULL && !api_is_administrator(request)))
    return json_table_clear(&change_table, &body);
  const PersonChange change = {.display = body.display,
                               .mail = body.mail,
                               .password = body.password,
                               .disabled = body.disabled};
  if (people_change(server_context(request)->access, name, &change, api_asker(request), &error))
    api_respond_user(request, name, MHD_HTTP_OK);
  else
    respond_error(request, error);
  json_table_clear(&change_table, &body);
}

static void
delete_user(Request *request)
{
  g_autoptr(GError) error = NULL;
  if (people_delete(server_context(request)->access, request_parameter(request, "user"),
                    api_asker(request), &error))
    respond_empty(request, MHD_HTTP_NO_CONTENT);
  else
    respond_error(request, error);
}

const Route api_user_routes[] = {
    {"GET", "/api/v1/users", "api-users", VERB_MANAGE_ACCESS, ON_SYSTEM, WORK_WAITS,
     .finish = list_users},
    {"POST", "/api/v1/users", "api-users", VERB_MANAGE_ACCESS, ON_SYSTEM, WORK_WAITS,
     .finish = create_user, .body_limit = ACCOUNT_BODY_MAX},
    {"GET", "/api/v1/users/<user>", "api-user", VERB_MANAGE_ACCESS, ON_SYSTEM, WORK_WAITS,
     .finish = show_user},
    {"PATCH", "/api/v1/users/<user>", "api-user", VERB_MANAGE_ACCESS, ON_SYSTEM, WORK_WAITS,
     .finish = change_user, .body_limit = ACCOUNT_BODY_MAX},
    {"DELETE", "/api/v1/users/<user>", "api-user", VERB_MANAGE_ACCESS, ON_SYSTEM, WORK_WAITS,
     .finish = delete_user},
    {NULL},
};
