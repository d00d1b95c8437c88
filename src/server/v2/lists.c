/* Tags, catalogue and referrers (distribution-spec, "Content Discovery"), and the version check. */
#include <string.h>

#include "base/json.h"
#include "oci/media_type.h"
#include "server/server-private.h"
#include "server/v2/v2.h"
#include "server/visible.h"

#define WARNING_BYTES_MAX 500

/* Of names in one answer, also where the client asks for all: the rest is after Link. */
#define PAGE_MAX 10000

static void
v2_support(Request *request)
{
  g_autoptr(json_t) nothing = json_object();
  respond_json(request, MHD_HTTP_OK, nothing);
}

void
v2_warn(Request *request, const char *text)
{
  /* A quoted string of printable ASCII (RFC 9110, 5.6.4), with nothing to escape. */
  g_autofree char *plain = g_strndup(text, WARNING_BYTES_MAX);
  for (char *p = plain; *p != '\0'; p++)
    *p = *p == '"' ? '\'' : *p == '\\' ? '/' : g_ascii_isprint(*p) ? *p : '?';
  response_header_format(request, "Warning", "299 - \"%s\"", plain);
}

/* ?n=; false after it responded. */
static bool
page_size(Request *request, int64_t *n)
{
  const char *text = request_query(request, "n");
  uint64_t value = PAGE_MAX;
  if (text != NULL && (!slice_to_uint64(slice_from_string(text), &value) || value > INT64_MAX)) {
    respond_oci_error(request, 400, "UNSUPPORTED", "?n= must be a whole number, not negative",
                      NULL);
    return false;
  }
  *n = (int64_t)MIN(value, PAGE_MAX);
  return true;
}

static json_t *
names_to_json(char *const *names)
{
  json_t *array = json_array();
  for (; *names != NULL; names++)
    json_array_append_new(array, json_string(*names));
  return array;
}

/* RFC 8288: where the next page begins. */
static void
link_next(Request *request, char *const *names, int64_t n)
{
  guint count = g_strv_length((char **)(uintptr_t)names);
  if (count == 0)
    return;
  g_autofree char *last = g_uri_escape_string(names[count - 1], NULL, FALSE);
  response_header_format(request, "Link", "<%s?n=%" G_GINT64_FORMAT "&last=%s>; rel=\"next\"",
                         request_path(request), n, last);
}

static void
respond_names(Request *request, json_t *body, const char *key, char *const *names, int64_t n,
              bool more)
{
  json_object_set_new(body, key, names_to_json(names));
  if (more)
    link_next(request, names, n);
  respond_json(request, MHD_HTTP_OK, body);
}

static void
v2_tags(Request *request)
{
  g_autoptr(GError) error = NULL;
  const char *repository = request_parameter(request, "name");
  int64_t n;
  bool more = false;
  if (!page_size(request, &n))
    return;
  g_auto(GStrv) names = registry_tags(server_context(request)->registry, repository,
                                      request_query(request, "last"), n, &more, &error);
  if (names == NULL) {
    respond_error(request, error);
    return;
  }
  g_autoptr(json_t) body = json_object();
  json_set_string(body, "name", repository);
  respond_names(request, body, "tags", names, n, more);
}

static void
v2_catalog(Request *request)
{
  g_autoptr(GError) error = NULL;
  int64_t n;
  bool more = false;
  if (!page_size(request, &n))
    return;
  g_auto(GStrv) names =
      visible_repositories(request, VERB_LIST, request_query(request, "last"), n, &more, &error);
  if (names == NULL) {
    respond_error(request, error);
    return;
  }
  g_autoptr(json_t) body = json_object();
  respond_names(request, body, "repositories", names, n, more);
}

/* distribution-spec, "Listing Referrers": what an entry has. */
static const JsonMember referrer_members[] = {
    {JSON_MEMBER_AS("mediaType", Descriptor, media_type), .kind = &json_text},
    {JSON_MEMBER(Descriptor, digest), .kind = &json_digest},
    {JSON_MEMBER(Descriptor, size), .kind = &json_number},
    {JSON_MEMBER_AS("artifactType", Descriptor, artifact_type), .kind = &json_text},
    {JSON_MEMBER(Descriptor, annotations), .kind = &json_annotations},
};
static const JsonTable referrer_table = JSON_TABLE(Descriptor, referrer_members);

static void
link_next_referrers(Request *request, const Descriptor *last, const char *filter)
{
  g_autofree char *escaped = filter == NULL ? NULL : g_uri_escape_string(filter, NULL, FALSE);
  response_header_format(request, "Link", "<%s?%s%s%slast=%s>; rel=\"next\"", request_path(request),
                         filter == NULL ? "" : "artifactType=", filter == NULL ? "" : escaped,
                         filter == NULL ? "" : "&", last->digest.text);
}

static void
v2_referrers(Request *request)
{
  g_autoptr(GError) error = NULL;
  Digest digest;
  bool more = false;
  const char *filter = request_query(request, "artifactType");
  if (!v2_path_digest(request, &digest))
    return;
  g_autoptr(GPtrArray) referrers =
      registry_referrers(server_context(request)->registry, request_parameter(request, "name"),
                         &digest, filter, request_query(request, "last"), &more, &error);
  if (referrers == NULL) {
    respond_error(request, error);
    return;
  }
  g_autoptr(json_t) index = json_object();
  json_object_set_new(index, "schemaVersion", json_integer(2));
  json_set_string(index, "mediaType", MEDIA_TYPE_OCI_INDEX);
  json_t *manifests = json_array();
  for (guint i = 0; i < referrers->len; i++)
    json_array_append_new(manifests,
                          json_table_write(&referrer_table, g_ptr_array_index(referrers, i)));
  json_object_set_new(index, "manifests", manifests);
  g_autofree char *text = json_to_text(index);
  respond_text(request, MHD_HTTP_OK, MEDIA_TYPE_OCI_INDEX, text);
  if (more)
    link_next_referrers(request, g_ptr_array_index(referrers, referrers->len - 1), filter);
  if (filter != NULL)
    response_header(request, "OCI-Filters-Applied", "artifactType");
}

const Route v2_list_routes[] = {
    {"GET", "/v2/", "v2", VERB_NONE, ON_DOOR, WORK_AT_ONCE, .finish = v2_support},
    {"GET", "/v2", "v2", VERB_NONE, ON_DOOR, WORK_AT_ONCE, .finish = v2_support},
    {"GET", "/v2/_catalog", "catalog", VERB_LIST, ON_WHAT_ONE_MAY, WORK_WAITS,
     .finish = v2_catalog},
    {"GET", "/v2/<name>/tags/list", "tags", VERB_PULL, ON_REPOSITORY, WORK_WAITS, .finish = v2_tags,
     .follow = v2_follow_move},
    {"GET", "/v2/<name>/referrers/<digest>", "referrers", VERB_PULL, ON_REPOSITORY, WORK_WAITS,
     .finish = v2_referrers, .follow = v2_follow_move},
    {NULL},
};
