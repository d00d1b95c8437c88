/* /api/v1/robots/<robot>/trusts: by which tokens of other issuers a robot is known. */
#include "access/credentials/trusts.h"

#include "base/error.h"
#include "base/json.h"
#include "server/api/accounts.h"

static const JsonMember trust_members[] = {
    {JSON_MEMBER(Trust, id), .kind = &json_number},
    {JSON_MEMBER(Trust, issuer), .kind = &json_text, .required = true},
    {JSON_MEMBER(Trust, audience), .kind = &json_text, .required = true},
    {JSON_MEMBER(Trust, claims), .kind = &json_any, .required = true},
    {JSON_MEMBER(Trust, created), .kind = &json_moment, .required = true},
    {JSON_MEMBER(Trust, created_by), .kind = &json_text, .required = true},
    {JSON_MEMBER(Trust, last_used), .kind = &json_moment},
};
static const JsonTable trust_table = JSON_TABLE(Trust, trust_members);

const ApiSchema api_trust_schemas[] = {
    {"RobotTrusts.trusts", &trust_table},
    {NULL},
};

/* The id of the robot of the path. False: it has responded. */
static bool
find_robot(Request *request, int64_t *id)
{
  g_autoptr(GError) error = NULL;
  g_auto(Account) account = {0};
  g_autoptr(SqlConnection) db = sql_acquire(server_context(request)->sql, &error);
  if (db != NULL &&
      account_require(db, PRINCIPAL_ROBOT, request_parameter(request, "robot"), &account, &error)) {
    *id = account.id;
    return true;
  }
  respond_error(request, error);
  return false;
}

static void
list_trusts(Request *request)
{
  g_autoptr(GError) error = NULL;
  int64_t robot;
  if (!find_robot(request, &robot))
    return;
  g_autoptr(GPtrArray) trusts = trusts_of(server_context(request)->sql, robot, NULL, &error);
  if (trusts == NULL) {
    respond_error(request, error);
    return;
  }
  g_autoptr(json_t) body = json_object();
  json_t *list = json_array();
  json_object_set_new(body, "trusts", list);
  for (guint i = 0; i < trusts->len; i++)
    json_array_append_new(list, json_table_write(&trust_table, g_ptr_array_index(trusts, i)));
  respond_json(request, MHD_HTTP_OK, body);
}

typedef struct {
  char *issuer, *audience;
  json_t *claims;
} TrustBody;
static const JsonMember new_members[] = {
    {JSON_MEMBER(TrustBody, issuer), .kind = &json_text, .required = true},
    {JSON_MEMBER(TrustBody, audience), .kind = &json_text, .required = true},
    {JSON_MEMBER(TrustBody, claims), .kind = &json_any, .required = true},
};
static const JsonTable new_table = JSON_TABLE(TrustBody, new_members);

/* Who trusts a token acts for the robot. */
static void
add_trust(Request *request)
{
  g_autoptr(GError) error = NULL;
  TrustBody body = {0};
  int64_t id = 0;
  const char *robot = request_parameter(request, "robot");
  if (!api_is_administrator(request) || !api_read_body(request, &new_table, &body))
    return json_table_clear(&new_table, &body);
  const NewTrust trust = {body.issuer, body.audience, body.claims};
  if (trusts_add(server_context(request)->access, robot, &trust, api_asker(request), &id, &error)) {
    g_autofree char *folder = g_strdup_printf("/api/v1/robots/%s/trusts", robot);
    g_autofree char *name = g_strdup_printf("%" G_GINT64_FORMAT, id);
    g_autoptr(json_t) answer = json_object();
    json_object_set_new(answer, "id", json_integer(id));
    api_respond_made(request, answer, folder, name);
  } else {
    respond_error(request, error);
  }
  json_table_clear(&new_table, &body);
}

static void
remove_trust(Request *request)
{
  g_autoptr(GError) error = NULL;
  uint64_t id = 0;
  if (!slice_to_uint64(slice_from_string(request_parameter(request, "trust")), &id) ||
      id > INT64_MAX)
    id = 0;
  if (trusts_remove(server_context(request)->access, request_parameter(request, "robot"),
                    (int64_t)id, api_asker(request), &error))
    respond_empty(request, MHD_HTTP_NO_CONTENT);
  else
    respond_error(request, error);
}

const Route api_trust_routes[] = {
    {"GET", "/api/v1/robots/<robot>/trusts", "api-robot-trusts", VERB_MANAGE_ACCESS, ON_SYSTEM,
     WORK_WAITS, .finish = list_trusts},
    {"POST", "/api/v1/robots/<robot>/trusts", "api-robot-trusts", VERB_MANAGE_ACCESS, ON_SYSTEM,
     WORK_WAITS, .finish = add_trust, .body_limit = ACCOUNT_BODY_MAX},
    {"DELETE", "/api/v1/robots/<robot>/trusts/<trust>", "api-robot-trust", VERB_MANAGE_ACCESS,
     ON_SYSTEM, WORK_WAITS, .finish = remove_trust},
    {NULL},
};
