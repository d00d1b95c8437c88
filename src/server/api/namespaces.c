/* Namespaces: what is set for each. */
#include "registry/namespaces.h"

#include <string.h>

#include "access/rights/bindings.h"
#include "base/error.h"
#include "base/json.h"
#include "pipeline/sboms.h"
#include "server/api/api-private.h"

#define BODY_MAX ((size_t)256 * 1024)

/* What the registry does not know of a namespace. */
typedef struct {
  bool public;
} Openness;
static const JsonMember openness_members[] = {
    {JSON_MEMBER(Openness, public), .kind = &json_flag},
};
static const JsonTable openness_table = JSON_TABLE(Openness, openness_members);

const ApiSchema api_namespace_schemas[] = {
    {"Namespace", &namespace_table},
    {"Namespace", &openness_table},
    {"Namespace.used", &namespace_usage_table},
    {NULL},
};

/* NULL: failed. (transfer full) */
static json_t *
write_namespace(Request *request, const Namespace *space, GError **error)
{
  Openness open = {false};
  if (!bindings_is_public(server_context(request)->access, space->name, &open.public, error))
    return NULL;
  json_t *object = json_table_write(&namespace_table, space);
  json_table_add(&openness_table, &open, object);
  return object;
}

static GPtrArray *
load_spaces(Request *request, const char *last, unsigned limit, bool *more, GError **error)
{
  return registry_namespaces(server_context(request)->registry, last, limit, more, error);
}

static char *
name_of(const void *row)
{
  return g_strdup(((const Namespace *)row)->name);
}

static bool
sees(Request *request, const void *row)
{
  return request_may_all(request, VERB_MANAGE_NAMESPACES, ((const Namespace *)row)->name);
}

static json_t *
write_row(Request *request, const void *row, GError **error)
{
  return write_namespace(request, row, error);
}

static void
api_namespaces(Request *request)
{
  static const ApiSeenList list = {"namespaces", load_spaces, name_of, sees, write_row};
  api_respond_seen(request, &list);
}

static void
respond_namespace(Request *request, const Namespace *space, const GError *error)
{
  g_autoptr(GError) failure = NULL;
  g_autoptr(json_t) body = space == NULL ? NULL : write_namespace(request, space, &failure);
  if (body == NULL) {
    respond_error(request, failure != NULL ? failure : error);
    return;
  }
  respond_json(request, MHD_HTTP_OK, body);
}

static void
api_namespace(Request *request)
{
  g_autoptr(GError) error = NULL;
  if (!api_may_all_of(request, VERB_MANAGE_NAMESPACES, request_parameter(request, "namespace")))
    return;
  const ServerContext *server = server_context(request);
  const char *name = request_parameter(request, "namespace");
  g_autoptr(Namespace) space = registry_namespace(server->registry, name, &error);
  bool public = false;
  /* One that is public is there, though the registry knows nothing of it. */
  if (g_error_matches(error, REGISTRY_ERROR, REGISTRY_NAME_UNKNOWN) &&
      bindings_is_public(server->access, name, &public, NULL) && public) {
    g_clear_error(&error);
    space = registry_namespace_or_none(server->registry, name, &error);
  }
  respond_namespace(request, space, error);
}

/* It is a change of grants, which the registry knows nothing of, so it is made alone: a request is
 * one change. */
static void
set_public(Request *request, const char *name, const json_t *change)
{
  g_autoptr(GError) error = NULL;
  ServerContext *server = server_context(request);
  const json_t *public = json_object_get(change, "public");
  if (json_object_size(change) != 1 || !json_is_boolean(public)) {
    api_refuse(request, "\"public\" must be true or false, and is set by a request of its own");
    return;
  }
  g_autoptr(Namespace) space = registry_namespace_or_none(server->registry, name, &error);
  if (error == NULL)
    bindings_make_public(server->access, request_principal(request), name, json_is_true(public),
                         &error);
  respond_namespace(request, error == NULL ? space : NULL, error);
}

static void
api_set_namespace(Request *request)
{
  g_autoptr(GError) error = NULL;
  GBytes *text = request_body(request);
  if (!api_may_all_of(request, VERB_MANAGE_NAMESPACES, request_parameter(request, "namespace")))
    return;
  g_autoptr(json_t) change =
      json_parse_bounded(text == NULL ? SLICE_EMPTY : slice_from_bytes(text), 10000, &error);
  if (change == NULL) {
    api_refuse(request, "the body must be a JSON object: %s", error->message);
    return;
  }
  /* What is not looked for, or later, no policy sees. */
  if ((json_object_get(change, "without") != NULL || json_object_get(change, "scan") != NULL) &&
      !api_may_all_of(request, VERB_MANAGE_POLICY, request_parameter(request, "namespace")))
    return;
  if (json_object_get(change, "public") != NULL) {
    set_public(request, request_parameter(request, "namespace"), change);
    return;
  }
  bool without = json_object_get(change, "without") != NULL;
  g_autoptr(Namespace) space = registry_namespace_set(
      server_context(request)->registry, request_parameter(request, "namespace"), change, -1,
      without ? pipeline_mark_without : NULL, &error);
  if (space != NULL && without &&
      !pipeline_without_changed(server_context(request)->pipeline, space->name, &error))
    g_clear_pointer(&space, namespace_free);
  if (space != NULL && json_object_get(change, "scan") != NULL)
    pipeline_scan_time_changed(server_context(request)->pipeline, space->name);
  if (space != NULL && json_object_get(change, "sbom") != NULL)
    pipeline_keep_sboms(server_context(request)->pipeline);
  respond_namespace(request, space, error);
}

#define NAMESPACE "/api/v1/namespaces/<namespace>"

const Route api_namespace_routes[] = {
    {"GET", "/api/v1/namespaces", "api-namespaces", VERB_MANAGE_NAMESPACES, ON_WHAT_ONE_MAY,
     WORK_WAITS, .finish = api_namespaces},
    {"GET", NAMESPACE, "api-namespace", VERB_MANAGE_NAMESPACES, ON_WHAT_ONE_MAY, WORK_WAITS,
     .finish = api_namespace},
    {"PATCH", NAMESPACE, "api-namespace", VERB_MANAGE_NAMESPACES, ON_WHAT_ONE_MAY, WORK_WAITS,
     .finish = api_set_namespace, .body_limit = BODY_MAX},
    {NULL},
};
