/* /api/v1/grants: bindings, by which rights are given and denied. */
#include <string.h>

#include "access/rights/bindings.h"
#include "base/enum_names.h"
#include "base/error.h"
#include "base/json.h"
#include "server/api/accounts.h"
#include "server/api/grants.h"

static json_t *
write_effect(const JsonMember *member, const void *value)
{
  return json_string(*(const bool *)value ? "deny" : "allow");
}

/* Missing: allow. */
static bool
read_effect(const JsonMember *member, const json_t *json, void *value, GError **error)
{
  static const char *const words[] = {"allow", "deny", NULL};
  unsigned effect = 0;
  if (json != NULL && !enum_find(words, json_string_value(json), &effect))
    return json_member_refuse(member, error);
  *(bool *)value = effect == 1;
  return true;
}
static const JsonKind effect_kind = {.type = "string",
                                     .noun = "allow or deny",
                                     .always = true,
                                     .write = write_effect,
                                     .read = read_effect};

/* RFC 3339; json_moment is only written to the second. */
static bool
read_moment(const JsonMember *member, const json_t *json, void *value, GError **error)
{
  g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
  g_autoptr(GDateTime) time =
      json_is_string(json) ? g_date_time_new_from_iso8601(json_string_value(json), utc) : NULL;
  if (json != NULL && time == NULL)
    return json_member_refuse(member, error);
  if (time != NULL)
    *(int64_t *)value = g_date_time_to_unix(time) * G_USEC_PER_SEC;
  return true;
}
static const JsonKind until_kind = {
    .type = "string", .noun = "a time such as 2027-01-31T00:00:00Z", .read = read_moment};

static const JsonMember grant_members[] = {
    {JSON_MEMBER_AS("id", BindingRow, binding.id), .kind = &json_number},
    {JSON_MEMBER_AS("kind", BindingRow, binding.kind), .kind = &json_word,
     .words = subject_kind_names},
    {JSON_MEMBER_AS("subject", BindingRow, binding.who), .kind = &json_text},
    {JSON_MEMBER_AS("role", BindingRow, binding.role), .kind = &json_text, .required = true},
    {JSON_MEMBER_AS("effect", BindingRow, binding.deny), .kind = &effect_kind},
    {JSON_MEMBER_AS("pattern", BindingRow, binding.pattern), .kind = &json_text, .required = true},
    {JSON_MEMBER_AS("tags", BindingRow, binding.tags), .kind = &json_text},
    {JSON_MEMBER_AS("until", BindingRow, binding.until), .kind = &json_moment},
};
const JsonTable api_grant_table = JSON_TABLE(BindingRow, grant_members);
static const JsonMember made_members[] = {
    {JSON_MEMBER(BindingRow, created), .kind = &json_moment, .required = true},
    {JSON_MEMBER(BindingRow, created_by), .kind = &json_text, .required = true},
};
static const JsonTable made_table = JSON_TABLE(BindingRow, made_members);

const ApiSchema api_grant_schemas[] = {
    {"Grant", &api_grant_table},
    {"Grant", &made_table},
    {NULL},
};

static json_t *
write_grant(const BindingRow *row)
{
  json_t *grant = json_table_write(&api_grant_table, row);
  json_table_add(&made_table, row, grant);
  return grant;
}

/* --- reading --- */

/* ?subject=: "alice", "team:dev", "everyone" or "anonymous". */
static void
read_subject(const char *text, BindingFilter *filter)
{
  unsigned kind = SUBJECT_PRINCIPAL;
  if (text == NULL)
    return;
  if (g_str_has_prefix(text, "team:")) {
    filter->kind = SUBJECT_TEAM;
    filter->who = text + strlen("team:");
  } else if (enum_find(subject_kind_names, text, &kind) && kind >= SUBJECT_EVERYONE) {
    filter->kind = (int)kind;
  } else {
    filter->kind = SUBJECT_PRINCIPAL;
    filter->who = text;
  }
}

static void
list_grants(Request *request)
{
  g_autoptr(GError) error = NULL;
  uint64_t limit = PAGE_DEFAULT, last = 0;
  BindingFilter filter = {.kind = -1,
                          .role = request_query(request, "role"),
                          .pattern = request_query(request, "pattern")};
  if (!api_number_of(request, "limit", 1, PAGE_MAX, &limit) ||
      !api_number_of(request, "last", 0, INT64_MAX, &last))
    return;
  read_subject(request_query(request, "subject"), &filter);
  g_autoptr(GPtrArray) rows =
      bindings_after(server_context(request)->access, request_principal(request), &filter,
                     (int64_t)last, (unsigned)limit, &error);
  if (rows == NULL) {
    respond_error(request, error);
    return;
  }
  g_autoptr(json_t) body = json_object();
  json_t *list = json_array();
  json_set_number(body, "limit", limit);
  json_object_set_new(body, "grants", list);
  for (guint i = 0; i < rows->len; i++)
    json_array_append_new(list, write_grant(g_ptr_array_index(rows, i)));
  if (rows->len == limit) {
    const BindingRow *end = g_ptr_array_index(rows, rows->len - 1);
    g_autofree char *next = g_strdup_printf("%" G_GINT64_FORMAT, end->binding.id);
    json_set_string(body, "next", next);
  }
  respond_json(request, MHD_HTTP_OK, body);
}

