/* Uploads: POST, PATCH, PUT, GET, DELETE (distribution-spec, "Pushing blobs"). A session is taken
 * when a request's head arrives and given back when the request ends, however it ends: what came
 * before a connection broke stays, and GET tells how much that is. */
#include <string.h>

#include "base/error.h"
#include "server/http/client.h"
#include "server/server-private.h"
#include "server/v2/v2.h"

/* What a request with a body holds. */
typedef struct {
  Request *request;
  RegistryUpload *upload;
  uint64_t received;  /* bytes of the body */
  uint64_t announced; /* what Content-Range says that the body has; UINT64_MAX: it says nothing */
  uint64_t limit;     /* of the body; 0: none */
  uint64_t tell_at;   /* the upload's size at which the pipeline is told; UINT64_MAX: never */
} Chunk;

/* How long a request waits for the one that it takes an upload over from. */
#define TAKE_OVER_SECONDS 10

static void
note_holder(Request *request, const char *id)
{
  ServerContext *server = server_context(request);
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&server->holders_lock);
  g_hash_table_replace(server->upload_holders, g_strdup(id), request);
}

/* Returns whether another waits for the upload. */
static bool
forget_holder(Request *request, const char *id)
{
  ServerContext *server = server_context(request);
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&server->holders_lock);
  if (g_hash_table_lookup(server->upload_holders, id) == request)
    g_hash_table_remove(server->upload_holders, id);
  return g_hash_table_remove(server->uploads_wanted, id);
}

static void
chunk_free(void *data)
{
  Chunk *chunk = data;
  g_autofree char *id = g_strdup(registry_upload_id(chunk->upload));
  /* In this order: who finds the upload taken also finds by whom. */
  registry_upload_release(chunk->upload);
  if (forget_holder(chunk->request, id))
    http_server_wake(server_context(chunk->request)->http);
  g_free(chunk);
}

static Chunk *
hold_upload(Request *request, RegistryUpload *upload)
{
  Chunk *chunk = g_new0(Chunk, 1);
  chunk->request = request;
  chunk->upload = upload;
  note_holder(request, registry_upload_id(upload));
  chunk->announced = UINT64_MAX;
  chunk->tell_at = PIPELINE_GROWTH_FIRST;
  request_set_state(request, chunk, chunk_free);
  return chunk;
}

static void
upload_location(Request *request, const char *id)
{
  response_header_format(request, "Location", "/v2/%s/blobs/uploads/%s",
                         request_parameter(request, "name"), id);
  response_header(request, "Docker-Upload-UUID", id);
}

/* What is there: "0-0" stands for nothing as well as for one byte, as docker has it. */
static void
upload_range(Request *request, uint64_t size)
{
  response_header_format(request, "Range", "0-%" G_GUINT64_FORMAT, size > 0 ? size - 1 : 0);
}

