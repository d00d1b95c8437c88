/* All images at once: how many stand how, since when, and what changed. */
#include <string.h>
#include <sys/statvfs.h>

#include "assay-version.h"
#include "base/json.h"
#include "server/api/api-private.h"
#include "server/config.h"

#define DAYS_DEFAULT 30
#define DAYS_MOST    400

static json_t *
number(uint64_t value)
{
  return json_integer((json_int_t)value);
}

static json_t *
counts_to_json(const uint64_t counts[SEVERITY_CRITICAL + 1])
{
  json_t *object = json_object();
  for (int severity = SEVERITY_CRITICAL; severity >= SEVERITY_UNKNOWN; severity--)
    json_object_set_new(object, severity_name((Severity)severity), number(counts[severity]));
  return object;
}

static json_t *
gates_to_json(const uint64_t gates[GATE_ANSWERS])
{
  json_t *object = json_object();
  for (int gate = 0; gate < GATE_ANSWERS; gate++)
    json_object_set_new(object, gate_answer_name((GateAnswer)gate), number(gates[gate]));
  return object;
}

/* By the worst finding. */
static json_t *
worst_to_json(const uint64_t worst[SEVERITY_CRITICAL + 2])
{
  json_t *object = counts_to_json(worst + 1);
  json_object_set_new(object, "none", number(worst[0]));
  return object;
}

static json_t *
images_to_json(const Overview *overview)
{
  json_t *images = json_object(), *both = json_object();
  json_object_set_new(images, "total", number(overview->images));
  json_object_set_new(images, "gate", gates_to_json(overview->gates));
  json_object_set_new(images, "severity", worst_to_json(overview->worst));
  for (int gate = 0; gate < GATE_ANSWERS; gate++)
    json_object_set_new(both, gate_answer_name((GateAnswer)gate),
                        worst_to_json(overview->by_both[gate]));
  json_object_set_new(images, "gate_and_severity", both);
  json_object_set_new(images, "fixable", number(overview->fixable_images));
  json_object_set_new(images, "unscanned", number(overview->unscanned));
  json_object_set_new(images, "bytes", number(overview->bytes));
  return images;
}

static json_t *
days_to_json(const GPtrArray *days)
{
  json_t *list = json_array();
  for (guint i = 0; i < days->len; i++) {
    const DayCounts *day = g_ptr_array_index(days, i);
    json_t *one = json_object();
    json_set_string(one, "day", day->day);
    json_object_set_new(one, "images", number(day->images));
    json_object_set_new(one, "gate", gates_to_json(day->gates));
    json_object_set_new(one, "unscanned", number(day->unscanned));
    json_object_set_new(one, "findings", counts_to_json(day->counts));
    json_object_set_new(one, "fixable", number(day->fixable));
    json_array_append_new(list, one);
  }
  return list;
}

static void
set_disk(json_t *object, const char *folder)
{
  struct statvfs status;
  if (statvfs(folder, &status) < 0)
    return;
  json_object_set_new(object, "disk_bytes", number((uint64_t)status.f_blocks * status.f_frsize));
  json_object_set_new(object, "disk_free_bytes",
                      number((uint64_t)status.f_bavail * status.f_frsize));
}

static json_t *
server_to_json(Request *request)
{
  const ServerContext *context = server_context(request);
  int64_t now = g_get_real_time() / G_USEC_PER_SEC;
  CertificateTimes times;
  g_autofree char *policy = pipeline_policy_problem(context->pipeline);
  json_t *server = json_object();
  json_set_string(server, "version", ASSAY_VERSION);
  json_object_set_new(server, "up_seconds",
                      json_integer(MAX(now - context->started / G_USEC_PER_SEC, 0)));
  json_object_set_new(server, "read_only", json_boolean(context->read_only));
  json_set_string(server, "policy", policy != NULL ? policy : "ok");
  set_disk(server, context->data_folder);
  if (http_server_certificate(request_http_server(request), &times)) {
    g_autofree char *problem = certificate_problem(times, now);
    json_set_string(server, "certificate", problem != NULL ? problem : "ok");
  }
  return server;
}

