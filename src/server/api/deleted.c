/* Deleted manifests: which there are, and bringing them back. */
#include "registry/deleted.h"

#include "base/json.h"
#include "server/api/api-private.h"

typedef struct {
  const char *repository;
  Digest digest;
  char **tags;
} Restored;
static const JsonMember restored_members[] = {
    {JSON_MEMBER(Restored, repository), .kind = &json_text, .required = true},
    {JSON_MEMBER(Restored, digest), .kind = &json_digest},
    {JSON_MEMBER(Restored, tags), .kind = &json_texts},
};
static const JsonTable restored_table = JSON_TABLE(Restored, restored_members);

const ApiSchema api_deleted_schemas[] = {
    {"DeletedManifest", &deleted_manifest_table},
    {"Restored.restored", &restored_table},
    {NULL},
};

static GPtrArray *
load(Request *request, const char *last, unsigned limit, bool *more, GError **error)
{
  return registry_deleted(server_context(request)->registry, request_query(request, "repository"),
                          last, limit, more, error);
}

static char *
cursor_of(const void *row)
{
  const DeletedManifest *manifest = row;
  return g_strconcat(manifest->repository, "@", manifest->digest.text, NULL);
}

static bool
may_bring_back(Request *request, const void *row)
{
  return request_may(request, VERB_DELETE, ((const DeletedManifest *)row)->repository);
}

static json_t *
write_row(Request *request, const void *row, GError **error)
{
  return json_table_write(&deleted_manifest_table, row);
}

static void
api_deleted(Request *request)
{
  static const ApiSeenList list = {"deleted", load, cursor_of, may_bring_back, write_row};
  api_respond_seen(request, &list);
}

static void
api_restore(Request *request)
{
  g_autoptr(GError) error = NULL;
  ServerContext *server = server_context(request);
  const char *repository = request_parameter(request, "name");
  Digest digest;
  if (!digest_parse(request_parameter(request, "digest"), &digest, &error)) {
    respond_oci_error(request, MHD_HTTP_BAD_REQUEST, "DIGEST_INVALID", error->message, NULL);
    return;
  }
  g_autoptr(GPtrArray) all = registry_restore(server->registry, repository, &digest, &error);
  if (all == NULL) {
    respond_error(request, error);
    return;
  }
  g_autoptr(json_t) body = json_object();
  json_t *list = json_array();
  json_object_set_new(body, "restored", list);
  for (guint i = 0; i < all->len; i++) {
    const RestoredManifest *one = g_ptr_array_index(all, i);
    const Restored restored = {repository, one->digest, one->tags};
    json_array_append_new(list, json_table_write(&restored_table, &restored));
    pipeline_manifest_arrived(server->pipeline, repository, &one->digest, one->manifest);
  }
  respond_json(request, MHD_HTTP_OK, body);
}

const Route api_deleted_routes[] = {
    {"GET", "/api/v1/deleted", "api-deleted", VERB_DELETE, ON_WHAT_ONE_MAY, WORK_WAITS,
     .finish = api_deleted},
    {"POST", "/api/v1/deleted/<name>/manifests/<digest>", "api-restore", VERB_DELETE, ON_REPOSITORY,
     WORK_WAITS, .finish = api_restore},
    {NULL},
};