static void
upload_headers(Request *request, const RegistryUpload *upload)
{
  upload_location(request, registry_upload_id(upload));
  upload_range(request, registry_upload_size(upload));
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

static bool
finish_upload(Request *request, RegistryUpload *upload)
{
  g_autoptr(GError) error = NULL;
  ServerContext *server = server_context(request);
  Digest digest;
  if (!query_digest(request, &digest))
    return false;
  Pipeline *pipeline = server->pipeline;
  const char *id = registry_upload_id(upload);
  pipeline_layer_ends(pipeline, id, registry_upload_size(upload));
  bool finished = registry_upload_finish(upload, &digest, &error);
  pipeline_layer_becomes(pipeline, id, finished ? &digest : NULL);
  if (!finished) {
    respond_error(request, error);
    return false;
  }
  pipeline_layer_arrived(pipeline, request_parameter(request, "name"), &digest);
  v2_respond_created(request, &digest);
  return true;
}

/* --- POST --- */

static bool
is_monolithic(const Request *request)
{
  return request_query(request, "digest") != NULL && request_query(request, "mount") == NULL;
}

/* The algorithm that the closing digest will have, from whatever tells it; false after it
 * responded. */
static bool
announced_algorithm(Request *request, DigestAlgorithm *algorithm)
{
  static const char *const digests[] = {"digest", "mount"};
  const char *name = request_query(request, "digest-algorithm");
  *algorithm = g_strcmp0(name, "sha512") == 0 ? DIGEST_SHA512 : DIGEST_SHA256;
  if (name != NULL && strcmp(name, "sha256") != 0 && strcmp(name, "sha512") != 0) {
    respond_oci_error(request, 400, "UNSUPPORTED", "?digest-algorithm= must be sha256 or sha512",
                      NULL);
    return false;
  }
  for (size_t i = 0; i < G_N_ELEMENTS(digests); i++) {
    Digest digest;
    const char *text = request_query(request, digests[i]);
    if (text != NULL && digest_parse(text, &digest, NULL))
      *algorithm = digest_algorithm(&digest);
  }
  return true;
}

static RegistryUpload *
start_upload(Request *request)
{
  g_autoptr(GError) error = NULL;
  DigestAlgorithm algorithm;
  if (!announced_algorithm(request, &algorithm))
    return NULL;
  g_autofree char *network = client_network(request_client(request));
  RegistryUpload *upload = registry_upload_start_unlisted(server_context(request)->registry,
                                                          request_parameter(request, "name"),
                                                          network, algorithm, &error);
  if (upload == NULL)
    respond_error(request, error);
  return upload;
}

/* A blob in one POST: its bytes need somewhere to go before they come. Nobody else knows the
 * session: what broke off has no second request to continue with. */
static void
v2_upload_post_begin(Request *request)
{
  Digest digest;
  if (!is_monolithic(request) || !query_digest(request, &digest))
    return;
  RegistryUpload *upload = start_upload(request);
  if (upload != NULL)
    hold_upload(request, upload);
}

/* Other requests bring the bytes. */
static void
respond_started(Request *request, RegistryUpload *upload)
{
  g_autoptr(GError) error = NULL;
  if (!registry_upload_list(upload, &error)) {
    respond_error(request, error);
    return;
  }
  upload_headers(request, upload);
  respond_empty(request, MHD_HTTP_ACCEPTED);
}

/* No bytes came with ?digest=, and it is not that of no bytes: the client announces what it will
 * send in a PUT, as one does that knows registries without the single POST. */
static bool
only_announces(Request *request, const RegistryUpload *upload)
{
  Digest digest;
  if (registry_upload_size(upload) > 0 ||
      !digest_parse(request_query(request, "digest"), &digest, NULL))
    return false;
  Digest nothing = digest_of(digest_algorithm(&digest), SLICE_EMPTY);
  return !digest_equal(&nothing, &digest);
}

static void
v2_upload_post_finish(Request *request)
{
  const Chunk *chunk = request_state(request);
  if (chunk != NULL && only_announces(request, chunk->upload)) {
    respond_started(request, chunk->upload);
    return;
  }
  if (chunk != NULL) {
    finish_upload(request, chunk->upload);
    return;
  }
  if (v2_mount(request))
    return;
  g_autoptr(RegistryUpload) upload = start_upload(request);
  if (upload != NULL)
    respond_started(request, upload);
}

/* --- PATCH and PUT --- */

static void
respond_bad_range(Request *request, const RegistryUpload *upload, const char *message)
{
  respond_oci_error(request, MHD_HTTP_RANGE_NOT_SATISFIABLE, "BLOB_UPLOAD_INVALID", message, NULL);
  upload_headers(request, upload);
}

/* "first-last", both within the body's length: the chunk must continue where the upload is. */
static void
check_content_range(Request *request, Chunk *chunk)
{
  const char *header = request_header(request, "Content-Range");
  if (header == NULL)
    return;
  if (g_str_has_prefix(header, "bytes "))
    header += strlen("bytes ");
  Slice rest = slice_from_string(header), first_text, last_text;
  uint64_t first = 0, last = 0, stands_at = registry_upload_size(chunk->upload);
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
    return;
  }
  chunk->announced = last - first + 1;
  if (first == stands_at)
    return;
  g_autofree char *message =
      g_strdup_printf("the chunk starts at %" G_GUINT64_FORMAT ", but the upload is at "
                      "%" G_GUINT64_FORMAT "; go on from there",
                      first, stands_at);
  respond_bad_range(request, chunk->upload, message);
}

