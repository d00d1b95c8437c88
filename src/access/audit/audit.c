/* The audit: its taker of events and its jobs; see the header. */
#include "access/audit/audit.h"

#include "access/audit/audit-private.h"
#include "base/json.h"
#include "base/log.h"

#define TAKEN_AT_ONCE 500u

/* --- events --- */

typedef struct {
  const GPtrArray *events; /* Event */
  int64_t last;
} Batch;

static bool
record_event(SqlConnection *db, AuditHead *head, const Event *event, GError **error)
{
  g_autoptr(json_t) more = json_object();
  if (event->data != NULL)
    json_object_set(more, "data", event->data);
  json_set_number(more, "event", (uint64_t)event->number);
  const AuditEntry entry = {event->told, event->type, event->subject, event->actor, more};
  head->event = event->number;
  return audit_append(db, head, &entry, error);
}

/* A SqlWork. Those that were recorded before a kill are given again; audit_records() shows only
 * what is on the disk. */
static bool
record_events(SqlConnection *db, void *data, GError **error)
{
  Batch *batch = data;
  AuditHead head;
  if (!audit_head_open(db, &head, error))
    return false;
  for (guint i = 0; i < batch->events->len; i++) {
    const Event *event = g_ptr_array_index(batch->events, i);
    if (event->number > head.event && !record_event(db, &head, event, error))
      return false;
  }
  batch->last = head.event;
  return audit_head_close(db, &head, error);
}

/* One transaction is for many: the next ones are recorded with the first that is given. */
static JobOutcome
take(const Event *event, void *room, GError **error)
{
  Audit *audit = room;
  if (event->number <= audit->taken)
    return JOB_DONE;
  g_autoptr(GPtrArray) events = events_after(audit->sql, event->number - 1, TAKEN_AT_ONCE, error);
  Batch batch = {events, 0};
  if (events == NULL || !sql_transact_later(audit->sql, record_events, &batch, error))
    return JOB_AGAIN;
  audit->taken = batch.last;
  return JOB_DONE;
}

static const char *const all_types[] = {"*", NULL};
static const EventTaker taker = {
    .name = "audit", .types = all_types, .from_first = true, .take = take};

/* --- jobs --- */

static uint32_t
every_second(const void *room)
{
  return 1;
}

static uint32_t
every_hour(const void *room)
{
  return 3600;
}

static JobOutcome
write_notes(Job *job, void *room, GError **error)
{
  return audit_notes_write(room, error) && audit_sign(room, error) ? JOB_DONE : JOB_AGAIN;
}

static JobOutcome
cut(Job *job, void *room, GError **error)
{
  return audit_cut(room, error) ? JOB_DONE : JOB_AGAIN;
}

static const JobKind write_kind = {
    .kind = "audit", .at_once = 1, .back_off = 1, .every = every_second, .run = write_notes};
static const JobKind cut_kind = {
    .kind = "audit-cut", .at_once = 1, .back_off = 60, .every = every_hour, .run = cut};

/* --- the audit --- */

Audit *
audit_new(const AuditSettings *settings, SqlPool *sql, Jobs *jobs, Outbox *outbox)
{
  static const JobKind *const kinds[] = {&write_kind, &cut_kind, &audit_syslog_kind, NULL};
  static const EventTaker *const takers[] = {&taker, NULL};
  Audit *audit = g_new0(Audit, 1);
  audit->settings = settings;
  audit->sql = sql;
  audit_notes_init(audit);
  if (sql_pool_is_read_only(sql))
    return audit;
  outbox_add(outbox, takers, audit);
  jobs_add(jobs, kinds, audit);
  return audit;
}

void
audit_sign_by(Audit *audit, TokenKeys *keys)
{
  audit->keys = keys;
}

void
audit_free(Audit *audit)
{
  g_autoptr(GError) error = NULL;
  if (audit == NULL)
    return;
  if (!sql_pool_is_read_only(audit->sql) && !audit_notes_write(audit, &error))
    log_warning("the last notes of the audit are lost", "error", error->message, NULL);
  audit_notes_clear(audit);
  g_free(audit);
}
