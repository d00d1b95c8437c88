/* /api/v1/certificates: whose client certificates are, by the names in them. */
#include "access/credentials/certificate_names.h"

#include "base/error.h"
#include "base/json.h"
#include "server/api/accounts.h"

static const JsonMember name_members[] = {
    {JSON_MEMBER(CertificateName, id), .kind = &json_number},
    {JSON_MEMBER(CertificateName, kind), .kind = &json_word, .words = certificate_name_kinds},
    {JSON_MEMBER(CertificateName, value), .kind = &json_text, .required = true},
    {JSON_MEMBER(CertificateName, principal), .kind = &json_text, .required = true},
    {JSON_MEMBER(CertificateName, created), .kind = &json_moment, .required = true},
    {JSON_MEMBER(CertificateName, created_by), .kind = &json_text, .required = true},
};
static const JsonTable name_table = JSON_TABLE(CertificateName, name_members);

const ApiSchema api_certificate_schemas[] = {
    {"Certificates.certificates", &name_table},
    {NULL},
};

static void
list_names(Request *request)
{
  g_autoptr(GError) error = NULL;
  uint64_t limit = PAGE_DEFAULT, last = 0;
  if (!api_number_of(request, "limit", 1, PAGE_MAX, &limit) ||
      !api_number_of(request, "last", 0, INT64_MAX, &last))
    return;
  g_autoptr(GPtrArray) names =
      certificate_names_after(server_context(request)->sql, (int64_t)last, (unsigned)limit, &error);
  if (names == NULL) {
    respond_error(request, error);
    return;
  }
  g_autoptr(json_t) body = json_object();
  json_t *list = json_array();
  json_set_number(body, "limit", limit);
  json_object_set_new(body, "certificates", list);
  for (guint i = 0; i < names->len; i++)
    json_array_append_new(list, json_table_write(&name_table, g_ptr_array_index(names, i)));
  if (names->len == limit) {
    const CertificateName *end = g_ptr_array_index(names, names->len - 1);
    g_autofree char *next = g_strdup_printf("%" G_GINT64_FORMAT, end->id);
    json_set_string(body, "next", next);
  }
  respond_json(request, MHD_HTTP_OK, body);
}

typedef struct {
  char *principal, *value;
  unsigned kind;
} NameBody;
static const JsonMember new_members[] = {
    {JSON_MEMBER(NameBody, principal), .kind = &json_text, .required = true},
    {JSON_MEMBER(NameBody, kind), .kind = &json_word, .words = certificate_name_kinds,
     .required = true},
    {JSON_MEMBER(NameBody, value), .kind = &json_text, .required = true},
};
static const JsonTable new_table = JSON_TABLE(NameBody, new_members);

/* Whoever has such a certificate acts for them. */
static void
add_name(Request *request)
{
  g_autoptr(GError) error = NULL;
  NameBody body = {0};
  int64_t id = 0;
  if (!api_is_administrator(request) || !api_read_body(request, &new_table, &body))
    return json_table_clear(&new_table, &body);
  if (certificate_names_add(server_context(request)->access, body.principal,
                            (CertificateNameKind)body.kind, body.value, api_asker(request), &id,
                            &error)) {
    g_autofree char *name = g_strdup_printf("%" G_GINT64_FORMAT, id);
    g_autoptr(json_t) answer = json_object();
    json_object_set_new(answer, "id", json_integer(id));
    api_respond_made(request, answer, "/api/v1/certificates", name);
  } else {
    respond_error(request, error);
  }
  json_table_clear(&new_table, &body);
}

static void
remove_name(Request *request)
{
  g_autoptr(GError) error = NULL;
  uint64_t id = 0;
  if (!slice_to_uint64(slice_from_string(request_parameter(request, "certificate")), &id) ||
      id > INT64_MAX)
    id = 0;
  if (certificate_names_remove(server_context(request)->access, (int64_t)id, api_asker(request),
                               &error))
    respond_empty(request, MHD_HTTP_NO_CONTENT);
  else
    respond_error(request, error);
}

const Route api_certificate_routes[] = {
    {"GET", "/api/v1/certificates", "api-certificates", VERB_MANAGE_ACCESS, ON_SYSTEM, WORK_WAITS,
     .finish = list_names},
    {"POST", "/api/v1/certificates", "api-certificates", VERB_MANAGE_ACCESS, ON_SYSTEM, WORK_WAITS,
     .finish = add_name, .body_limit = ACCOUNT_BODY_MAX},
    {"DELETE", "/api/v1/certificates/<certificate>", "api-certificate", VERB_MANAGE_ACCESS,
     ON_SYSTEM, WORK_WAITS, .finish = remove_name},
    {NULL},
};