static void
respond_chunk_too_large(Request *request, uint64_t limit)
{
  g_autofree char *message = g_strdup_printf(
      "a chunk may have at most %" G_GUINT64_FORMAT " bytes (limits.chunk_bytes)", limit);
  respond_oci_error(request, 413, "SIZE_INVALID", message, NULL);
}

/* Only PATCH sends chunks; a PUT may bring the whole blob. */
static void
check_chunk_size(Request *request, Chunk *chunk)
{
  int64_t length = request_content_length(request);
  if (strcmp(request_method(request), "PATCH") != 0)
    return;
  chunk->limit = server_context(request)->config->limits.chunk_bytes;
  if (chunk->limit != 0 && length > 0 && (uint64_t)length > chunk->limit)
    respond_chunk_too_large(request, chunk->limit);
}

/* An upload is one client's: when a new request comes for it, the client has given the former one
 * up, whose connection may be long dead without anybody here being told. That one is ended, and
 * once it has let go, @request goes on from where it came to: never do two write. */
static bool
displace_holder(Request *request)
{
  ServerContext *server = server_context(request);
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&server->holders_lock);
  const char *id = request_parameter(request, "id");
  Request *holder = g_hash_table_lookup(server->upload_holders, id);
  if (holder != NULL && !request_displace(request, holder, "another request took its upload over"))
    return false;
  g_hash_table_add(server->uploads_wanted, g_strdup(id));
  return true;
}

static RegistryUpload *
try_to_take(Request *request, GError **error)
{
  return registry_upload_take(server_context(request)->registry, request_parameter(request, "name"),
                              request_parameter(request, "id"), error);
}

/* NULL: it responded, or waits. */
static RegistryUpload *
take_upload(Request *request)
{
  g_autoptr(GError) error = NULL;
  RegistryUpload *upload = try_to_take(request, &error);
  if (upload == NULL && g_error_matches(error, REGISTRY_ERROR, REGISTRY_TOOMANYREQUESTS) &&
      displace_holder(request)) {
    /* Again, for the holder may have let go before it could know that somebody waits. */
    g_clear_error(&error);
    upload = try_to_take(request, &error);
    if (upload == NULL && g_error_matches(error, REGISTRY_ERROR, REGISTRY_TOOMANYREQUESTS) &&
        request_wait(request, TAKE_OVER_SECONDS))
      return NULL;
  }
  if (upload == NULL)
    respond_error(request, error);
  return upload;
}

/* Without a response and without the upload, the request waits for it. */
static void
v2_upload_take(Request *request)
{
  RegistryUpload *upload = take_upload(request);
  if (upload == NULL)
    return;
  Chunk *chunk = hold_upload(request, upload);
  check_content_range(request, chunk);
  if (!request_has_response(request))
    check_chunk_size(request, chunk);
}

/* A layer is looked into while it comes. */
static void
tell_pipeline(Chunk *chunk)
{
  uint64_t size = registry_upload_size(chunk->upload);
  if (size < chunk->tell_at)
    return;
  if (chunk->tell_at == PIPELINE_GROWTH_FIRST &&
      !pipeline_scans_at_push(server_context(chunk->request)->pipeline,
                              request_parameter(chunk->request, "name"))) {
    chunk->tell_at = UINT64_MAX;
    return;
  }
  bool more = pipeline_layer_grows(server_context(chunk->request)->pipeline,
                                   registry_upload_id(chunk->upload), size);
  chunk->tell_at = more ? size + PIPELINE_GROWTH_STEP : UINT64_MAX;
}

