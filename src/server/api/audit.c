/* /api/v1/audit: the record of who did what (access/audit/audit.h). */
#include "access/audit/audit.h"

#include "base/json.h"
#include "server/api/api-private.h"

/* ?@name=, a moment as RFC 3339 has it; *moment stays without it. False: it responded. */
static bool
moment_of(Request *request, const char *name, int64_t *moment)
{
  const char *text = request_query(request, name);
  g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
  g_autoptr(GDateTime) time = text == NULL ? NULL : g_date_time_new_from_iso8601(text, utc);
  if (text != NULL && time == NULL) {
    api_refuse(request, "?%s= must be a time, such as 2026-11-26T08:00:00Z", name);
    return false;
  }
  if (time != NULL)
    *moment = g_date_time_to_unix(time) * G_USEC_PER_SEC + g_date_time_get_microsecond(time);
  return true;
}

static void
api_audit(Request *request)
{
  g_autoptr(GError) error = NULL;
  SqlPool *sql = server_context(request)->sql;
  uint64_t limit = PAGE_DEFAULT, last = 0;
  int64_t number = 0;
  char hash[AUDIT_HASH_SIZE];
  bool more = false;
  AuditFilter filter = {.who = request_query(request, "who"),
                        .type = request_query(request, "type"),
                        .object = request_query(request, "object")};
  if (!api_number_of(request, "limit", 1, PAGE_MAX, &limit) ||
      !api_number_of(request, "last", 0, INT64_MAX, &last) ||
      !moment_of(request, "since", &filter.since) || !moment_of(request, "until", &filter.until))
    return;
  /* The head first: what comes meanwhile is not missing. */
  g_autoptr(json_t) records =
      audit_head(sql, &number, hash, &error)
          ? audit_records(sql, &filter, (int64_t)last, (unsigned)limit, &more, &error)
          : NULL;
  if (records == NULL) {
    respond_error(request, error);
    return;
  }
  g_autoptr(json_t) body = json_object();
  size_t count = json_array_size(records);
  json_set_number(body, "limit", limit);
  json_object_set_new(body, "head",
                      json_pack("{s:I,s:s}", "number", (json_int_t)number, "hash", hash));
  json_object_set(body, "records", records);
  if (more) {
    g_autofree char *next = g_strdup_printf(
        "%" JSON_INTEGER_FORMAT,
        json_get_integer(json_array_get(records, count - 1), "number", (json_int_t)last));
    json_set_string(body, "next", next);
  }
  respond_json(request, MHD_HTTP_OK, body);
}

const Route api_audit_routes[] = {
    {"GET", "/api/v1/audit", "api-audit", VERB_READ_AUDIT, ON_SYSTEM, WORK_HEAVY,
     .finish = api_audit},
    {NULL},
};
