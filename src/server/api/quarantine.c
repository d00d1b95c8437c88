/* Quarantine: what is in it, putting something there and taking it out. */
#include "registry/quarantine.h"

#include "base/error.h"
#include "base/json.h"
#include "server/api/api-private.h"

#define BODY_MAX ((size_t)16 * 1024)

const ApiSchema api_quarantine_schemas[] = {
    {"Quarantine", &quarantine_table},
    {NULL},
};

/* On the target's repository; of an image wherever it is, on all. */
static bool
may_manage(const Request *request, const char *target)
{
  g_autofree char *repository = quarantine_repository(target);
  return repository == NULL ? request_may_all(request, VERB_MANAGE_NAMESPACES, NULL)
                            : request_may(request, VERB_MANAGE_NAMESPACES, repository);
}

/* False: it responded. */
static bool
check_may(Request *request, const char *target)
{
  if (may_manage(request, target))
    return true;
  respond_oci_error(request, MHD_HTTP_FORBIDDEN, "DENIED",
                    "this needs the right to manage-namespaces on the repository; for a digest "
                    "alone, on all of them",
                    NULL);
  return false;
}

static void
api_quarantines(Request *request)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) rows = registry_quarantines(server_context(request)->registry, &error);
  if (rows == NULL) {
    respond_error(request, error);
    return;
  }
  g_autoptr(json_t) body = json_object();
  json_t *list = json_array();
  json_object_set_new(body, "quarantine", list);
  for (guint i = 0; i < rows->len; i++) {
    const Quarantine *row = g_ptr_array_index(rows, i);
    if (may_manage(request, row->target))
      json_array_append_new(list, json_table_write(&quarantine_table, row));
  }
  respond_json(request, MHD_HTTP_OK, body);
}

static void
api_show_quarantine(Request *request)
{
  g_autoptr(GError) error = NULL;
  const char *target = request_parameter(request, "name");
  if (!check_may(request, target))
    return;
  g_autoptr(Quarantine) row =
      registry_quarantine_find(server_context(request)->registry, target, &error);
  g_autoptr(json_t) body = row == NULL ? NULL : json_table_write(&quarantine_table, row);
  if (body == NULL)
    respond_error(request, error);
  else
    respond_json(request, MHD_HTTP_OK, body);
}

/* (transfer full); NULL: it responded. */
static Quarantine *
read_body(Request *request)
{
  g_autoptr(GError) error = NULL;
  GBytes *text = request_body(request);
  g_autoptr(json_t) object =
      json_parse(text == NULL ? SLICE_EMPTY : slice_from_bytes(text), &error);
  g_autoptr(Quarantine) quarantine = g_new0(Quarantine, 1);
  if (object != NULL && json_table_read(&quarantine_table, object, quarantine, &error))
    return g_steal_pointer(&quarantine);
  api_refuse(request, "the body must say what to put in quarantine: %s", error->message);
  return NULL;
}

static void
api_add_quarantine(Request *request)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(Quarantine) quarantine = read_body(request);
  if (quarantine == NULL || !check_may(request, quarantine->target))
    return;
  /* Who it was is not the client's to say. */
  g_free(quarantine->author);
  quarantine->author = g_strdup(request_principal(request)->name);
  quarantine->since = g_get_real_time();
  if (!registry_quarantine_add(server_context(request)->registry, quarantine, &error)) {
    respond_error(request, error);
    return;
  }
  g_autoptr(json_t) body = json_table_write(&quarantine_table, quarantine);
  respond_json(request, MHD_HTTP_OK, body);
}

static void
api_remove_quarantine(Request *request)
{
  g_autoptr(GError) error = NULL;
  const char *target = request_parameter(request, "name");
  if (!check_may(request, target))
    return;
  if (!registry_quarantine_remove(server_context(request)->registry, target, &error)) {
    respond_error(request, error);
    return;
  }
  respond_empty(request, MHD_HTTP_NO_CONTENT);
}

const Route api_quarantine_routes[] = {
    {"GET", "/api/v1/quarantine", "api-quarantine", VERB_MANAGE_NAMESPACES, ON_WHAT_ONE_MAY,
     WORK_WAITS, .finish = api_quarantines},
    {"POST", "/api/v1/quarantine", "api-quarantine", VERB_MANAGE_NAMESPACES, ON_WHAT_ONE_MAY,
     WORK_WAITS, .finish = api_add_quarantine, .body_limit = BODY_MAX},
    {"GET", "/api/v1/quarantine/<name>", "api-quarantine", VERB_MANAGE_NAMESPACES, ON_WHAT_ONE_MAY,
     WORK_WAITS, .finish = api_show_quarantine},
    {"DELETE", "/api/v1/quarantine/<name>", "api-quarantine", VERB_MANAGE_NAMESPACES,
     ON_WHAT_ONE_MAY, WORK_WAITS, .finish = api_remove_quarantine},
    {NULL},
};