static bool
v2_upload_body(Request *request, Slice bytes)
{
  g_autoptr(GError) error = NULL;
  Chunk *chunk = request_state(request);
  if (chunk == NULL) {
    respond_oci_error(request, 413, "SIZE_INVALID",
                      "this request takes no body without ?digest=", NULL);
    return false;
  }
  chunk->received += bytes.size;
  if (chunk->limit != 0 && chunk->received > chunk->limit) {
    respond_chunk_too_large(request, chunk->limit);
    return false;
  }
  if (chunk->received > chunk->announced) {
    respond_bad_range(request, chunk->upload, "the body has more bytes than Content-Range says");
    return false;
  }
  if (registry_upload_append(chunk->upload, bytes, &error)) {
    tell_pipeline(chunk);
    return true;
  }
  respond_error(request, error);
  return false;
}

/* A body without Content-Length may end too early: what came stays, and the client is told where it
 * is. */
static bool
check_received(Request *request, const Chunk *chunk)
{
  if (chunk->announced == UINT64_MAX || chunk->received == chunk->announced)
    return true;
  respond_bad_range(request, chunk->upload, "the body has fewer bytes than Content-Range says");
  return false;
}

static void
v2_upload_patch_finish(Request *request)
{
  const Chunk *chunk = request_state(request);
  if (!check_received(request, chunk))
    return;
  upload_headers(request, chunk->upload);
  respond_empty(request, MHD_HTTP_ACCEPTED);
}

static void
v2_upload_put_finish(Request *request)
{
  const Chunk *chunk = request_state(request);
  if (check_received(request, chunk))
    finish_upload(request, chunk->upload);
}

/* --- GET and DELETE --- */

static void
v2_upload_get(Request *request)
{
  g_autoptr(GError) error = NULL;
  uint64_t size;
  const char *id = request_parameter(request, "id");
  if (!registry_upload_status(server_context(request)->registry, request_parameter(request, "name"),
                              id, &size, &error)) {
    respond_error(request, error);
    return;
  }
  upload_location(request, id);
  upload_range(request, size);
  respond_empty(request, MHD_HTTP_NO_CONTENT);
}

static void
v2_upload_delete(Request *request)
{
  g_autoptr(GError) error = NULL;
  v2_upload_take(request);
  const Chunk *chunk = request_state(request);
  if (request_has_response(request) || chunk == NULL)
    return;
  pipeline_layer_becomes(server_context(request)->pipeline, registry_upload_id(chunk->upload),
                         NULL);
  if (registry_upload_cancel(chunk->upload, &error))
    respond_empty(request, MHD_HTTP_NO_CONTENT);
  else
    respond_error(request, error);
}

#define UPLOADS "/v2/<name>/blobs/uploads"

const Route v2_upload_routes[] = {
    {"POST", UPLOADS "/", "uploads", VERB_PUSH, ON_REPOSITORY, WORK_WAITS, v2_upload_post_begin,
     v2_upload_body, v2_upload_post_finish},
    {"POST", UPLOADS, "uploads", VERB_PUSH, ON_REPOSITORY, WORK_WAITS, v2_upload_post_begin,
     v2_upload_body, v2_upload_post_finish},
    {"PATCH", UPLOADS "/<id>", "upload", VERB_PUSH, ON_REPOSITORY, WORK_AT_ONCE, v2_upload_take,
     v2_upload_body, v2_upload_patch_finish},
    {"PUT", UPLOADS "/<id>", "upload", VERB_PUSH, ON_REPOSITORY, WORK_WAITS, v2_upload_take,
     v2_upload_body, v2_upload_put_finish},
    {"GET", UPLOADS "/<id>", "upload", VERB_PUSH, ON_REPOSITORY, WORK_WAITS,
     .finish = v2_upload_get},
    {"DELETE", UPLOADS "/<id>", "upload", VERB_PUSH, ON_REPOSITORY, WORK_WAITS,
     .finish = v2_upload_delete},
    {NULL},
};
