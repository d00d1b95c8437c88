/* The outbox; see the header. Each taker is a kept job, so that one process at a time runs it; a
 * look each second asks for those that something was told for. */
#include "jobs/outbox.h"

#include <string.h>

#include "base/error.h"
#include "base/log.h"

#define TAKEN_AT_ONCE  100u
#define PRUNED_AT_ONCE 1000
#define UNKNOWN        (-1)
#define PRUNE_EVERY    ((int64_t)60 * G_USEC_PER_SEC)

typedef struct {
  const EventTaker *taker;
  void *room;
} Entry;

struct Outbox {
  Jobs *jobs;
  SqlPool *sql;
  GArray *entries;    /* of Entry; not changed after the start */
  int64_t next_prune; /* of the looking job alone */
};

/* --- taking --- */

/* UNKNOWN: the taker is new. */
static bool
read_cursor(SqlPool *sql, const char *name, int64_t *passed, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return false;
  g_autoptr(SqlRows) rows = sql_query(db, error, "SELECT passed FROM event_takers WHERE name = $1",
                                      SQL_TEXT(name), SQL_END);
  *passed = UNKNOWN;
  return sql_number(rows, passed, error);
}

/* Later: events that were taken are given again after a kill in any case. */
static bool
write_cursor(SqlPool *sql, const char *name, int64_t passed, GError **error)
{
  return sql_write_later(sql, NULL, error, "UPDATE event_takers SET passed = $2 WHERE name = $1",
                         SQL_TEXT(name), SQL_INTEGER(passed), SQL_END);
}

static bool
takes(const EventTaker *taker, const char *type)
{
  for (const char *const *each = taker->types; *each != NULL; each++)
    if (strcmp(*each, type) == 0 || strcmp(*each, "*") == 0 ||
        (g_str_has_suffix(*each, ".") && g_str_has_prefix(type, *each)))
      return true;
  return false;
}

/* False: it is to be given again, or the job was cancelled. */
static bool
give(const Entry *entry, const Event *event, GError **error)
{
  g_autoptr(GError) failure = NULL;
  if (!takes(entry->taker, event->type))
    return true;
  JobOutcome outcome = entry->taker->take(event, entry->room, &failure);
  if (outcome == JOB_AGAIN) {
    if (failure == NULL)
      error_set(&failure, ASSAY_ERROR_BUSY, "event %s: not taken yet", event->type);
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
  }
  if (outcome == JOB_FAILED)
    log_warning("an event is skipped", "taker", entry->taker->name, "type", event->type, "subject",
                event->subject, "error", failure == NULL ? NULL : failure->message, NULL);
  return true;
}

static const Entry *
find_entry(const Outbox *outbox, const char *name)
{
  for (guint i = 0; i < outbox->entries->len; i++) {
    const Entry *entry = &g_array_index(outbox->entries, Entry, i);
    if (strcmp(entry->taker->name, name) == 0)
      return entry;
  }
  return NULL;
}

static JobOutcome
take_events(Job *job, void *room, GError **error)
{
  const Outbox *outbox = room;
  const Entry *entry = find_entry(outbox, job_key(job));
  int64_t passed = 0;
  bool given = true;
  if (entry == NULL)
    return JOB_DONE; /* of another version */
  if (!read_cursor(outbox->sql, job_key(job), &passed, error))
    return JOB_AGAIN;
  int64_t before = passed;
  g_autoptr(GPtrArray) events = events_after(outbox->sql, passed, TAKEN_AT_ONCE, error);
  if (events == NULL)
    return JOB_AGAIN;
  for (guint i = 0; i < events->len && given && !job_cancelled(job); i++) {
    const Event *event = g_ptr_array_index(events, i);
    given = give(entry, event, error);
    if (given)
      passed = event->number;
  }
  g_autoptr(GError) failure = NULL;
  if (passed != before && !write_cursor(outbox->sql, job_key(job), passed, &failure)) {
    g_clear_error(error);
    g_propagate_error(error, g_steal_pointer(&failure));
    return JOB_AGAIN;
  }
  return given && events->len < TAKEN_AT_ONCE ? JOB_DONE : JOB_AGAIN;
}

static const JobKind take_kind = {.kind = "take-events",
                                  .at_once = 4,
                                  .lease = 60,
                                  .back_off = 5,
                                  .kept = true,
                                  .run = take_events};

/* --- looking --- */

static bool
oldest_number(SqlPool *sql, int64_t *oldest, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return false;
  g_autoptr(SqlRows) rows = sql_query(
      db, error, "SELECT number FROM events WHERE number > 0 ORDER BY number LIMIT 1", SQL_END);
  *oldest = G_MAXINT64;
  return sql_number(rows, oldest, error);
}

static bool
last_number(SqlPool *sql, int64_t *last, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return false;
  g_autoptr(SqlRows) rows =
      sql_query(db, error, "SELECT last FROM event_numbers WHERE id = 1", SQL_END);
  *last = 0;
  return sql_number(rows, last, error);
}

