/* Pushing to another registry; see the header. */
#include "remote/push.h"

#include <string.h>

#include "base/error.h"
#include "remote/client-private.h"

#define UPLOAD_TRIES 4
#define PAUSE_MS     500u /* before the first repetition; doubles */
#define ANSWER_MAX   HTTP_ERROR_BODY_MAX

/* Any status but those of @wanted (0: none more) is an error. */
static bool
check_status(const Remote *remote, const HttpResponse *response, const long *wanted, GError **error)
{
  if (response == NULL)
    return false;
  for (; *wanted != 0; wanted++)
    if (response->status == *wanted)
      return true;
  return remote_set_refused(remote, response, error);
}

static char *
make_url(const Remote *remote, const char *kind, const char *name)
{
  return g_strdup_printf("%s://%s/v2/%s/%s/%s", remote->scheme, remote->reference->host,
                         remote->reference->repository, kind, name);
}

/* The address that takes the bytes: the registry's own, or, with @is_foreign, that of a store which
 * it names. (transfer full) */
static char *
upload_address(const Remote *remote, const char *begun_at, const HttpResponse *response,
               const Digest *digest, bool *is_foreign, GError **error)
{
  const char *location = g_hash_table_lookup(response->headers, "location");
  g_autofree char *absolute =
      location == NULL ? NULL
                       : g_uri_resolve_relative(begun_at, location, G_URI_FLAGS_ENCODED, NULL);
  g_autofree char *root = g_strdup_printf("%s://%s/", remote->scheme, remote->reference->host);
  const char *scheme = strcmp(remote->scheme, "https") == 0 ? "https://" : "http";
  if (absolute == NULL || !g_str_has_prefix(absolute, scheme)) {
    error_set(error, ASSAY_ERROR_NETWORK, "%s: the registry names no place to upload to",
              remote->name);
    return NULL;
  }
  *is_foreign = !g_str_has_prefix(absolute, root);
  g_autofree char *escaped = g_uri_escape_string(digest->text, NULL, FALSE);
  return g_strdup_printf("%s%sdigest=%s", absolute, strchr(absolute, '?') != NULL ? "&" : "?",
                         escaped);
}

static bool
upload_once(Remote *remote, const Digest *digest, const HttpUpload *upload,
            Cancellable *cancellable, GError **error)
{
  static const long begun_answers[] = {202, 0}, done_answers[] = {201, 204, 0};
  g_autofree char *url = make_url(remote, "blobs", "uploads/");
  const RemoteCall begin = {.method = "POST", .url = url, .limit = ANSWER_MAX};
  g_autoptr(HttpResponse) begun = remote_call(remote, &begin, upload->progress, cancellable, error);
  if (!check_status(remote, begun, begun_answers, error))
    return false;
  bool is_foreign = false;
  g_autofree char *address = upload_address(remote, url, begun, digest, &is_foreign, error);
  if (address == NULL)
    return false;
  const RemoteCall send = {.method = "PUT",
                           .url = address,
                           .headers = {"Content-Type: application/octet-stream"},
                           .upload = upload,
                           .limit = ANSWER_MAX,
                           .is_foreign = is_foreign};
  g_autoptr(HttpResponse) done = remote_call(remote, &send, upload->progress, cancellable, error);
  return check_status(remote, done, done_answers, error);
}

bool
remote_push_blob(Remote *remote, const Digest *digest, int fd, uint64_t size,
                 const Progress *progress, Cancellable *cancellable, GError **error)
{
  const HttpUpload upload = {.fd = fd, .size = size, .name = digest->text, .progress = progress};
  bool found = false;
  if (!remote_has_blob(remote, digest, &found, cancellable, error))
    return false;
  for (int tries = 1; !found; tries++) {
    GError *failure = NULL;
    if (upload_once(remote, digest, &upload, cancellable, &failure))
      return true;
    if (tries == UPLOAD_TRIES || !g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_NETWORK)) {
      g_propagate_error(error, failure);
      return false;
    }
    g_error_free(failure);
    if (!http_pause(PAUSE_MS << (tries - 1), cancellable, error))
      return false;
  }
  return true;
}

bool
remote_push_manifest(Remote *remote, const char *reference, const char *media_type, Slice manifest,
                     bool *listed, Cancellable *cancellable, GError **error)
{
  static const long answers[] = {201, 0};
  g_autofree char *url = make_url(remote, "manifests", reference);
  g_autofree char *type = g_strconcat("Content-Type: ", media_type, NULL);
  const RemoteCall call = {
      .method = "PUT", .url = url, .headers = {type}, .body = manifest, .limit = ANSWER_MAX};
  g_autoptr(HttpResponse) response = remote_call(remote, &call, NULL, cancellable, error);
  if (!check_status(remote, response, answers, error))
    return false;
  if (listed != NULL)
    *listed = g_hash_table_contains(response->headers, "oci-subject");
  const char *stored = g_hash_table_lookup(response->headers, "docker-content-digest");
  Digest digest = digest_of(DIGEST_SHA256, manifest);
  return stored == NULL || strcmp(stored, digest.text) == 0 || !digest_is_valid(stored) ||
         error_set(error, ASSAY_ERROR_MISMATCH, "%s: the registry stored other bytes, of digest %s",
                   remote->name, stored);
}
