/* /api/v1/jobs: what the server does in the background. GET /api/v1/events: what happened. */
#include "jobs/jobs.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "jobs/event.h"
#include "server/api/api-private.h"

#define EVENTS_DEFAULT 100
#define EVENTS_MAX     1000
/* Of each kind, of those that wait. */
#define JOBS_DEFAULT 100
#define JOBS_MAX     1000

/* --- the objects --- */

typedef struct {
  const char *kind, *key;
  JobRunning job;
} RunningJob;
typedef struct {
  const char *kind, *key;
  bool given_up;
  JobWaiting job;
} ListedJob;

/* "scan:sha256:0fc2", or "update" of one without a key: by it a job is cancelled. Both begin so. */
static json_t *
write_id(const JsonMember *member, const void *value)
{
  const RunningJob *job = value;
  g_autofree char *id =
      job->key == NULL ? g_strdup(job->kind) : g_strconcat(job->kind, ":", job->key, NULL);
  return json_string(id);
}
G_STATIC_ASSERT(offsetof(RunningJob, key) == offsetof(ListedJob, key));
static const JsonKind id_kind = {.type = "string", .always = true, .write = write_id};

static const JsonMember running_members[] = {
    {.name = "id", .kind = &id_kind},
    {JSON_MEMBER(RunningJob, key), .kind = &json_text},
    {JSON_MEMBER_AS("begun", RunningJob, job.begun), .kind = &json_moment, .required = true},
    {JSON_MEMBER_AS("attempt", RunningJob, job.attempt), .kind = &json_number},
    {JSON_MEMBER_AS("error", RunningJob, job.error), .kind = &json_text},
};
static const JsonTable running_table = JSON_TABLE(RunningJob, running_members);

/* Of one that says how far it is. */
static const JsonMember progress_members[] = {
    {JSON_MEMBER_AS("done", RunningJob, job.done), .kind = &json_number},
    {JSON_MEMBER_AS("of", RunningJob, job.total), .kind = &json_number},
};
static const JsonTable progress_table = JSON_TABLE(RunningJob, progress_members);

static const JsonMember listed_members[] = {
    {.name = "id", .kind = &id_kind},
    {JSON_MEMBER(ListedJob, key), .kind = &json_text},
    {JSON_MEMBER(ListedJob, given_up), .kind = &json_flag},
    {JSON_MEMBER_AS("asked", ListedJob, job.asked), .kind = &json_moment, .required = true},
    {JSON_MEMBER_AS("due", ListedJob, job.due), .kind = &json_moment},
    {JSON_MEMBER_AS("attempts", ListedJob, job.attempts), .kind = &json_number},
    {JSON_MEMBER_AS("error", ListedJob, job.error), .kind = &json_text},
};
static const JsonTable listed_table = JSON_TABLE(ListedJob, listed_members);

static const JsonMember kind_members[] = {
    {JSON_MEMBER(JobKind, kind), .kind = &json_text, .required = true},
    {JSON_MEMBER(JobKind, kept), .kind = &json_flag},
};
static const JsonTable kind_table = JSON_TABLE(JobKind, kind_members);

static const JsonMember status_members[] = {
    {JSON_MEMBER(JobStatus, waiting), .kind = &json_number},
    {JSON_MEMBER(JobStatus, given_up), .kind = &json_number},
    {JSON_MEMBER(JobStatus, done), .kind = &json_number},
    {JSON_MEMBER(JobStatus, tried_again), .kind = &json_number},
    {JSON_MEMBER(JobStatus, failed), .kind = &json_number},
    {JSON_MEMBER(JobStatus, cancelled), .kind = &json_number},
    {JSON_MEMBER(JobStatus, seconds), .kind = &json_amount},
    {JSON_MEMBER(JobStatus, oldest), .kind = &json_moment},
    {JSON_MEMBER(JobStatus, next), .kind = &json_moment},
    {JSON_MEMBER(JobStatus, last_ended), .kind = &json_moment},
    {JSON_MEMBER(JobStatus, last_error), .kind = &json_text},
    {JSON_MEMBER(JobStatus, last_error_at), .kind = &json_moment},
};
static const JsonTable status_table = JSON_TABLE(JobStatus, status_members);

static const JsonMember event_members[] = {
    {JSON_MEMBER(Event, number), .kind = &json_number},
    {JSON_MEMBER(Event, type), .kind = &json_text, .required = true},
    {JSON_MEMBER(Event, subject), .kind = &json_text, .required = true},
    {JSON_MEMBER_AS("time", Event, told), .kind = &json_moment, .required = true},
    {JSON_MEMBER(Event, data), .kind = &json_any},
};
static const JsonTable event_table = JSON_TABLE(Event, event_members);

const ApiSchema api_job_schemas[] = {
    {"JobKind", &kind_table},
    {"JobKind", &status_table},
    {"JobKind.running", &running_table},
    {"JobKind.running", &progress_table, .sometimes = true},
    {"JobKind.listed", &listed_table},
    {"Events.events", &event_table},
    {NULL},
};

/* --- listing --- */

static const char *
key_or_null(const char *key)
{
  return *key == '\0' ? NULL : key;
}

static json_t *
running_to_json(const JobKind *kind, const GPtrArray *running)
{
  json_t *list = json_array();
  for (guint i = 0; i < running->len; i++) {
    const JobRunning *one = g_ptr_array_index(running, i);
    const RunningJob job = {kind->kind, key_or_null(one->key), *one};
    json_t *object = json_table_write(&running_table, &job);
    if (one->total != 0)
      json_table_add(&progress_table, &job, object);
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
    const ListedJob job = {kind->kind, key_or_null(one->key), one->due == 0, *one};
    json_array_append_new(list, json_table_write(&listed_table, &job));
  }
  return list;
}

static json_t *
status_to_json(const JobStatus *status)
{
  json_t *object = json_table_write(&kind_table, status->kind);
  json_table_add(&status_table, status, object);
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
    json_array_append_new(list, json_table_write(&event_table, g_ptr_array_index(events, i)));
  respond_json(request, MHD_HTTP_OK, body);
}

const Route api_job_routes[] = {
    {"GET", "/api/v1/jobs", "api-jobs", VERB_READ_METRICS, ON_SYSTEM, WORK_HEAVY,
     .finish = api_jobs},
    {"DELETE", "/api/v1/jobs/<name>", "api-job", VERB_OPERATE, ON_SYSTEM, WORK_WAITS,
     .finish = api_cancel_job},
    {"GET", "/api/v1/events", "api-events", VERB_READ_AUDIT, ON_SYSTEM, WORK_HEAVY,
     .finish = api_events},
    {NULL},
};