/* A SqlWork. One that waits for another try is left in peace. */
static bool
ask_once(SqlConnection *db, void *data, GError **error)
{
  const char *name = data;
  bool asked = false;
  return job_is_asked(db, &take_kind, name, &asked, error) &&
         (asked || job_ask(db, &take_kind, name, NULL, error));
}

static bool
ask_for(const Outbox *outbox, const EventTaker *taker, int64_t last, GError **error)
{
  int64_t passed = 0;
  const char *name = taker->name;
  g_autofree char *key = g_strdup(name);
  if (!read_cursor(outbox->sql, name, &passed, error))
    return false;
  if (passed == last)
    return true;
  if (passed == UNKNOWN)
    return sql_write(outbox->sql, NULL, error,
                     "INSERT INTO event_takers (name, passed) VALUES ($1, $2) "
                     "ON CONFLICT (name) DO NOTHING",
                     SQL_TEXT(name), SQL_INTEGER(taker->from_first ? 0 : last), SQL_END);
  if (!sql_transact_later(outbox->sql, ask_once, key, error))
    return false;
  jobs_wake(outbox->jobs);
  return true;
}

/* The first that is to stay; the newest always is, for numbers only rise. */
static bool
first_kept(const Outbox *outbox, int64_t last, int64_t *first, GError **error)
{
  int64_t passed = last, old = last;
  for (guint i = 0; i < outbox->entries->len; i++) {
    int64_t cursor = 0;
    if (!read_cursor(outbox->sql, g_array_index(outbox->entries, Entry, i).taker->name, &cursor,
                     error))
      return false;
    passed = MIN(passed, cursor);
  }
  g_autoptr(SqlConnection) db = sql_acquire(outbox->sql, error);
  if (db == NULL)
    return false;
  int64_t since = g_get_real_time() - (int64_t)EVENTS_KEPT_DAYS * 24 * 3600 * G_USEC_PER_SEC;
  g_autoptr(SqlRows) rows =
      sql_query(db, error,
                "SELECT number FROM events WHERE number > 0 AND told >= $1 ORDER BY number LIMIT 1",
                SQL_INTEGER(since), SQL_END);
  if (!sql_number(rows, &old, error))
    return false;
  int64_t by_age = MAX(old, last - EVENTS_KEPT_MOST + 1);
  *first = MAX(MIN(by_age, passed + 1), last - EVENTS_UNTAKEN_MOST + 1);
  return true;
}

static bool
prune(const Outbox *outbox, int64_t last, Job *job, GError **error)
{
  int64_t first = 0, oldest = 0;
  if (!first_kept(outbox, last, &first, error))
    return false;
  while (!job_cancelled(job)) {
    if (!oldest_number(outbox->sql, &oldest, error))
      return false;
    if (oldest >= first)
      break;
    if (!sql_write_later(outbox->sql, NULL, error,
                         "DELETE FROM events WHERE number IN "
                         "(SELECT number FROM events WHERE number < $1 ORDER BY number LIMIT $2)",
                         SQL_INTEGER(first), SQL_INTEGER(PRUNED_AT_ONCE), SQL_END))
      return false;
  }
  return true;
}

static JobOutcome
look(Job *job, void *room, GError **error)
{
  Outbox *outbox = room;
  int64_t last = 0;
  if (!last_number(outbox->sql, &last, error))
    return JOB_AGAIN;
  for (guint i = 0; i < outbox->entries->len; i++)
    if (!ask_for(outbox, g_array_index(outbox->entries, Entry, i).taker, last, error))
      return JOB_AGAIN;
  if (g_get_monotonic_time() < outbox->next_prune)
    return JOB_DONE;
  if (!prune(outbox, last, job, error))
    return JOB_AGAIN;
  outbox->next_prune = g_get_monotonic_time() + PRUNE_EVERY;
  return JOB_DONE;
}

static uint32_t
every_second(const void *room)
{
  const Outbox *outbox = room;
  return outbox->entries->len > 0 ? 1 : PRUNE_EVERY / G_USEC_PER_SEC;
}

static const JobKind look_kind = {
    .kind = "outbox", .at_once = 1, .back_off = 5, .every = every_second, .run = look};

/* --- the outbox --- */

Outbox *
outbox_new(Jobs *jobs, SqlPool *sql)
{
  static const JobKind *const kinds[] = {&look_kind, &take_kind, NULL};
  Outbox *outbox = g_new0(Outbox, 1);
  outbox->jobs = jobs;
  outbox->sql = sql;
  outbox->entries = g_array_new(FALSE, FALSE, sizeof(Entry));
  if (!sql_pool_is_read_only(sql))
    jobs_add(jobs, kinds, outbox);
  return outbox;
}

void
outbox_free(Outbox *outbox)
{
  if (outbox == NULL)
    return;
  g_array_unref(outbox->entries);
  g_free(outbox);
}

void
outbox_add(Outbox *outbox, const EventTaker *const *takers, void *room)
{
  for (; *takers != NULL; takers++) {
    Entry entry = {*takers, room};
    g_array_append_val(outbox->entries, entry);
  }
}

void
outbox_wake(Outbox *outbox)
{
  jobs_ask(outbox->jobs, &look_kind, "");
  jobs_wake(outbox->jobs);
}
