/* What the resources of /api/v1 share: questions' parameters, pages, and members of answers. */
#include <string.h>

#include "base/json.h"
#include "pipeline/signing_state.h"
#include "server/api/api-private.h"

bool
api_number_of(Request *request, const char *name, uint64_t least, uint64_t most, uint64_t *value)
{
  const char *text = request_query(request, name);
  if (text == NULL ||
      (slice_to_uint64(slice_from_string(text), value) && *value >= least && *value <= most))
    return true;
  api_refuse(request,
             "?%s= must be a whole number from %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT, name,
             least, most);
  return false;
}

bool
api_page_of(Request *request, Page *page)
{
  *page = (Page){PAGE_DEFAULT, 0};
  return api_number_of(request, "limit", 1, PAGE_MAX, &page->limit) &&
         api_number_of(request, "offset", 0, G_MAXUINT32, &page->offset);
}

void
api_respond_page(Request *request, const char *key, uint64_t total, const Page *page, json_t *part)
{
  g_autoptr(json_t) body = json_object();
  api_respond_page_of(request, body, key, total, page, part);
}

void
api_respond_page_of(Request *request, json_t *body, const char *key, uint64_t total,
                    const Page *page, json_t *part)
{
  json_object_set_new(body, "total", json_integer((json_int_t)total));
  json_object_set_new(body, "limit", json_integer((json_int_t)page->limit));
  json_object_set_new(body, "offset", json_integer((json_int_t)page->offset));
  json_object_set_new(body, key, part);
  respond_json(request, MHD_HTTP_OK, body);
}

void
api_refuse(Request *request, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_autofree char *message = g_strdup_vprintf(format, args);
  va_end(args);
  respond_oci_error(request, MHD_HTTP_BAD_REQUEST, "INVALID", message, NULL);
}

bool
api_flag_of(Request *request, const char *name, bool *value)
{
  const char *text = request_query(request, name);
  *value = g_strcmp0(text, "true") == 0;
  if (text == NULL || *value || strcmp(text, "false") == 0)
    return true;
  api_refuse(request, "?%s= must be true or false", name);
  return false;
}

const char *
api_signing_of(const ServerContext *server, const char *repository, const char *digest, char **tags)
{
  g_autoptr(SigningSet) set = signing_get(server->signing);
  return set->rules->len == 0
             ? NULL
             : signing_state_in_short(signing_jobs_rooms(server->signing_jobs), set, repository,
                                      digest, (const char *const *)tags, NULL);
}

bool
api_may_all_of(Request *request, Verb verb, const char *space)
{
  if (request_may_all(request, verb, space))
    return true;
  g_autofree char *message =
      g_strdup_printf("this needs the right to %s on all of %.200s/", verb_name(verb), space);
  respond_oci_error(request, MHD_HTTP_FORBIDDEN, "DENIED", message, NULL);
  return false;
}

static const JsonMember gate_members[] = {
    {JSON_MEMBER_AS("answer", Standing, gate), .kind = &json_word, .words = gate_answer_names},
    {JSON_MEMBER(Standing, policy), .kind = &json_text, .required = true},
    {JSON_MEMBER(Standing, reason), .kind = &json_text},
    {JSON_MEMBER(Standing, blocking), .kind = &json_number},
    {JSON_MEMBER(Standing, unscanned), .kind = &json_flag},
    {JSON_MEMBER(Standing, current), .kind = &json_flag},
};
const JsonTable api_gate_table = JSON_TABLE(Standing, gate_members);

bool
api_severities_of(Request *request, int *severities)
{
  Slice rest = slice_from_string(request_query(request, "severity")), word;
  *severities = 0;
  while (slice_next_field(&rest, ',', &word)) {
    Severity severity;
    g_autofree char *name = slice_to_utf8(word);
    if (!severity_parse(name, &severity)) {
      api_refuse(request,
                 "?severity= must be of critical, high, medium, low, negligible and unknown, is "
                 "\"%s\"",
                 name);
      return false;
    }
    *severities |= 1 << severity;
  }
  return true;
}

typedef struct {
  uint64_t packages, images, pending, failed;
} NotKnown;
static const JsonMember not_known_members[] = {
    {JSON_MEMBER_AS("unmatched_packages", NotKnown, packages), .kind = &json_number},
    {JSON_MEMBER_AS("unjudged_images", NotKnown, images), .kind = &json_number},
    {JSON_MEMBER_AS("pending_scans", NotKnown, pending), .kind = &json_number},
    {JSON_MEMBER_AS("failed_scans", NotKnown, failed), .kind = &json_number},
};
const JsonTable api_not_known_table = JSON_TABLE(NotKnown, not_known_members);

void
api_set_unknown(Request *request, json_t *body, const Overview *overview)
{
  if (!request_may_all(request, VERB_LIST, NULL))
    return;
  const NotKnown unknown = {overview->unmatched, overview->unjudged,
                            overview->pending + overview->waiting, overview->failed};
  json_object_set_new(body, "not_known", json_table_write(&api_not_known_table, &unknown));
}
