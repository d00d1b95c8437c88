/* /api/v1/attestors: who signs, as policies name him; and /api/v1/signing-rules: what is signed,
 * for whom and when. Both are rows with a name, which are few, and are changed whole. */
#include "base/error.h"
#include "base/json.h"
#include "server/api/accounts.h"
#include "signing/signing.h"

const ApiSchema api_signing_row_schemas[] = {
    {"Attestor", &attestor_row_table},
    {"SigningRule", &signing_rule_table},
    {NULL},
};

#define ATTESTORS "/api/v1/attestors"
#define RULES     "/api/v1/signing-rules"
#define BODY_MAX  ((size_t)256 * 1024) /* keys in PEM */

/* --- the kinds --- */

typedef struct {
  const char *folder, *list;
  const char *parameter; /* of the path: its name */
  const char *noun;
  const JsonTable *table;
  size_t name_at, created_at, created_by_at; /* in the row */
  const GPtrArray *(*rows)(const SigningSet *set);
  const void *(*find)(const SigningSet *set, const char *name);
  void *(*make)(void);
  void (*free)(void *row);
  bool (*add)(Signing *signing, const void *row, GError **error);
  bool (*change)(Signing *signing, const void *row, int64_t read, GError **error);
  bool (*remove)(Signing *signing, const char *name, GError **error);
} RowKind;

static const GPtrArray *
attestors_of(const SigningSet *set)
{
  return set->attestors;
}

static const void *
find_attestor(const SigningSet *set, const char *name)
{
  return signing_set_attestor(set, name);
}

static void *
make_attestor(void)
{
  return attestor_row_new();
}

static void
free_attestor(void *row)
{
  attestor_row_free(row);
}

static bool
add_attestor(Signing *signing, const void *row, GError **error)
{
  return signing_add_attestor(signing, row, error);
}

static bool
change_attestor(Signing *signing, const void *row, int64_t read, GError **error)
{
  return signing_change_attestor(signing, row, read, error);
}

static const GPtrArray *
rules_of(const SigningSet *set)
{
  return set->rules;
}

static const void *
find_rule(const SigningSet *set, const char *name)
{
  return signing_set_rule(set, name);
}

static void *
make_rule(void)
{
  return g_new0(SigningRule, 1);
}

static void
free_rule(void *row)
{
  signing_rule_free(row);
}

static bool
add_rule(Signing *signing, const void *row, GError **error)
{
  return signing_add_rule(signing, row, error);
}

static bool
change_rule(Signing *signing, const void *row, int64_t read, GError **error)
{
  return signing_change_rule(signing, row, read, error);
}

/* Where the members are that both kinds of rows have. */
#define ROW(Type)                                                                                  \
  .name_at = G_STRUCT_OFFSET(Type, name), .created_at = G_STRUCT_OFFSET(Type, created),            \
  .created_by_at = G_STRUCT_OFFSET(Type, created_by)

static const RowKind kinds[] = {
    {ATTESTORS, "attestors", "attestor", "attestor", &attestor_row_table, ROW(AttestorRow),
     attestors_of, find_attestor, make_attestor, free_attestor, add_attestor, change_attestor,
     signing_remove_attestor},
    {RULES, "signing_rules", "rule", "signing rule", &signing_rule_table, ROW(SigningRule),
     rules_of, find_rule, make_rule, free_rule, add_rule, change_rule, signing_remove_rule},
};

/* Of which the request's path is: its route has begun with the folder of one. */
static const RowKind *
kind_of(const Request *request)
{
  return &kinds[g_str_has_prefix(request_path(request), kinds[0].folder) ? 0 : 1];
}

static const char *
name_of(const RowKind *kind, const void *row)
{
  return *(char *const *)((const char *)row + kind->name_at);
}

/* --- routes --- */

static void
list_rows(Request *request)
{
  const RowKind *kind = kind_of(request);
  g_autoptr(SigningSet) set = signing_get(server_context(request)->signing);
  const GPtrArray *rows = kind->rows(set);
  g_autoptr(json_t) body = json_object();
  json_t *list = json_array();
  json_object_set_new(body, kind->list, list);
  for (guint i = 0; i < rows->len; i++)
    json_array_append_new(list, json_table_write(kind->table, g_ptr_array_index(rows, i)));
  respond_json(request, MHD_HTTP_OK, body);
}

static void
respond_row(Request *request, const RowKind *kind, const void *row)
{
  g_autoptr(json_t) body = json_table_write(kind->table, row);
  respond_json(request, MHD_HTTP_OK, body);
}

