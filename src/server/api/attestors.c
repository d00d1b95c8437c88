/* /api/v1/attestors: who signs, as policies name him. */
#include "base/error.h"
#include "base/json.h"
#include "server/api/accounts.h"
#include "signing/signing.h"

const ApiSchema api_attestor_schemas[] = {
    {"Attestor", &attestor_row_table},
    {NULL},
};

#define ATTESTORS "/api/v1/attestors"
#define BODY_MAX  ((size_t)256 * 1024) /* keys in PEM */

static void
list_attestors(Request *request)
{
  g_autoptr(SigningSet) set = signing_get(server_context(request)->signing);
  g_autoptr(json_t) body = json_object();
  json_t *list = json_array();
  json_object_set_new(body, "attestors", list);
  for (guint i = 0; i < set->attestors->len; i++)
    json_array_append_new(
        list, json_table_write(&attestor_row_table, g_ptr_array_index(set->attestors, i)));
  respond_json(request, MHD_HTTP_OK, body);
}

static void
respond_attestor(Request *request, const AttestorRow *attestor)
{
  g_autoptr(json_t) body = json_table_write(&attestor_row_table, attestor);
  respond_json(request, MHD_HTTP_OK, body);
}

static void
show_attestor(Request *request)
{
  const char *name = request_parameter(request, "attestor");
  g_autoptr(SigningSet) set = signing_get(server_context(request)->signing);
  const AttestorRow *found = signing_set_attestor(set, name);
  if (found != NULL) {
    respond_attestor(request, found);
    return;
  }
  g_autoptr(GError) error = NULL;
  error_set(&error, ASSAY_ERROR_NOT_FOUND, "there is no attestor %s", name);
  respond_error(request, error);
}

/* Who made it and when is not the client's to say. */
static void
sign_off(Request *request, AttestorRow *attestor)
{
  g_free(attestor->created_by);
  attestor->created_by = g_strdup(request_principal(request)->name);
  attestor->created = g_get_real_time();
}

static void
add_attestor(Request *request)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(AttestorRow) attestor = attestor_row_new();
  if (!api_read_body(request, &attestor_row_table, attestor))
    return;
  sign_off(request, attestor);
  if (!signing_add_attestor(server_context(request)->signing, attestor, &error)) {
    respond_error(request, error);
    return;
  }
  g_autoptr(json_t) body = json_table_write(&attestor_row_table, attestor);
  api_respond_made(request, body, ATTESTORS, attestor->name);
}

static void
change_attestor(Request *request)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(AttestorRow) attestor = attestor_row_new();
  if (!api_read_body(request, &attestor_row_table, attestor))
    return;
  if (g_strcmp0(attestor->name, request_parameter(request, "attestor")) != 0) {
    api_refuse(request, "the body names another attestor than the path");
    return;
  }
  int64_t read = attestor->created;
  sign_off(request, attestor);
  if (signing_change_attestor(server_context(request)->signing, attestor, read, &error))
    respond_attestor(request, attestor);
  else
    respond_error(request, error);
}

static void
remove_attestor(Request *request)
{
  g_autoptr(GError) error = NULL;
  if (signing_remove_attestor(server_context(request)->signing,
                              request_parameter(request, "attestor"), &error))
    respond_empty(request, MHD_HTTP_NO_CONTENT);
  else
    respond_error(request, error);
}

const Route api_attestor_routes[] = {
    {"GET", ATTESTORS, "api-attestors", VERB_VERIFY, ON_SYSTEM, WORK_WAITS,
     .finish = list_attestors},
    {"POST", ATTESTORS, "api-attestors", VERB_MANAGE_POLICY, ON_SYSTEM, WORK_WAITS,
     .finish = add_attestor, .body_limit = BODY_MAX},
    {"GET", ATTESTORS "/<attestor>", "api-attestor", VERB_VERIFY, ON_SYSTEM, WORK_WAITS,
     .finish = show_attestor},
    {"PUT", ATTESTORS "/<attestor>", "api-attestor", VERB_MANAGE_POLICY, ON_SYSTEM, WORK_WAITS,
     .finish = change_attestor, .body_limit = BODY_MAX},
    {"DELETE", ATTESTORS "/<attestor>", "api-attestor", VERB_MANAGE_POLICY, ON_SYSTEM, WORK_WAITS,
     .finish = remove_attestor},
    {NULL},
};
