/* What the resources of /api/v1 share: questions' parameters, pages, and members of answers. */
#include <string.h>

#include "base/json.h"
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

static char *
time_text(int64_t microseconds)
{
  g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(microseconds / G_USEC_PER_SEC);
  return time == NULL ? NULL : g_date_time_format_iso8601(time);
}

void
api_set_time(json_t *object, const char *key, int64_t microseconds)
{
  g_autofree char *text = microseconds == 0 ? NULL : time_text(microseconds);
  json_set_string(object, key, text);
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

json_t *
api_counts_to_json(const uint32_t counts[SEVERITY_CRITICAL + 1])
{
  json_t *object = json_object();
  for (int severity = SEVERITY_CRITICAL; severity >= SEVERITY_UNKNOWN; severity--)
    json_object_set_new(object, severity_name((Severity)severity), json_integer(counts[severity]));
  return object;
}

void
api_set_gate(json_t *object, const Standing *standing)
{
  json_t *gate = json_object();
  json_set_string(gate, "answer", gate_answer_name(standing->gate));
  json_set_string(gate, "policy", standing->policy);
  json_set_string(gate, "reason", standing->reason);
  json_object_set_new(gate, "blocking", json_integer(standing->blocking));
  json_object_set_new(gate, "unscanned", json_boolean(standing->unscanned));
  json_object_set_new(gate, "current", json_boolean(standing->current));
  json_object_set_new(object, "gate", gate);
  json_object_set_new(object, "size", json_integer((json_int_t)standing->size));
}

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
                 "?severity=: \"%s\" is none of critical, high, medium, low, negligible, "
                 "unknown",
                 name);
      return false;
    }
    *severities |= 1 << severity;
  }
  return true;
}

void
api_set_unknown(json_t *body, const Overview *overview)
{
  json_t *unknown = json_object();
  json_object_set_new(unknown, "unmatched_packages", json_integer((json_int_t)overview->unmatched));
  json_object_set_new(unknown, "unjudged_images", json_integer((json_int_t)overview->unjudged));
  json_object_set_new(unknown, "pending_scans",
                      json_integer((json_int_t)(overview->pending + overview->waiting)));
  json_object_set_new(unknown, "failed_scans", json_integer((json_int_t)overview->failed));
  json_object_set_new(body, "not_known", unknown);
}