static void
show_row(Request *request)
{
  const RowKind *kind = kind_of(request);
  const char *name = request_parameter(request, kind->parameter);
  g_autoptr(SigningSet) set = signing_get(server_context(request)->signing);
  const void *found = kind->find(set, name);
  if (found != NULL) {
    respond_row(request, kind, found);
    return;
  }
  g_autoptr(GError) error = NULL;
  error_set(&error, ASSAY_ERROR_NOT_FOUND, "there is no %s %s", kind->noun, name);
  respond_error(request, error);
}

/* Who made it and when is not the client's to say. When it was made is, of what he read and now
 * changes: *read. */
static void
sign_off(Request *request, const RowKind *kind, void *row, int64_t *read)
{
  int64_t *created = G_STRUCT_MEMBER_P(row, kind->created_at);
  char **created_by = G_STRUCT_MEMBER_P(row, kind->created_by_at);
  *read = *created;
  g_free(*created_by);
  *created_by = g_strdup(request_principal(request)->name);
  *created = g_get_real_time();
}

static void
add(Request *request, const RowKind *kind, void *row)
{
  int64_t read;
  g_autoptr(GError) error = NULL;
  sign_off(request, kind, row, &read);
  if (!kind->add(server_context(request)->signing, row, &error)) {
    respond_error(request, error);
    return;
  }
  g_autoptr(json_t) body = json_table_write(kind->table, row);
  api_respond_made(request, body, kind->folder, name_of(kind, row));
}

static void
change(Request *request, const RowKind *kind, void *row)
{
  int64_t read;
  g_autoptr(GError) error = NULL;
  if (g_strcmp0(name_of(kind, row), request_parameter(request, kind->parameter)) != 0) {
    api_refuse(request, "the body names another %s than the path", kind->noun);
    return;
  }
  sign_off(request, kind, row, &read);
  if (kind->change(server_context(request)->signing, row, read, &error))
    respond_row(request, kind, row);
  else
    respond_error(request, error);
}

/* Does with the row of the body what the route is for. */
static void
with_body(Request *request, void (*act)(Request *request, const RowKind *kind, void *row))
{
  const RowKind *kind = kind_of(request);
  void *row = kind->make();
  if (api_read_body(request, kind->table, row))
    act(request, kind, row);
  kind->free(row);
}

static void
add_row(Request *request)
{
  with_body(request, add);
}

static void
change_row(Request *request)
{
  with_body(request, change);
}

static void
remove_row(Request *request)
{
  const RowKind *kind = kind_of(request);
  g_autoptr(GError) error = NULL;
  if (kind->remove(server_context(request)->signing, request_parameter(request, kind->parameter),
                   &error))
    respond_empty(request, MHD_HTTP_NO_CONTENT);
  else
    respond_error(request, error);
}

const Route api_signing_row_routes[] = {
    {"GET", ATTESTORS, "api-attestors", VERB_VERIFY, ON_SYSTEM, WORK_WAITS, .finish = list_rows},
    {"POST", ATTESTORS, "api-attestors", VERB_MANAGE_POLICY, ON_SYSTEM, WORK_WAITS,
     .finish = add_row, .body_limit = BODY_MAX},
    {"GET", ATTESTORS "/<attestor>", "api-attestor", VERB_VERIFY, ON_SYSTEM, WORK_WAITS,
     .finish = show_row},
    {"PUT", ATTESTORS "/<attestor>", "api-attestor", VERB_MANAGE_POLICY, ON_SYSTEM, WORK_WAITS,
     .finish = change_row, .body_limit = BODY_MAX},
    {"DELETE", ATTESTORS "/<attestor>", "api-attestor", VERB_MANAGE_POLICY, ON_SYSTEM, WORK_WAITS,
     .finish = remove_row},
    {"GET", RULES, "api-signing-rules", VERB_VERIFY, ON_SYSTEM, WORK_WAITS, .finish = list_rows},
    {"POST", RULES, "api-signing-rules", VERB_MANAGE_POLICY, ON_SYSTEM, WORK_WAITS,
     .finish = add_row, .body_limit = BODY_MAX},
    {"GET", RULES "/<rule>", "api-signing-rule", VERB_VERIFY, ON_SYSTEM, WORK_WAITS,
     .finish = show_row},
    {"PUT", RULES "/<rule>", "api-signing-rule", VERB_MANAGE_POLICY, ON_SYSTEM, WORK_WAITS,
     .finish = change_row, .body_limit = BODY_MAX},
    {"DELETE", RULES "/<rule>", "api-signing-rule", VERB_MANAGE_POLICY, ON_SYSTEM, WORK_WAITS,
     .finish = remove_row},
    {NULL},
};
