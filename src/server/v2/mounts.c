/* A blob that is there already, linked without a transfer (distribution-spec, "Mounting a blob from
 * another repository"). */
#include "base/error.h"
#include "server/server-private.h"
#include "server/v2/v2.h"

void
v2_respond_created(Request *request, const Digest *digest)
{
  response_header_format(request, "Location", "/v2/%s/blobs/%s", request_parameter(request, "name"),
                         digest->text);
  response_header(request, "Docker-Content-Digest", digest->text);
  respond_empty(request, MHD_HTTP_CREATED);
}

/* Without `from` whatever holds the blob will do, if everybody may pull from it: else who knows a
 * digest could take the blob of a repository that is not theirs. */
static Found
mount_from_anywhere(Request *request, const Digest *digest, GError **error)
{
  Registry *registry = server_context(request)->registry;
  const char *name = request_parameter(request, "name");
  g_autoptr(GPtrArray) holders = registry_repositories_with(registry, digest, error);
  if (holders == NULL)
    return FAILED;
  for (guint i = 0; i < holders->len; i++)
    if (request_anybody_may(request, VERB_PULL, holders->pdata[i]))
      return registry_blob_mount(registry, name, holders->pdata[i], digest, error);
  return ABSENT;
}

static Found
mount_blob(Request *request, const char *from, const Digest *digest, GError **error)
{
  if (from == NULL || *from == '\0')
    return mount_from_anywhere(request, digest, error);
  /* As if it were not there: the client uploads. */
  if (!request_may(request, VERB_PULL, from))
    return ABSENT;
  return registry_blob_mount(server_context(request)->registry, request_parameter(request, "name"),
                             from, digest, error);
}

bool
v2_mount(Request *request)
{
  const char *mount = request_query(request, "mount");
  const char *from = request_query(request, "from");
  g_autoptr(GError) error = NULL;
  ServerContext *server = server_context(request);
  Digest digest;
  if (mount == NULL)
    return false;
  if (!digest_parse(mount, &digest, &error)) {
    respond_oci_error(request, 400, "DIGEST_INVALID", error->message, NULL);
    return true;
  }
  Found mounted = mount_blob(request, from, &digest, &error);
  if (mounted == FOUND) {
    pipeline_layer_arrived(server->pipeline, request_parameter(request, "name"), &digest);
    v2_respond_created(request, &digest);
    return true;
  }
  if (mounted == FAILED)
    respond_error(request, error);
  return mounted == FAILED;
}
