/* Uploads: POST, PATCH, PUT, GET, DELETE (distribution-spec, "Pushing blobs"). A session is taken
 * when a request's head arrives and given back when the request ends, however it ends: what came
 * before a connection broke stays, and GET tells how much that is. */
#include <string.h>

#include "base/error.h"
#include "server/server-private.h"
#include "server/v2/v2.h"

static void
release(void *data)
{
  registry_upload_release(data);
}

static void
upload_location(Request *request, const RegistryUpload *upload)
{
  response_header(request, "Location", "/v2/%s/blobs/uploads/%s",
                  request_parameter(request, "name"), registry_upload_id(upload));
  response_header(request, "Docker-Upload-UUID", "%s", registry_upload_id(upload));
}

/* What is there: "0-0" stands for nothing as well as for one byte, as docker has it. */
static void
upload_range(Request *request, const RegistryUpload *upload)
{
  uint64_t size = registry_upload_size(upload);
  response_header(request, "Range", "0-%" G_GUINT64_FORMAT, size > 0 ? size - 1 : 0);
}

static void
respond_created(Request *request, const Digest *digest)
{
  response_header(request, "Location", "/v2/%s/blobs/%s", request_parameter(request, "name"),
                  digest->text);
  response_header(request, "Docker-Content-Digest", "%s", digest->text);
  respond_empty(request, MHD_HTTP_CREATED);
}

/* The digest of ?digest=; false after it responded. */
static bool
query_digest(Request *request, Digest *digest)
{
  const char *text = request_query(request, "digest");
  g_autoptr(GError) error = NULL;
  if (text == NULL)
    error_set(&error, ASSAY_ERROR_INVALID, "the closing request needs ?digest=");
  else if (digest_parse(text, digest, &error))
    return true;
  respond_oci_error(request, 400, "DIGEST_INVALID", error->message, NULL);
  return false;
}

static void
finish_upload(Request *request, RegistryUpload *upload)
{
  g_autoptr(GError) error = NULL;
  ServerContext *server = server_context(request);
  Digest digest;
  if (!query_digest(request, &digest))
    return;
  if (!registry_upload_finish(upload, &digest, &error)) {
    respond_error(request, error);
    return;
  }
  pipeline_layer_arrived(server->pipeline, &digest);
  respond_created(request, &digest);
}

/* --- POST --- */

static bool
is_monolithic(const Request *request)
{
  return request_query(request, "digest") != NULL && request_query(request, "mount") == NULL;
}

static RegistryUpload *
start_upload(Request *request)
{
  g_autoptr(GError) error = NULL;
  Digest announced;
  const char *digest = request_query(request, "digest");
  const char *algorithm = request_query(request, "digest-algorithm");
  bool sha512 = g_strcmp0(algorithm, "sha512") == 0 ||
                (digest != NULL && digest_parse(digest, &announced, NULL) &&
                 digest_algorithm(&announced) == DIGEST_SHA512);
  RegistryUpload *upload =
      registry_upload_start(server_context(request)->registry, request_parameter(request, "name"),
                            sha512 ? DIGEST_SHA512 : DIGEST_SHA256, &error);
  if (upload == NULL)
    respond_error(request, error);
  return upload;
}

/* A blob in one POST: its bytes need somewhere to go before they come. */
void
v2_upload_post_begin(Request *request)
{
  Digest digest;
  if (!is_monolithic(request) || !query_digest(request, &digest))
    return;
  RegistryUpload *upload = start_upload(request);
  if (upload != NULL)
    request_set_state(request, upload, release);
}

/* ?mount=<digest>[&from=<repository>]: linked without a transfer where the blob is known. */
static bool
try_mount(Request *request)
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
  if (registry_blob_mount(server->registry, request_parameter(request, "name"),
                          from != NULL && *from != '\0' ? from : NULL, &digest, &error)) {
    pipeline_layer_arrived(server->pipeline, &digest);
    respond_created(request, &digest);
    return true;
  }
  if (error != NULL)
    respond_error(request, error);
  return error != NULL;
}

