/* Blobs: GET, HEAD, DELETE (distribution-spec, "Pulling blobs", "Deleting blobs"). */
#include <string.h>

#include "base/fd.h"

#include "registry/quarantine.h"
#include "server/http/authorise.h"
#include "server/server-private.h"
#include "server/v2/v2.h"

bool
v2_path_digest(Request *request, Digest *digest)
{
  g_autoptr(GError) error = NULL;
  if (digest_parse(request_parameter(request, "digest"), digest, &error))
    return true;
  respond_oci_error(request, 400, "DIGEST_INVALID", error->message, NULL);
  return false;
}

/* A digest never changes its content: what the client has is what it would get. */
static bool
client_has_it(const Request *request, const Digest *digest)
{
  g_autofree char *etags = request_header_joined(request, "If-None-Match");
  return etags != NULL && (strstr(etags, digest->text) != NULL || strcmp(etags, "*") == 0);
}

static void
respond_blob(Request *request, const Digest *digest, int fd, uint64_t size)
{
  response_header(request, "Docker-Content-Digest", digest->text);
  response_header_format(request, "ETag", "\"%s\"", digest->text);
  response_header_format(request, "Cache-Control", "%smax-age=31536000, immutable",
                         request_user(request) != NULL ? "private, " : "");
  if (client_has_it(request, digest)) {
    fd_clear(&fd);
    respond_not_modified(request, size);
    return;
  }
  /* Beside, for the bytes go from the disk to the socket without us. */
  scrub_ask(server_context(request)->scrub, digest);
  respond_file(request, "application/octet-stream", fd, size);
}

/* Who asks by HEAD means not to push it: then it must stay for a while. ABSENT: that is still to be
 * written down. */
static Found
is_promised(Request *request, const Digest *digest, GError **error)
{
  ServerContext *server = server_context(request);
  if (strcmp(request_method(request), "HEAD") != 0 || server->read_only)
    return FOUND;
  return registry_blob_is_promised(server->registry, request_parameter(request, "name"), digest,
                                   error);
}

/* @may_wait: for the disk, to promise it. */
static void
answer_blob(Request *request, bool may_wait)
{
  g_autoptr(GError) error = NULL;
  Registry *registry = server_context(request)->registry;
  const char *repository = request_parameter(request, "name");
  Digest digest;
  uint64_t size = 0;
  if (!v2_path_digest(request, &digest))
    return;
  if (strcmp(request_method(request), "GET") == 0 &&
      !registry_check_quarantine(registry, repository, &digest, &error)) {
    respond_error(request, error);
    return;
  }
  auto_fd int fd = registry_blob_open(registry, repository, &digest, &size, &error);
  if (fd < 0 && strcmp(request_method(request), "GET") == 0 && v2_moved_meanwhile(request)) {
    answer_blob(request, may_wait);
    return;
  }
  Found promised = fd < 0 ? FAILED : is_promised(request, &digest, &error);
  if (promised == ABSENT && !may_wait)
    return;
  if (promised == FAILED ||
      (promised == ABSENT && !registry_blob_promise(registry, repository, &digest, &error)))
    respond_error(request, error);
  else
    respond_blob(request, &digest, fd_steal(&fd), size);
}

/* On the network thread: all that needs no writing, which is nearly everything. */
static void
v2_blob_begin(Request *request)
{
  answer_blob(request, false);
}

static void
v2_blob_finish(Request *request)
{
  answer_blob(request, true);
}

static void
v2_blob_delete(Request *request)
{
  g_autoptr(GError) error = NULL;
  Digest digest;
  if (!v2_path_digest(request, &digest))
    return;
  if (!registry_blob_delete(server_context(request)->registry, request_parameter(request, "name"),
                            &digest, &error)) {
    respond_error(request, error);
    return;
  }
  pipeline_blob_deleted(server_context(request)->pipeline, &digest);
  respond_empty(request, MHD_HTTP_ACCEPTED);
}

const Route v2_blob_routes[] = {
    {"GET", "/v2/<name>/blobs/<digest>", "blob", VERB_PULL, ON_REPOSITORY, WORK_WAITS,
     .begin = v2_blob_begin, .finish = v2_blob_finish, .follow = v2_follow_move},
    {"DELETE", "/v2/<name>/blobs/<digest>", "blob", VERB_DELETE, ON_REPOSITORY, WORK_WAITS,
     .finish = v2_blob_delete},
    {NULL},
};
