/* Responses: bytes, JSON, errors; files are in ranges.c. */
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "registry/registry.h"
#include "server/http/entity_tags.h"
#include "server/http/http-private.h"
#include "server/http/microhttpd_library-private.h"
#include "server/http/problem.h"

void
request_take_response(Request *request, unsigned status, struct MHD_Response *response,
                      uint64_t bytes)
{
  g_assert(request->response == NULL && response != NULL);
  request->status = status;
  request->response = response;
  request->response_bytes = bytes;
}

static void
release_bytes(void *data)
{
  g_bytes_unref(data);
}

void
respond_bytes(Request *request, unsigned status, const char *content_type, GBytes *bytes)
{
  gsize size;
  const void *data = g_bytes_get_data(bytes, &size);
  struct MHD_Response *response = microhttpd()->create_response_from_buffer_with_free_callback_cls(
      size, (void *)(uintptr_t)data, release_bytes, g_bytes_ref(bytes));
  request_take_response(request, status, response, size);
  if (content_type != NULL)
    response_header(request, "Content-Type", content_type);
}

void
respond_empty(Request *request, unsigned status)
{
  g_autoptr(GBytes) nothing = g_bytes_new_static("", 0);
  respond_bytes(request, status, NULL, nothing);
}

static ssize_t
read_nothing(void *data, uint64_t position, char *buffer, size_t size)
{
  return MHD_CONTENT_READER_END_WITH_ERROR;
}

void
respond_not_modified(Request *request, uint64_t size)
{
  struct MHD_Response *response =
      microhttpd()->create_response_from_callback(size, 1, read_nothing, NULL, NULL);
  request_take_response(request, MHD_HTTP_NOT_MODIFIED, response, 0);
}

void
respond_text(Request *request, unsigned status, const char *content_type, const char *text)
{
  g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));
  respond_bytes(request, status, content_type, bytes);
}

/* Not what is shown once, nor what a POST has done to something else. */
static bool
shows_an_object(const Request *request, unsigned status)
{
  return request_is_of_api(request) && !request->shown_once &&
         (status == MHD_HTTP_CREATED ||
          (status == MHD_HTTP_OK && strcmp(request->method, "POST") != 0 &&
           strcmp(request->method, "DELETE") != 0));
}

/* Its ETag, where it shows an object. True: the client has it already. */
static bool
tag(Request *request, unsigned status, const json_t *value)
{
  if (!shows_an_object(request, status))
    return false;
  g_autofree char *made = entity_tag_of(value);
  response_header(request, "ETag", made);
  g_autofree char *known =
      request->looked_at ? NULL : request_header_joined(request, "If-None-Match");
  return known != NULL && status == MHD_HTTP_OK &&
         (strcmp(request->method, "GET") == 0 || strcmp(request->method, "HEAD") == 0) &&
         entity_tags_name(known, made, TAGS_SHOWN);
}

void
respond_json(Request *request, unsigned status, const json_t *value)
{
  g_autofree char *text = json_to_text(value);
  if (tag(request, status, value)) {
    respond_not_modified(request, strlen(text));
    return;
  }
  respond_text(request, status, "application/json", text);
  if (request_is_of_api(request) && strcmp(request->method, "POST") == 0)
    request->answer = g_strdup(text);
}

void
response_shown_once(Request *request)
{
  request->shown_once = true;
}

static void
header_clear(void *data)
{
  Header *header = data;
  g_free(header->name);
  g_free(header->value);
}

GArray *
request_headers_new(void)
{
  GArray *headers = g_array_new(FALSE, FALSE, sizeof(Header));
  g_array_set_clear_func(headers, header_clear);
  return headers;
}

const char *
request_answered_header(const Request *request, const char *name)
{
  for (guint i = 0; i < request->headers->len; i++) {
    const Header *header = &g_array_index(request->headers, Header, i);
    if (g_ascii_strcasecmp(header->name, name) == 0)
      return header->value;
  }
  return NULL;
}

