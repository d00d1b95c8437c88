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

/* Adds those of the next pages that who asks may bring back, until there are @limit; *last: where
 * they end. */
static bool
add_deleted(Request *request, json_t *list, uint64_t limit, char **last, bool *more, GError **error)
{
  Registry *registry = server_context(request)->registry;
  *more = true;
  while (*more && json_array_size(list) < limit) {
    g_autoptr(GPtrArray) manifests = registry_deleted(
        registry, request_query(request, "repository"), *last, (unsigned)limit, more, error);
    if (manifests == NULL)
      return false;
    for (guint i = 0; i < manifests->len && json_array_size(list) < limit; i++) {
      const DeletedManifest *manifest = g_ptr_array_index(manifests, i);
      g_free(*last);
      *last = g_strconcat(manifest->repository, "@", manifest->digest.text, NULL);
      *more = *more || i + 1 < manifests->len;
      if (request_may(request, VERB_DELETE, manifest->repository))
        json_array_append_new(list, json_table_write(&deleted_manifest_table, manifest));
    }
  }
  return true;
}

static void
api_deleted(Request *request)
{
  g_autoptr(GError) error = NULL;
  uint64_t limit = PAGE_DEFAULT;
  bool more = false;
  g_autofree char *last = g_strdup(request_query(request, "last"));
  if (!api_number_of(request, "limit", 1, PAGE_MAX, &limit))
    return;
  g_autoptr(json_t) body = json_object();
  json_t *list = json_array();
  json_object_set_new(body, "limit", json_integer((json_int_t)limit));
  json_object_set_new(body, "deleted", list);
  if (!add_deleted(request, list, limit, &last, &more, &error)) {
    respond_error(request, error);
    return;
  }
  /* The last that is shown: of others not even the name. */
  if (more)
    json_set_string(body, "next", last);
  respond_json(request, MHD_HTTP_OK, body);
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
