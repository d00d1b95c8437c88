/* Retention of a namespace: its rules, what they would do, and a run. */
#include "registry/retention.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "server/api/api-private.h"
#include "server/retention.h"

#define BODY_MAX ((size_t)256 * 1024)

const ApiSchema api_retention_schemas[] = {
    {"Retention", &retention_table},
    {"RetentionKeepRule", &retention_keep_table},
    {"RetentionDeleteRule", &retention_delete_table},
    {"RetentionAnswer", &retention_answer_table},
    {NULL},
};

/* Who makes a rule that deletes must have the right to delete. */
static bool
may_delete(Request *request, const char *space)
{
  if (!api_may_all_of(request, VERB_MANAGE_NAMESPACES, space))
    return false;
  if (request_may_all(request, VERB_DELETE, space))
    return true;
  g_autofree char *message =
      g_strdup_printf("this needs the right to delete on all of %.200s/, too", space);
  respond_oci_error(request, MHD_HTTP_FORBIDDEN, "DENIED", message, NULL);
  return false;
}

static void
respond_retention(Request *request, const Retention *retention, const GError *error)
{
  if (retention == NULL) {
    respond_error(request, error);
    return;
  }
  g_autoptr(json_t) body = json_table_write(&retention_table, retention);
  respond_json(request, MHD_HTTP_OK, body);
}

static void
api_retention(Request *request)
{
  g_autoptr(GError) error = NULL;
  const char *space = request_parameter(request, "namespace");
  if (!api_may_all_of(request, VERB_MANAGE_NAMESPACES, space))
    return;
  g_autoptr(Retention) retention =
      registry_retention(server_context(request)->registry, space, &error);
  respond_retention(request, retention, error);
}

static void
api_set_retention(Request *request)
{
  g_autoptr(GError) error = NULL;
  const char *space = request_parameter(request, "namespace");
  GBytes *text = request_body(request);
  if (!may_delete(request, space))
    return;
  g_autoptr(json_t) rules =
      json_parse_bounded(text == NULL ? SLICE_EMPTY : slice_from_bytes(text), 20000, &error);
  if (rules == NULL) {
    api_refuse(request, "the body must be a JSON object: %s", error->message);
    return;
  }
  g_autoptr(Retention) retention =
      registry_retention_set(server_context(request)->registry, space, rules, -1, &error);
  respond_retention(request, retention, error);
}

static void
respond_answers(Request *request, const GPtrArray *answers, uint64_t limit, bool more)
{
  g_autoptr(json_t) body = json_object();
  json_t *list = json_array();
  json_set_number(body, "limit", limit);
  json_object_set_new(body, "images", list);
  for (guint i = 0; i < answers->len; i++) {
    const RetentionAnswer *answer = g_ptr_array_index(answers, i);
    json_array_append_new(list, json_table_write(&retention_answer_table, answer));
    if (more && i + 1 == answers->len) {
      g_autofree char *next = g_strconcat(answer->repository, "@", answer->digest.text, NULL);
      json_set_string(body, "next", next);
    }
  }
  respond_json(request, MHD_HTTP_OK, body);
}

static void
api_preview(Request *request)
{
  g_autoptr(GError) error = NULL;
  const char *space = request_parameter(request, "namespace");
  uint64_t limit = PAGE_DEFAULT;
  bool more = false;
  RetentionQuestion question = {.space = space,
                                .repository = request_query(request, "repository"),
                                .last = request_query(request, "last")};
  if (!api_may_all_of(request, VERB_MANAGE_NAMESPACES, space) ||
      !api_number_of(request, "limit", 1, PAGE_MAX, &limit) ||
      !api_flag_of(request, "deletes", &question.only_deleted))
    return;
  question.limit = (unsigned)limit;
  g_autoptr(GPtrArray) answers =
      registry_retention_preview(server_context(request)->registry, &question, &more, &error);
  if (answers == NULL)
    respond_error(request, error);
  else
    respond_answers(request, answers, limit, more);
}

static void
api_run(Request *request)
{
  g_autoptr(GError) error = NULL;
  ServerContext *server = server_context(request);
  const char *space = request_parameter(request, "namespace");
  uint64_t runs = 0;
  if (!may_delete(request, space))
    return;
  if (!registry_retention_ask(server->registry, space, &runs, &error)) {
    respond_error(request, error);
    return;
  }
  retention_run_soon(server, space);
  g_autoptr(json_t) body = json_object();
  json_set_string(body, "namespace", space);
  json_set_number(body, "runs", runs);
  respond_json(request, MHD_HTTP_ACCEPTED, body);
}

#define RETENTION "/api/v1/namespaces/<namespace>/retention"

const Route api_retention_routes[] = {
    {"GET", RETENTION, "api-retention", VERB_MANAGE_NAMESPACES, ON_WHAT_ONE_MAY, WORK_WAITS,
     .finish = api_retention},
    {"PUT", RETENTION, "api-retention", VERB_MANAGE_NAMESPACES, ON_WHAT_ONE_MAY, WORK_WAITS,
     .finish = api_set_retention, .body_limit = BODY_MAX},
    {"GET", RETENTION "/preview", "api-retention-preview", VERB_MANAGE_NAMESPACES, ON_WHAT_ONE_MAY,
     WORK_HEAVY, .finish = api_preview},
    {"POST", RETENTION "/runs", "api-retention-run", VERB_MANAGE_NAMESPACES, ON_WHAT_ONE_MAY,
     WORK_WAITS, .finish = api_run},
    {NULL},
};