static void
add_header(Request *request, const char *name, char *value)
{
  Header header = {g_strdup(name), value};
  /* Parts of a value may come from a client: no second header may be smuggled in by a line end. */
  bool plain = true;
  for (const char *p = value; *p != '\0'; p++)
    plain = plain && !g_ascii_iscntrl(*p);
  if (plain)
    g_array_append_val(request->headers, header);
  else
    header_clear(&header);
}

void
response_header(Request *request, const char *name, const char *value)
{
  add_header(request, name, g_strdup(value));
}

void
response_header_format(Request *request, const char *name, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  add_header(request, name, g_strdup_vprintf(format, args));
  va_end(args);
}

/* --- the error table --- */

/* goharbor/pluggable-scanner-spec 1.2, ErrorResponse. */
#define HARBOR_ERROR_TYPE "application/vnd.scanner.adapter.error+json; version=1.0"

typedef struct {
  unsigned status;
  const char *code;
} Mapping;

/* distribution-spec, "Error Codes". */
static const Mapping registry_errors[] = {
    [REGISTRY_BLOB_UNKNOWN] = {404, "BLOB_UNKNOWN"},
    [REGISTRY_BLOB_UPLOAD_INVALID] = {400, "BLOB_UPLOAD_INVALID"},
    [REGISTRY_BLOB_UPLOAD_UNKNOWN] = {404, "BLOB_UPLOAD_UNKNOWN"},
    [REGISTRY_DIGEST_INVALID] = {400, "DIGEST_INVALID"},
    [REGISTRY_MANIFEST_BLOB_UNKNOWN] = {404, "MANIFEST_BLOB_UNKNOWN"},
    [REGISTRY_MANIFEST_INVALID] = {400, "MANIFEST_INVALID"},
    [REGISTRY_MANIFEST_UNKNOWN] = {404, "MANIFEST_UNKNOWN"},
    [REGISTRY_NAME_INVALID] = {400, "NAME_INVALID"},
    [REGISTRY_NAME_UNKNOWN] = {404, "NAME_UNKNOWN"},
    [REGISTRY_SIZE_INVALID] = {413, "SIZE_INVALID"},
    [REGISTRY_UNAUTHORIZED] = {401, "UNAUTHORIZED"},
    [REGISTRY_DENIED] = {403, "DENIED"},
    [REGISTRY_UNSUPPORTED] = {415, "UNSUPPORTED"},
    [REGISTRY_TOOMANYREQUESTS] = {429, "TOOMANYREQUESTS"},
    [REGISTRY_REFERENCED] = {409, "DENIED"},
};

/* What the specification has no code for. */
static const Mapping other_errors[] = {
    [ASSAY_ERROR_FAILED] = {500, "INTERNAL"},
    [ASSAY_ERROR_INVALID] = {400, "INVALID"},
    [ASSAY_ERROR_LIMIT] = {413, "SIZE_INVALID"},
    [ASSAY_ERROR_MISMATCH] = {400, "DIGEST_INVALID"},
    [ASSAY_ERROR_NOT_FOUND] = {404, "NOT_FOUND"},
    [ASSAY_ERROR_EXISTS] = {409, "CONFLICT"},
    [ASSAY_ERROR_DENIED] = {403, "DENIED"},
    [ASSAY_ERROR_UNSUPPORTED] = {415, "UNSUPPORTED"},
    [ASSAY_ERROR_IO] = {500, "INTERNAL"},
    [ASSAY_ERROR_FULL] = {507, "INSUFFICIENT_STORAGE"},
    [ASSAY_ERROR_READ_ONLY] = {503, "UNAVAILABLE"},
    [ASSAY_ERROR_NETWORK] = {502, "INTERNAL"},
    [ASSAY_ERROR_TIMEOUT] = {504, "INTERNAL"},
    [ASSAY_ERROR_BUSY] = {503, "UNAVAILABLE"},
    [ASSAY_ERROR_CANCELLED] = {503, "UNAVAILABLE"},
    [ASSAY_ERROR_CHANGED] = {412, "PRECONDITION_FAILED"},
};