static json_t *
advisories_to_json(const ServerContext *server, GError **error)
{
  Pipeline *pipeline = server->pipeline;
  g_autofree char *generation = NULL;
  g_autoptr(GPtrArray) feeds = pipeline_feeds(pipeline, &generation, error);
  if (feeds == NULL)
    return NULL;
  g_autofree char *state = pipeline_describe_advisories(pipeline);
  json_t *advisories = json_object(), *list = json_array();
  json_set_string(advisories, "state", state);
  json_set_string(advisories, "generation", generation);
  json_object_set_new(advisories, "interval_seconds",
                      number(server->config->advisories.feed_interval));
  for (guint i = 0; i < feeds->len; i++) {
    const AdvisoryFeedStatus *feed = g_ptr_array_index(feeds, i);
    int64_t age = (g_get_real_time() - feed->updated) / G_USEC_PER_SEC;
    json_t *one = json_object();
    json_set_string(one, "name", feed->feed);
    json_set_string(one, "type", feed->type);
    api_set_time(one, "updated", feed->updated);
    json_object_set_new(one, "age_seconds", json_integer(MAX(age, 0)));
    json_object_set_new(one, "statements", number(feed->count));
    json_array_append_new(list, one);
  }
  json_object_set_new(advisories, "feeds", list);
  return advisories;
}

/* ?namespace= and ?days= of the history. */
static void
api_overview(Request *request)
{
  g_autoptr(GError) error = NULL;
  Pipeline *pipeline = server_context(request)->pipeline;
  uint64_t days = DAYS_DEFAULT;
  if (!api_number_of(request, "days", 1, DAYS_MOST, &days))
    return;
  g_autoptr(Overview) overview =
      pipeline_overview(pipeline, request_query(request, "namespace"), (unsigned)days, &error);
  g_autoptr(json_t) advisories =
      overview == NULL ? NULL : advisories_to_json(server_context(request), &error);
  if (advisories == NULL) {
    respond_error(request, error);
    return;
  }
  g_autoptr(json_t) body = json_object();
  json_object_set_new(body, "images", images_to_json(overview));
  json_object_set_new(body, "findings", counts_to_json(overview->counts));
  json_object_set_new(body, "fixable", counts_to_json(overview->fixable));
  api_set_unknown(body, overview);
  json_object_set(body, "advisories", advisories);
  json_object_set_new(body, "server", server_to_json(request));
  json_object_set_new(body, "history", days_to_json(overview->days));
  respond_json(request, MHD_HTTP_OK, body);
}

/* --- what changed --- */

/* A number that an answer gave as `next`, or a time. */
static bool
since_of(Request *request, int64_t *since)
{
  const char *text = request_query(request, "since");
  uint64_t id = 0;
  *since = 0;
  if (text == NULL)
    return true;
  if (slice_to_uint64(slice_from_string(text), &id) && id <= G_MAXINT64) {
    *since = (int64_t)id;
    return true;
  }
  g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(text, NULL);
  if (time == NULL) {
    api_refuse(request, "?since= must be `next` of an answer before, or a time such as "
                        "2026-11-26T08:00:00Z");
    return false;
  }
  *since = g_date_time_to_unix(time) * G_USEC_PER_SEC - 1;
  return true;
}

static json_t *
side_to_json(GateAnswer gate, const uint32_t counts[SEVERITY_CRITICAL + 1])
{
  json_t *side = json_object();
  json_set_string(side, "gate", gate_answer_name(gate));
  json_object_set_new(side, "findings", api_counts_to_json(counts));
  return side;
}

static json_t *
change_to_json(const StandingChange *change)
{
  json_t *one = json_object();
  json_object_set_new(one, "id", json_integer(change->id));
  api_set_time(one, "time", change->id);
  json_set_string(one, "repository", change->repository);
  json_set_string(one, "digest", change->manifest);
  json_object_set_new(one, "from", side_to_json(change->from, change->from_counts));
  json_object_set_new(one, "to", side_to_json(change->to, change->to_counts));
  json_set_string(one, "why", change->why);
  json_set_string(one, "reason", change->reason);
  return one;
}

static void
api_changes(Request *request)
{
  g_autoptr(GError) error = NULL;
  Page page;
  int64_t since;
  if (!api_page_of(request, &page) || !since_of(request, &since))
    return;
  g_autoptr(GPtrArray) changes =
      pipeline_changes(server_context(request)->pipeline, since, (int64_t)page.limit, &error);
  if (changes == NULL) {
    respond_error(request, error);
    return;
  }
  g_autoptr(json_t) body = json_object();
  json_t *list = json_array();
  for (guint i = 0; i < changes->len; i++) {
    const StandingChange *change = g_ptr_array_index(changes, i);
    json_array_append_new(list, change_to_json(change));
    since = change->id;
  }
  json_object_set_new(body, "limit", number(page.limit));
  json_object_set_new(body, "next", json_integer(since));
  json_object_set_new(body, "changes", list);
  respond_json(request, MHD_HTTP_OK, body);
}

const Route api_overview_routes[] = {
    {"GET", "/api/v1/overview", "api-overview", VERB_LIST, WORK_WAITS, .finish = api_overview},
    {"GET", "/api/v1/changes", "api-changes", VERB_READ_FINDINGS, WORK_WAITS,
     .finish = api_changes},
    {NULL},
};