static void
respond_no_grant(Request *request, const char *id)
{
  g_autofree char *message =
      g_strdup_printf("there is no grant %s, or none that you manage; GET /api/v1/grants lists "
                      "those that you do",
                      id);
  respond_oci_error(request, MHD_HTTP_NOT_FOUND, "NOT_FOUND", message, NULL);
}

/* False: it has responded. */
static bool
find_grant(Request *request, const char *text, BindingRow *row)
{
  g_autoptr(GError) error = NULL;
  uint64_t id = 0;
  Found found = !slice_to_uint64(slice_from_string(text), &id) || id > INT64_MAX
                    ? ABSENT
                    : binding_find(server_context(request)->access, request_principal(request),
                                   (int64_t)id, row, &error);
  if (found == FAILED)
    respond_error(request, error);
  else if (found == ABSENT)
    respond_no_grant(request, text);
  return found == FOUND;
}

static void
show_grant(Request *request)
{
  g_auto(BindingRow) row = {0};
  if (!find_grant(request, request_parameter(request, "grant"), &row))
    return;
  g_autoptr(json_t) body = write_grant(&row);
  respond_json(request, MHD_HTTP_OK, body);
}

/* --- changes --- */

static const JsonMember new_members[] = {
    {JSON_MEMBER(Binding, kind), .kind = &json_word, .words = subject_kind_names,
     .otherwise = "principal"},
    {JSON_MEMBER_AS("subject", Binding, who), .kind = &json_text},
    {JSON_MEMBER(Binding, role), .kind = &json_text, .required = true},
    {JSON_MEMBER_AS("effect", Binding, deny), .kind = &effect_kind},
    {JSON_MEMBER(Binding, pattern), .kind = &json_text, .required = true},
    {JSON_MEMBER(Binding, tags), .kind = &json_text},
    {JSON_MEMBER(Binding, until), .kind = &until_kind},
};
static const JsonTable new_table = JSON_TABLE(Binding, new_members);

static void
create_grant(Request *request)
{
  g_autoptr(GError) error = NULL;
  ServerContext *context = server_context(request);
  Binding wanted = {0};
  int64_t id = 0;
  g_auto(BindingRow) row = {0};
  if (!api_read_body(request, &new_table, &wanted)) {
    json_table_clear(&new_table, &wanted);
    return;
  }
  bool made = bindings_create(context->access, request_principal(request), &wanted, &id, &error);
  g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, id);
  json_table_clear(&new_table, &wanted);
  if (!made) {
    respond_error(request, error);
  } else if (find_grant(request, text, &row)) {
    g_autoptr(json_t) body = write_grant(&row);
    api_respond_made(request, body, "/api/v1/grants", text);
  }
}

static void
delete_grant(Request *request)
{
  g_autoptr(GError) error = NULL;
  g_auto(BindingRow) row = {0};
  if (!find_grant(request, request_parameter(request, "grant"), &row))
    return;
  if (bindings_delete(server_context(request)->access, request_principal(request), row.binding.id,
                      &error))
    respond_empty(request, MHD_HTTP_NO_CONTENT);
  else
    respond_error(request, error);
}

const Route api_grant_routes[] = {
    {"GET", "/api/v1/grants", "api-grants", VERB_MANAGE_ACCESS, ON_WHAT_ONE_MAY, WORK_WAITS,
     .finish = list_grants},
    {"POST", "/api/v1/grants", "api-grants", VERB_MANAGE_ACCESS, ON_WHAT_ONE_MAY, WORK_WAITS,
     .finish = create_grant, .body_limit = ACCOUNT_BODY_MAX},
    {"GET", "/api/v1/grants/<grant>", "api-grant", VERB_MANAGE_ACCESS, ON_WHAT_ONE_MAY, WORK_WAITS,
     .finish = show_grant},
    {"DELETE", "/api/v1/grants/<grant>", "api-grant", VERB_MANAGE_ACCESS, ON_WHAT_ONE_MAY,
     WORK_WAITS, .finish = delete_grant},
    {NULL},
};