/* The form of the distribution specification. (transfer full) */
static json_t *
oci_error(const char *code, const char *message, const json_t *detail)
{
  json_t *body = json_object();
  json_t *errors = json_array(), *one = json_object();
  json_set_string(one, "code", code);
  json_set_string(one, "message", message);
  /* Clients print message and detail one after the other: it holds nothing that the message says.
   */
  if (detail != NULL)
    json_object_set_new(one, "detail", json_deep_copy(detail));
  json_array_append_new(errors, one);
  json_object_set_new(body, "errors", errors);
  return body;
}

/* As Harbor reads the errors of a scanner. (transfer full) */
static json_t *
harbor_error(const char *message)
{
  json_t *body = json_object(), *error = json_object();
  json_set_string(error, "message", message);
  json_object_set_new(body, "error", error);
  return body;
}

static void
respond_refusal(Request *request, Mapping mapping, const char *message, const json_t *detail,
                bool by_rule)
{
  g_autofree char *valid = g_utf8_make_valid(message, -1);
  bool problem = request_is_of_api(request), harbor = request_is_of_harbor(request);
  g_autoptr(json_t) body = problem
                               ? problem_to_json(mapping.status, mapping.code, valid, request->id)
                           : harbor ? harbor_error(valid)
                                    : oci_error(mapping.code, valid, detail);
  /* No right helps against a quota, or an immutable tag: the message says what does. */
  if (by_rule)
    json_object_del(body, "remedy");
  g_autofree char *text = json_to_text(body);
  respond_text(request, mapping.status,
               problem  ? PROBLEM_MEDIA_TYPE
               : harbor ? HARBOR_ERROR_TYPE
                        : "application/json",
               text);
}

void
respond_oci_error(Request *request, unsigned status, const char *code, const char *message,
                  const json_t *detail)
{
  respond_refusal(request, (Mapping){status, code}, message, detail, false);
}

void
respond_error(Request *request, const GError *error)
{
  Mapping mapping = {500, "INTERNAL"};
  if (error->domain == REGISTRY_ERROR && (size_t)error->code < G_N_ELEMENTS(registry_errors))
    mapping = registry_errors[error->code];
  else if (error->domain == ASSAY_ERROR && (size_t)error->code < G_N_ELEMENTS(other_errors))
    mapping = other_errors[error->code];
  /* What went wrong inside is for the operator; the client gets the id to ask by. */
  if (mapping.status >= 500 && mapping.status != 503) {
    log_error("request failed", "path", request_path_shown(request), "error", error->message, NULL);
    g_autofree char *message = g_strdup_printf(
        "the registry could not do this%s; its log says more under request id %s",
        mapping.status == MHD_HTTP_INSUFFICIENT_STORAGE ? ": its disk is full" : "", request->id);
    respond_oci_error(request, mapping.status, mapping.code, message, NULL);
    return;
  }
  if (g_error_matches(error, ASSAY_ERROR, ASSAY_ERROR_READ_ONLY)) {
    /* Nor does it pass by itself: no Retry-After. */
    respond_oci_error(request, mapping.status, mapping.code,
                      "the registry's data folder is read-only: it serves pulls, and takes no "
                      "pushes and no deletions; its operator can mount the folder for writing and "
                      "start the server again",
                      NULL);
    return;
  }
  /* What lacks a right of whoever asks says so itself. */
  bool by_rule = g_error_matches(error, REGISTRY_ERROR, REGISTRY_DENIED) ||
                 g_error_matches(error, ASSAY_ERROR, ASSAY_ERROR_DENIED);
  respond_refusal(request, mapping, error->message, NULL, by_rule);
  if (mapping.status == MHD_HTTP_TOO_MANY_REQUESTS ||
      mapping.status == MHD_HTTP_SERVICE_UNAVAILABLE)
    response_header(request, "Retry-After", "5");
}

void
respond_stopping(Request *request)
{
  respond_oci_error(request, MHD_HTTP_SERVICE_UNAVAILABLE, "UNAVAILABLE",
                    "the registry is stopping; ask again in a moment", NULL);
}
