/* /api/v1/gc: what collection does and did last, and asking for it. */
#include "server/collection.h"

#include "base/error.h"
#include "base/json.h"
#include "server/api/api-private.h"

#define BODY_MAX 4096
/* As of registry.gc.grace. */
#define GRACE_MOST ((uint64_t)365 * 86400)

/* --- the objects --- */

static const JsonMember collected_members[] = {
    {JSON_MEMBER(Collected, blobs), .kind = &json_number},
    {JSON_MEMBER(Collected, bytes), .kind = &json_number},
    {JSON_MEMBER(Collected, waiting_blobs), .kind = &json_number},
    {JSON_MEMBER(Collected, waiting_bytes), .kind = &json_number},
    {JSON_MEMBER(Collected, referrers), .kind = &json_number},
    {JSON_MEMBER(Collected, repositories), .kind = &json_number},
    {JSON_MEMBER(Collected, failed), .kind = &json_number},
};
static const JsonTable collected_table = JSON_TABLE(Collected, collected_members);

static const JsonMember run_members[] = {
    {JSON_MEMBER(CollectionRun, run), .kind = &json_number},
    {JSON_MEMBER(CollectionRun, begun), .kind = &json_moment, .required = true},
    {JSON_MEMBER(CollectionRun, ended), .kind = &json_moment},
    {JSON_MEMBER(CollectionRun, done), .kind = &json_number},
    {JSON_MEMBER_AS("of", CollectionRun, total), .kind = &json_number},
    {JSON_MEMBER(CollectionRun, grace), .kind = &json_number},
    {JSON_MEMBER_AS("blobs", CollectionRun, collected.blobs), .kind = &json_number},
    {JSON_MEMBER_AS("bytes", CollectionRun, collected.bytes), .kind = &json_number},
    {JSON_MEMBER_AS("waiting_blobs", CollectionRun, collected.waiting_blobs), .kind = &json_number},
    {JSON_MEMBER_AS("waiting_bytes", CollectionRun, collected.waiting_bytes), .kind = &json_number},
    {JSON_MEMBER_AS("referrers", CollectionRun, collected.referrers), .kind = &json_number},
    {JSON_MEMBER_AS("repositories", CollectionRun, collected.repositories), .kind = &json_number},
    {JSON_MEMBER_AS("failed", CollectionRun, collected.failed), .kind = &json_number},
    {JSON_MEMBER(CollectionRun, error), .kind = &json_text},
};
static const JsonTable run_table = JSON_TABLE(CollectionRun, run_members);

typedef struct {
  RegistryGc settings;
  CollectionRun *running, *last; /* NULL: none */
} Answer;
static const JsonMember answer_members[] = {
    {JSON_MEMBER_AS("interval", Answer, settings.interval), .kind = &json_number},
    {JSON_MEMBER_AS("grace", Answer, settings.grace), .kind = &json_number},
    {JSON_MEMBER(Answer, running), .kind = &json_child, .table = &run_table},
    {JSON_MEMBER(Answer, last), .kind = &json_child, .table = &run_table},
};
static const JsonTable answer_table = JSON_TABLE(Answer, answer_members);

const ApiSchema api_collection_schemas[] = {
    {"CollectionRun", &run_table},
    {"CollectionPreview", &collected_table},
    {"Collection", &answer_table},
    {NULL},
};

/* --- GET --- */

static void
api_collection(Request *request)
{
  ServerContext *server = server_context(request);
  g_auto(CollectionStatus) status = {0};
  collection_status(server->collection, &status);
  const Answer answer = {server->config->registry.gc,
                         status.running.begun != 0 ? &status.running : NULL,
                         status.last.begun != 0 ? &status.last : NULL};
  g_autoptr(json_t) body = json_table_write(&answer_table, &answer);
  respond_json(request, MHD_HTTP_OK, body);
}

/* --- POST --- */

typedef struct {
  bool dry_run;
  CollectAsked how;
} Asked;

static bool
is_flag(const json_t *value)
{
  return value == NULL || json_is_boolean(value);
}

/* An object, or nothing; false after it responded. */
static bool
read_body(Request *request, Asked *asked)
{
  g_autoptr(GError) error = NULL;
  GBytes *bytes = request_body(request);
  if (bytes == NULL || g_bytes_get_size(bytes) == 0)
    return true;
  g_autoptr(json_t) body = json_parse(slice_from_bytes(bytes), &error);
  const json_t *flag = json_object_get(body, "dry_run"), *grace = json_object_get(body, "grace"),
               *forget = json_object_get(body, "forget_deleted");
  if (!json_is_object(body) || !is_flag(flag) || !is_flag(forget) ||
      (grace != NULL && (!json_is_integer(grace) || json_integer_value(grace) < 0 ||
                         (uint64_t)json_integer_value(grace) > GRACE_MOST))) {
    api_refuse(request,
               "the body must be an object like {\"dry_run\": true, \"grace\": 3600}, with the "
               "grace in whole seconds, a year at most%s%s",
               error != NULL ? ": " : "", error != NULL ? error->message : "");
    return false;
  }
  asked->dry_run = json_is_true(flag);
  if (grace != NULL)
    asked->how.grace = (uint32_t)json_integer_value(grace);
  asked->how.forget_deleted = json_is_true(forget);
  return true;
}

static void
respond_preview(Request *request, const CollectAsked *how)
{
  g_autoptr(GError) error = NULL;
  Collected preview;
  if (!registry_collect_preview(server_context(request)->registry, how, &preview, &error)) {
    respond_error(request, error);
    return;
  }
  g_autoptr(json_t) body = json_table_write(&collected_table, &preview);
  respond_json(request, MHD_HTTP_OK, body);
}

static void
api_collect(Request *request)
{
  ServerContext *server = server_context(request);
  Asked asked = {false, {server->config->registry.gc.grace, false}};
  if (!read_body(request, &asked))
    return;
  if (asked.dry_run) {
    respond_preview(request, &asked.how);
    return;
  }
  if (server->read_only) {
    g_autoptr(GError) error = NULL;
    error_set(&error, ASSAY_ERROR_READ_ONLY,
              "the data folder is read-only: nothing can be collected");
    respond_error(request, error);
    return;
  }
  g_autoptr(json_t) body = json_object();
  json_set_number(body, "run", collection_ask(server->collection, &asked.how));
  respond_json(request, MHD_HTTP_ACCEPTED, body);
}

const Route api_collection_routes[] = {
    {"GET", "/api/v1/gc", "api-gc", VERB_READ_METRICS, ON_SYSTEM, WORK_WAITS,
     .finish = api_collection},
    {"POST", "/api/v1/gc", "api-gc", VERB_OPERATE, ON_SYSTEM, WORK_HEAVY, .finish = api_collect,
     .body_limit = BODY_MAX},
    {NULL},
};