void
v2_upload_post_finish(Request *request)
{
  RegistryUpload *monolithic = request_state(request);
  if (monolithic != NULL) {
    finish_upload(request, monolithic);
    if (request_header(request, "Content-Length") == NULL && registry_upload_size(monolithic) == 0)
      registry_upload_cancel(monolithic, NULL);
    return;
  }
  if (try_mount(request))
    return;
  RegistryUpload *upload = start_upload(request);
  if (upload == NULL)
    return;
  upload_location(request, upload);
  upload_range(request, upload);
  respond_empty(request, MHD_HTTP_ACCEPTED);
  registry_upload_release(upload);
}

/* --- PATCH and PUT --- */

/* "first-last", both within the body's length: the chunk must go on where the upload stands. */
static bool
check_content_range(Request *request, const RegistryUpload *upload)
{
  const char *header = request_header(request, "Content-Range");
  if (header == NULL)
    return true;
  if (g_str_has_prefix(header, "bytes "))
    header += strlen("bytes ");
  Slice rest = slice_from_string(header), first_text, last_text;
  uint64_t first = 0, last = 0;
  int64_t length = request_content_length(request);
  bool valid = slice_next_field(&rest, '-', &first_text) &&
               slice_next_field(&rest, '/', &last_text) && slice_to_uint64(first_text, &first) &&
               slice_to_uint64(last_text, &last) && first <= last && last < INT64_MAX;
  if (valid && length >= 0)
    valid = (uint64_t)length == last - first + 1;
  if (!valid) {
    respond_oci_error(request, 400, "BLOB_UPLOAD_INVALID",
                      "Content-Range must be FIRST-LAST, and hold as many bytes as Content-Length",
                      NULL);
    return false;
  }
  if (first == registry_upload_size(upload))
    return true;
  g_autofree char *message =
      g_strdup_printf("the chunk starts at %" G_GUINT64_FORMAT ", but the upload stands at "
                      "%" G_GUINT64_FORMAT "; go on from there",
                      first, registry_upload_size(upload));
  respond_oci_error(request, MHD_HTTP_RANGE_NOT_SATISFIABLE, "BLOB_UPLOAD_INVALID", message, NULL);
  upload_location(request, upload);
  upload_range(request, upload);
  return false;
}

static bool
check_chunk_size(Request *request)
{
  uint64_t limit = server_context(request)->config->limits.chunk_bytes;
  int64_t length = request_content_length(request);
  if (limit == 0 || length < 0 || (uint64_t)length <= limit)
    return true;
  g_autofree char *message = g_strdup_printf(
      "a chunk may have at most %" G_GUINT64_FORMAT " bytes (limits.chunk_bytes)", limit);
  respond_oci_error(request, 413, "SIZE_INVALID", message, NULL);
  return false;
}

void
v2_upload_take(Request *request)
{
  g_autoptr(GError) error = NULL;
  RegistryUpload *upload =
      registry_upload_take(server_context(request)->registry, request_parameter(request, "name"),
                           request_parameter(request, "id"), &error);
  if (upload == NULL) {
    respond_error(request, error);
    return;
  }
  request_set_state(request, upload, release);
  if (check_content_range(request, upload))
    check_chunk_size(request);
}

bool
v2_upload_body(Request *request, Slice bytes)
{
  g_autoptr(GError) error = NULL;
  RegistryUpload *upload = request_state(request);
  if (upload == NULL) {
    respond_oci_error(request, 413, "SIZE_INVALID",
                      "this request takes no body without ?digest=", NULL);
    return false;
  }
  if (registry_upload_append(upload, bytes, &error))
    return true;
  respond_error(request, error);
  return false;
}

void
v2_upload_patch_finish(Request *request)
{
  RegistryUpload *upload = request_state(request);
  upload_location(request, upload);
  upload_range(request, upload);
  respond_empty(request, MHD_HTTP_ACCEPTED);
}

void
v2_upload_put_finish(Request *request)
{
  finish_upload(request, request_state(request));
}

/* --- GET and DELETE --- */

void
v2_upload_get(Request *request)
{
  v2_upload_take(request);
  if (request_has_response(request))
    return;
  upload_location(request, request_state(request));
  upload_range(request, request_state(request));
  respond_empty(request, MHD_HTTP_NO_CONTENT);
}

void
v2_upload_delete(Request *request)
{
  g_autoptr(GError) error = NULL;
  v2_upload_take(request);
  if (request_has_response(request))
    return;
  if (registry_upload_cancel(request_state(request), &error))
    respond_empty(request, MHD_HTTP_NO_CONTENT);
  else
    respond_error(request, error);
}
