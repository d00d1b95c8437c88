/* /api/v1/key-grants: which signing rule may use which key. */
#include "access/rights/key_grants.h"

#include "base/error.h"
#include "base/json.h"
#include "server/api/accounts.h"

static const JsonMember members[] = {
    {JSON_MEMBER(KeyGrant, id), .kind = &json_number},
    {JSON_MEMBER(KeyGrant, rule), .kind = &json_text, .required = true},
    {JSON_MEMBER(KeyGrant, key), .kind = &json_text, .required = true},
    {JSON_MEMBER(KeyGrant, verb), .kind = &json_text, .required = true},
    {JSON_MEMBER(KeyGrant, pattern), .kind = &json_text, .required = true},
    {JSON_MEMBER(KeyGrant, until), .kind = &json_moment},
    {JSON_MEMBER(KeyGrant, created), .kind = &json_moment, .required = true},
    {JSON_MEMBER(KeyGrant, created_by), .kind = &json_text, .required = true},
};
static const JsonTable table = JSON_TABLE(KeyGrant, members);

const ApiSchema api_key_grant_schemas[] = {
    {"KeyGrant", &table},
    {NULL},
};

/* --- reading --- */

static void
list_key_grants(Request *request)
{
  g_autoptr(GError) error = NULL;
  uint64_t limit = PAGE_DEFAULT, last = 0;
  if (!api_number_of(request, "limit", 1, PAGE_MAX, &limit) ||
      !api_number_of(request, "last", 0, INT64_MAX, &last))
    return;
  g_autoptr(GPtrArray) grants = key_grants_after(
      server_context(request)->access, request_principal(request), request_query(request, "rule"),
      request_query(request, "key"), (int64_t)last, (unsigned)limit, &error);
  if (grants == NULL) {
    respond_error(request, error);
    return;
  }
  g_autoptr(json_t) body = json_object();
  json_t *list = json_array();
  json_set_number(body, "limit", limit);
  json_object_set_new(body, "key_grants", list);
  for (guint i = 0; i < grants->len; i++)
    json_array_append_new(list, json_table_write(&table, g_ptr_array_index(grants, i)));
  if (grants->len == limit) {
    const KeyGrant *end = g_ptr_array_index(grants, grants->len - 1);
    g_autofree char *next = g_strdup_printf("%" G_GINT64_FORMAT, end->id);
    json_set_string(body, "next", next);
  }
  respond_json(request, MHD_HTTP_OK, body);
}

/* Of the path; 0: what none has. */
static int64_t
id_of(Request *request)
{
  uint64_t id = 0;
  return slice_to_uint64(slice_from_string(request_parameter(request, "grant")), &id) &&
                 id <= INT64_MAX
             ? (int64_t)id
             : 0;
}

/* (transfer full); NULL: it has responded. */
static json_t *
grant_to_json(Request *request, int64_t id)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(KeyGrant) grant =
      key_grant_get(server_context(request)->access, request_principal(request), id, &error);
  if (grant == NULL)
    respond_error(request, error);
  return grant == NULL ? NULL : json_table_write(&table, grant);
}

static void
show_key_grant(Request *request)
{
  g_autoptr(json_t) body = grant_to_json(request, id_of(request));
  if (body != NULL)
    respond_json(request, MHD_HTTP_OK, body);
}

/* --- changes --- */

static const JsonMember new_members[] = {
    {JSON_MEMBER(KeyGrant, rule), .kind = &json_text, .required = true},
    {JSON_MEMBER(KeyGrant, key), .kind = &json_text, .required = true},
    {JSON_MEMBER(KeyGrant, verb), .kind = &json_text, .otherwise = "sign"},
    {JSON_MEMBER(KeyGrant, pattern), .kind = &json_text, .required = true},
    {JSON_MEMBER(KeyGrant, until), .kind = &json_moment},
};
static const JsonTable new_table = JSON_TABLE(KeyGrant, new_members);

static void
create_key_grant(Request *request)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(KeyGrant) wanted = g_new0(KeyGrant, 1);
  if (!api_read_body(request, &new_table, wanted))
    return;
  if (!key_grant_create(server_context(request)->access, request_principal(request), wanted,
                        &error)) {
    respond_error(request, error);
    return;
  }
  g_autofree char *name = g_strdup_printf("%" G_GINT64_FORMAT, wanted->id);
  g_autoptr(json_t) body = grant_to_json(request, wanted->id);
  if (body != NULL)
    api_respond_made(request, body, "/api/v1/key-grants", name);
}

static void
end_key_grant(Request *request)
{
  g_autoptr(GError) error = NULL;
  if (key_grant_end(server_context(request)->access, request_principal(request), id_of(request),
                    &error))
    respond_empty(request, MHD_HTTP_NO_CONTENT);
  else
    respond_error(request, error);
}

#define KEY_GRANTS "/api/v1/key-grants"

const Route api_key_grant_routes[] = {
    {"GET", KEY_GRANTS, "api-key-grants", VERB_MANAGE_ACCESS, ON_WHAT_ONE_MAY, WORK_WAITS,
     .finish = list_key_grants},
    {"POST", KEY_GRANTS, "api-key-grants", VERB_MANAGE_ACCESS, ON_WHAT_ONE_MAY, WORK_WAITS,
     .finish = create_key_grant, .body_limit = ACCOUNT_BODY_MAX},
    {"GET", KEY_GRANTS "/<grant>", "api-key-grant", VERB_MANAGE_ACCESS, ON_WHAT_ONE_MAY, WORK_WAITS,
     .finish = show_key_grant},
    {"DELETE", KEY_GRANTS "/<grant>", "api-key-grant", VERB_MANAGE_ACCESS, ON_WHAT_ONE_MAY,
     WORK_WAITS, .finish = end_key_grant},
    {NULL},
};
