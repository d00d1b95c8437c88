/* /api/v1/jobs: what the server does in the background. GET /api/v1/events: what happened. */
#include "jobs/jobs.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "jobs/outbox.h"
#include "server/api/api-private.h"

#define EVENTS_DEFAULT 100
#define EVENTS_MAX     1000
/* Of each kind, of those that wait. */
#define JOBS_DEFAULT 100
#define JOBS_MAX     1000

/* "scan:sha256:0fc2", or "update" of one without a key: by it a job is cancelled. */
static void
set_id(json_t *object, const JobKind *kind, const char *key)
{
  g_autofree char *id =
      *key == '\0' ? g_strdup(kind->kind) : g_strconcat(kind->kind, ":", key, NULL);
  json_set_string(object, "id", id);
  json_set_string(object, "key", *key == '\0' ? NULL : key);
}

static json_t *
running_to_json(const JobKind *kind, const GPtrArray *running)
{
  json_t *list = json_array();
  for (guint i = 0; i < running->len; i++) {
    const JobRunning *one = g_ptr_array_index(running, i);
    json_t *object = json_object();
    set_id(object, kind, one->key);
    api_set_time(object, "begun", one->begun);
    json_set_number(object, "attempt", one->attempt);
    json_set_string(object, "error", one->error);
    if (one->total != 0) {
      json_set_number(object, "done", one->done);
      json_set_number(object, "of", one->total);
    }
    json_array_append_new(list, object);
  }
  return list;
}

static json_t *
listed_to_json(const JobKind *kind, const GPtrArray *listed)
{
  json_t *list = json_array();
  for (guint i = 0; i < listed->len; i++) {
    const JobWaiting *one = g_ptr_array_index(listed, i);
    json_t *object = json_object();
    set_id(object, kind, one->key);
    json_object_set_new(object, "given_up", json_boolean(one->due == 0));
    api_set_time(object, "asked", one->asked);
    api_set_time(object, "due", one->due);
    json_set_number(object, "attempts", one->attempts);
    json_set_string(object, "error", one->error);
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
  json_set_number(object, "cancelled", status->cancelled);
  json_object_set_new(object, "seconds", json_real(status->seconds));
  api_set_time(object, "oldest", status->oldest);
  api_set_time(object, "next", status->next);
  api_set_time(object, "last_ended", status->last_ended);
  json_set_string(object, "last_error", status->last_error);
  api_set_time(object, "last_error_at", status->last_error_at);
  json_object_set_new(object, "running", running_to_json(status->kind, status->running));
  json_object_set_new(object, "listed", listed_to_json(status->kind, status->listed));
  return object;
}

static void
api_jobs(Request *request)
{
  g_autoptr(GError) error = NULL;
  uint64_t limit = JOBS_DEFAULT;
  if (!api_number_of(request, "limit", 1, JOBS_MAX, &limit))
    return;
  g_autoptr(GPtrArray) all = jobs_status(server_context(request)->jobs, (unsigned)limit, &error);
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

/* --- cancelling --- */

static void
respond_no_job(Request *request, const char *id, const JobKind *kind)
{
  g_autofree char *message =
      kind != NULL && strchr(id, ':') == NULL
          ? g_strdup_printf("no job \"%s\" runs now, so there is nothing to cancel: it runs by "
                            "itself when it is due",
                            id)
          : g_strdup_printf("no job \"%s\" waits or runs; GET /api/v1/jobs lists the ids of those "
                            "that do",
                            id);
  respond_oci_error(request, MHD_HTTP_NOT_FOUND, "NOT_FOUND", message, NULL);
}

static void
respond_cancelled(Request *request, const char *id, bool dropped)
{
  log_info(dropped ? "a job that waited was cancelled" : "a job that runs is cancelled", "job", id,
           NULL);
  g_autoptr(json_t) body = json_object();
  json_set_string(body, "id", id);
  json_set_string(body, "state", dropped ? "removed" : "stopping");
  respond_json(request, dropped ? MHD_HTTP_OK : MHD_HTTP_ACCEPTED, body);
}

static void
api_cancel_job(Request *request)
{
  g_autoptr(GError) error = NULL;
  Jobs *jobs = server_context(request)->jobs;
  const char *id = request_parameter(request, "name"), *colon = strchr(id, ':');
  g_autofree char *name = g_strndup(id, colon == NULL ? strlen(id) : (size_t)(colon - id));
  const JobKind *kind = jobs_find_kind(jobs, name);
  CancelOutcome outcome = CANCEL_FOUND_NONE;
  if (kind != NULL && !jobs_cancel(jobs, kind, colon == NULL ? "" : colon + 1, &outcome, &error))
    respond_error(request, error);
  else if (outcome == CANCEL_FOUND_NONE)
    respond_no_job(request, id, kind);
  else
    respond_cancelled(request, id, outcome == CANCEL_DROPPED);
}

/* --- events --- */

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
    {"DELETE", "/api/v1/jobs/<name>", "api-job", VERB_OPERATE, WORK_WAITS,
     .finish = api_cancel_job},
    {"GET", "/api/v1/events", "api-events", VERB_LIST, WORK_HEAVY, .finish = api_events},
    {NULL},
};
