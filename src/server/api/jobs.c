/* GET /api/v1/jobs: what the server does in the background. GET /api/v1/events: what happened. */
#include "jobs/jobs.h"

#include "base/error.h"
#include "base/json.h"
#include "jobs/outbox.h"
#include "server/api/api-private.h"

#define EVENTS_DEFAULT 100
#define EVENTS_MAX     1000

static json_t *
running_to_json(const GPtrArray *running)
{
  json_t *list = json_array();
  for (guint i = 0; i < running->len; i++) {
    const JobRunning *one = g_ptr_array_index(running, i);
    json_t *object = json_object();
    json_set_string(object, "key", *one->key == '\0' ? NULL : one->key);
    api_set_time(object, "begun", one->begun);
    if (one->total != 0) {
      json_set_number(object, "done", one->done);
      json_set_number(object, "of", one->total);
    }
    json_array_append_new(list, object);
  }
  return list;
}

static json_t *
status_to_json(const JobStatus *status)
{
  json_t *object = json_object();
  json_set_string(object, "kind", status->kind->kind);
  json_object_set_new(object, "kept", json_boolean(status->kind->kept));
  json_set_number(object, "waiting", status->waiting);
  json_set_number(object, "given_up", status->given_up);
  json_set_number(object, "done", status->done);
  json_set_number(object, "tried_again", status->tried_again);
  json_set_number(object, "failed", status->failed);
  json_object_set_new(object, "seconds", json_real(status->seconds));
  api_set_time(object, "oldest", status->oldest);
  api_set_time(object, "next", status->next);
  api_set_time(object, "last_ended", status->last_ended);
  json_set_string(object, "last_error", status->last_error);
  api_set_time(object, "last_error_at", status->last_error_at);
  json_object_set_new(object, "running", running_to_json(status->running));
  return object;
}

static void
api_jobs(Request *request)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) all = jobs_status(server_context(request)->jobs, &error);
  if (all == NULL) {
    respond_error(request, error);
    return;
  }
  g_autoptr(json_t) body = json_object();
  json_t *list = json_array();
  json_object_set_new(body, "jobs", list);
  for (guint i = 0; i < all->len; i++)
    json_array_append_new(list, status_to_json(g_ptr_array_index(all, i)));
  respond_json(request, MHD_HTTP_OK, body);
}

static json_t *
event_to_json(const Event *event)
{
  json_t *object = json_object();
  json_set_number(object, "number", (uint64_t)event->number);
  json_set_string(object, "type", event->type);
  json_set_string(object, "subject", event->subject);
  api_set_time(object, "time", event->told);
  if (event->data != NULL)
    json_object_set(object, "data", event->data);
  return object;
}

static void
api_events(Request *request)
{
  g_autoptr(GError) error = NULL;
  uint64_t limit = EVENTS_DEFAULT, after = 0;
  if (!api_number_of(request, "limit", 1, EVENTS_MAX, &limit) ||
      !api_number_of(request, "after", 0, INT64_MAX, &after))
    return;
  g_autoptr(GPtrArray) events =
      events_after(server_context(request)->sql, (int64_t)after, (unsigned)limit, &error);
  if (events == NULL) {
    respond_error(request, error);
    return;
  }
  g_autoptr(json_t) body = json_object();
  json_t *list = json_array();
  json_set_number(body, "limit", limit);
  json_object_set_new(body, "events", list);
  for (guint i = 0; i < events->len; i++)
    json_array_append_new(list, event_to_json(g_ptr_array_index(events, i)));
  respond_json(request, MHD_HTTP_OK, body);
}

const Route api_job_routes[] = {
    {"GET", "/api/v1/jobs", "api-jobs", VERB_READ_METRICS, WORK_HEAVY, .finish = api_jobs},
    {"GET", "/api/v1/events", "api-events", VERB_LIST, WORK_HEAVY, .finish = api_events},
    {NULL},
};
