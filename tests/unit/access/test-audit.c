/* The audit: a chain that tells each kind of forgery by number, events that are recorded once, and
 * notes that are counted. */
#include <fcntl.h>
#include <string.h>

#include "access/audit/audit-private.h"
#include "access/schema.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/json.h"
#include "jobs/schema.h"

static const Schema *const schemas[] = {&jobs_schema, &access_schema, NULL};

typedef struct {
  char *folder;
  SqlPool *sql;
  AuditSettings settings;
  Jobs *jobs;
  Outbox *outbox;
  Audit *audit;
} Fixture;

static void
open_audit(Fixture *fixture, bool start)
{
  g_autoptr(GError) error = NULL;
  fixture->jobs = jobs_new(fixture->sql, 1);
  fixture->outbox = outbox_new(fixture->jobs, fixture->sql);
  fixture->audit = audit_new(&fixture->settings, fixture->sql, fixture->jobs, fixture->outbox);
  if (start)
    jobs_start(fixture->jobs, &error);
  g_assert_no_error(error);
}

static void
close_audit(Fixture *fixture)
{
  jobs_free(fixture->jobs);
  outbox_free(fixture->outbox);
  audit_free(fixture->audit);
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  fixture->folder = g_dir_make_tmp("assay-audit-XXXXXX", &error);
  g_autofree char *url = g_strdup_printf("sqlite:%s/metadata.db", fixture->folder);
  fixture->sql = sql_pool_open(url, schemas, true, &error);
  g_assert_no_error(error);
  fixture->settings.sign_every = 3600;
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
  actor_set(NULL);
  sql_pool_close(fixture->sql);
  g_assert_true(directory_remove(AT_FDCWD, fixture->folder, NULL));
  g_free(fixture->folder);
}

static void
change(Fixture *fixture, const char *statement)
{
  g_autoptr(GError) error = NULL;
  sql_write(fixture->sql, NULL, &error, statement, SQL_END);
  g_assert_no_error(error);
}

static int64_t
number_of(Fixture *fixture, const char *text)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(SqlConnection) db = sql_acquire(fixture->sql, &error);
  g_autoptr(SqlRows) rows = sql_query(db, &error, text, SQL_END);
  int64_t number = -1;
  g_assert_true(sql_number(rows, &number, &error));
  return number;
}

#define WAIT_FOR(condition)                                                                        \
  do {                                                                                             \
    for (int tries = 0; !(condition); tries++) {                                                   \
      g_assert_cmpint(tries, <, 12000);                                                            \
      g_usleep(5000);                                                                              \
    }                                                                                              \
  } while (0)

/* A SqlWork. */
static bool
tell_in(SqlConnection *db, void *data, GError **error)
{
  return event_tell(db, "user.created", data, NULL, error);
}

static void
tell(Fixture *fixture, const char *subject)
{
  g_assert_true(sql_transact(fixture->sql, tell_in, (void *)(uintptr_t)subject, NULL));
}

static json_t *
records_of(Fixture *fixture, const AuditFilter *filter)
{
  g_autoptr(GError) error = NULL;
  bool more = true;
  const AuditFilter all = {.who = NULL};
  json_t *records =
      audit_records(fixture->sql, filter != NULL ? filter : &all, 0, 1000, &more, &error);
  g_assert_no_error(error);
  g_assert_false(more);
  return records;
}

/* The number of the first wrong record; 0: all is well. */
static int64_t
wrong_of(Fixture *fixture)
{
  AuditChain chain = {.records = 0};
  int64_t number;
  char hash[AUDIT_HASH_SIZE];
  g_autoptr(json_t) records = records_of(fixture, NULL);
  size_t index;
  json_t *record;
  json_array_foreach(records, index, record) {
    g_autofree char *wrong = audit_chain_next(&chain, record);
    if (wrong != NULL)
      return chain.wrong;
  }
  g_assert_true(audit_head(fixture->sql, &number, hash, NULL));
  g_autofree char *wrong = audit_chain_end(&chain, number, hash);
  return wrong != NULL ? chain.wrong : 0;
}

/* --- forgeries --- */

static const struct {
  const char *name;
  const char *statements[4];
  int64_t wrong;
} forgeries[] = {
    {"nothing", {NULL}, 0},
    {"a changed object", {"UPDATE audit SET object = 'mallory' WHERE number = 3"}, 3},
    {"a changed who", {"UPDATE audit SET who = 'mallory' WHERE number = 3"}, 3},
    {"a changed time", {"UPDATE audit SET time = time + 1000000 WHERE number = 5"}, 5},
    {"a changed type", {"UPDATE audit SET type = 'user.deleted' WHERE number = 1"}, 1},
    {"a changed text", {"UPDATE audit SET record = replace(record, 'user-4', 'user-9')"}, 4},
    {"a changed hash", {"UPDATE audit SET hash = 'x' || substr(hash, 2) WHERE number = 6"}, 6},
    {"no text", {"UPDATE audit SET record = '' WHERE number = 2"}, 2},
    {"one removed", {"DELETE FROM audit WHERE number = 4"}, 4},
    {"the first removed", {"DELETE FROM audit WHERE number = 1"}, 1},
    {"the last removed", {"DELETE FROM audit WHERE number = 8"}, 8},
    {"the end cut off", {"DELETE FROM audit WHERE number > 5"}, 6},
    {"all removed", {"DELETE FROM audit"}, 1},
    {"one removed, and the rest moved",
     {"DELETE FROM audit WHERE number = 4", "UPDATE audit SET number = -number WHERE number > 4",
      "UPDATE audit SET number = -number - 1 WHERE number < 0"},
     4},
    {"two exchanged",
     {"UPDATE audit SET number = 100 WHERE number = 3",
      "UPDATE audit SET number = 3 WHERE number = 4",
      "UPDATE audit SET number = 4 WHERE number = 100"},
     3},
    {"one put in",
     {"UPDATE audit SET number = -number WHERE number >= 4",
      "UPDATE audit SET number = -number + 1 WHERE number < 0",
      "INSERT INTO audit SELECT 4, time, type, who, object, record, hash FROM audit WHERE number = "
      "3"},
     4},
    {"one put in at the end",
     {"INSERT INTO audit SELECT 9, time, type, who, object, record, hash FROM audit WHERE number = "
      "8"},
     9},
    {"the head set back",
     {"UPDATE audit_head SET number = 5, hash = (SELECT hash FROM audit WHERE number = 5)"},
     6},
    {"the end cut off, and the head set back to another hash",
     {"DELETE FROM audit WHERE number > 5",
      "UPDATE audit_head SET number = 5, hash = (SELECT hash FROM audit WHERE number = 4)"},
     5},
};

static void
write_eight(Fixture *fixture)
{
  static const Actor actor = {.kind = "person", .name = "alice", .how = "token"};
  actor_set(&actor);
  for (int i = 1; i <= 8; i++) {
    g_autofree char *name = g_strdup_printf("user-%d", i);
    tell(fixture, name);
  }
  open_audit(fixture, true);
  WAIT_FOR(number_of(fixture, "SELECT number FROM audit_head") == 8);
  close_audit(fixture);
}

static void
test_forgeries(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(forgeries); i++) {
    Fixture fixture = {.folder = NULL};
    set_up(&fixture, NULL);
    write_eight(&fixture);
    for (size_t j = 0; j < 4 && forgeries[i].statements[j] != NULL; j++)
      change(&fixture, forgeries[i].statements[j]);
    int64_t wrong = wrong_of(&fixture);
    if (wrong != forgeries[i].wrong)
      g_error("%s: record %" G_GINT64_FORMAT " is told, not %" G_GINT64_FORMAT, forgeries[i].name,
              wrong, forgeries[i].wrong);
    tear_down(&fixture, NULL);
  }
}

/* --- events --- */

static char *
objects_of(Fixture *fixture)
{
  g_autoptr(json_t) records = records_of(fixture, NULL);
  GString *all = g_string_new(NULL);
  size_t index;
  json_t *record;
  json_array_foreach(records, index, record)
    g_string_append_printf(all, "%s ", json_get_string(record, "object"));
  return g_string_free(all, FALSE);
}

/* A kill between the record and the taker's cursor: the events are given again. */
static void
test_once(Fixture *fixture, gconstpointer data)
{
  static const char *const names[] = {"a", "b", "c", "d", "e"};
  for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
    tell(fixture, names[i]);
    open_audit(fixture, true);
    WAIT_FOR(number_of(fixture, "SELECT event FROM audit_head") == (int64_t)i + 1);
    close_audit(fixture);
    change(fixture, "UPDATE event_takers SET passed = 0");
  }
  g_autofree char *objects = objects_of(fixture);
  g_assert_cmpstr(objects, ==, "a b c d e ");
  g_assert_cmpint(wrong_of(fixture), ==, 0);
}

typedef struct {
  Fixture *fixture;
  const char *name;
} Teller;

static void *
tell_many(void *data)
{
  const Teller *teller = data;
  for (int i = 0; i < 100; i++)
    tell(teller->fixture, teller->name);
  return NULL;
}

/* Several at once: the order of the records is that of the events. */
static void
test_order(Fixture *fixture, gconstpointer data)
{
  Teller tellers[] = {{fixture, "a"}, {fixture, "b"}, {fixture, "c"}};
  GThread *threads[3];
  open_audit(fixture, true);
  for (size_t i = 0; i < 3; i++)
    threads[i] = g_thread_new("teller", tell_many, &tellers[i]);
  for (size_t i = 0; i < 3; i++)
    g_thread_join(threads[i]);
  WAIT_FOR(number_of(fixture, "SELECT event FROM audit_head") == 300);
  close_audit(fixture);
  g_autoptr(json_t) records = records_of(fixture, NULL);
  g_assert_cmpuint(json_array_size(records), ==, 300);
  size_t index;
  json_t *record;
  json_array_foreach(records, index, record)
    g_assert_cmpint(json_get_integer(record, "event", 0), ==, (json_int_t)index + 1);
  g_assert_cmpint(wrong_of(fixture), ==, 0);
}

/* --- notes --- */

static const Actor alice = {.kind = "person",
                            .name = "alice",
                            .how = "password",
                            .address = "192.0.2.1"},
                   mallory = {.kind = "person", .name = "mallory", .address = "192.0.2.66"};

static int64_t
count_of(Fixture *fixture, const char *type)
{
  const AuditFilter filter = {.type = type};
  g_autoptr(json_t) records = records_of(fixture, &filter);
  return (int64_t)json_array_size(records);
}

static void
test_notes(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  open_audit(fixture, false);
  actor_set(&mallory);
  for (int i = 0; i < 5000; i++)
    audit_note(NOTE_ACCESS_REFUSED, "prod/app", "push", "no binding allows it");
  actor_set(&alice);
  audit_note(NOTE_LOGIN, NULL, NULL, NULL);
  audit_note(NOTE_VERDICT_REFUSED, "team/a", "pull", "policy strict");
  audit_note(NOTE_VERDICT_REFUSED, "team/b", "pull", "policy strict");
  for (int i = 0; i < 7; i++)
    audit_note(NOTE_PULLED, "team/a", "pull", NULL);
  g_assert_true(audit_notes_write(fixture->audit, &error));
  g_assert_cmpint(count_of(fixture, "access.refused"), ==, 1);
  g_assert_cmpint(count_of(fixture, "login.allowed"), ==, 1);
  g_assert_cmpint(count_of(fixture, "verdict.refused"), ==, 2);
  g_assert_cmpint(count_of(fixture, "image.pulled"), ==, 0);
  actor_set(&mallory);
  audit_note(NOTE_ACCESS_REFUSED, "prod/other", "push", NULL);
  g_assert_true(audit_notes_write(fixture->audit, &error));
  g_assert_cmpint(count_of(fixture, "access.refused"), ==, 1);
  close_audit(fixture);

  /* The hour is over, and the program was killed meanwhile. */
  change(fixture, "UPDATE audit_counts SET hour = hour - 3600000000");
  open_audit(fixture, false);
  g_assert_true(audit_notes_write(fixture->audit, &error));
  const AuditFilter refused = {.type = "access.", .who = "mallory"};
  g_autoptr(json_t) records = records_of(fixture, &refused);
  g_assert_cmpuint(json_array_size(records), ==, 2);
  g_assert_cmpint(json_get_integer(json_get_object(json_array_get(records, 1), "data"), "count", 0),
                  ==, 5000);
  const AuditFilter pulled = {.type = "image.pulled", .object = "team/a"};
  g_autoptr(json_t) pulls = records_of(fixture, &pulled);
  g_assert_cmpint(json_get_integer(json_get_object(json_array_get(pulls, 0), "data"), "count", 0),
                  ==, 7);
  g_assert_cmpint(count_of(fixture, "verdict.refused"), ==, 2);
  g_assert_cmpint(number_of(fixture, "SELECT count(*) FROM audit_counts"), ==, 0);
  g_assert_cmpint(wrong_of(fixture), ==, 0);
  close_audit(fixture);
}

/* More keys than there is memory for: they are counted and said. */
static void
test_dropped(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  open_audit(fixture, false);
  actor_set(&mallory);
  for (unsigned i = 0; i < NOTED_MOST + 25; i++) {
    g_autofree char *object = g_strdup_printf("o-%u", i);
    audit_note(NOTE_VERDICT_REFUSED, object, "pull", NULL);
  }
  g_assert_true(audit_notes_write(fixture->audit, &error));
  g_assert_cmpint(number_of(fixture, "SELECT count(*) FROM audit"), ==, NOTED_MOST + 1);
  const AuditFilter dropped = {.type = "audit.dropped"};
  g_autoptr(json_t) records = records_of(fixture, &dropped);
  g_assert_cmpint(json_get_integer(json_get_object(json_array_get(records, 0), "data"), "notes", 0),
                  ==, 25);
  close_audit(fixture);
}

/* --- retention --- */

static void
test_cut(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  write_eight(fixture);
  fixture->settings.keep = 3600;
  open_audit(fixture, false);
  g_assert_true(audit_cut(fixture->audit, &error));
  g_assert_cmpint(number_of(fixture, "SELECT count(*) FROM audit"), ==, 8);
  /* Their own columns are what the cut goes by; the texts would be wrong then. */
  change(fixture, "DELETE FROM audit");
  change(fixture, "UPDATE audit_head SET number = 0, event = 0, "
                  "hash = '" AUDIT_CHAIN_START "'");
  change(fixture, "UPDATE events SET told = told - 7200000000 WHERE number <= 5");
  change(fixture, "UPDATE event_takers SET passed = 0");
  close_audit(fixture);
  open_audit(fixture, true);
  WAIT_FOR(number_of(fixture, "SELECT number FROM audit_head") >= 8);
  g_assert_true(audit_cut(fixture->audit, &error));
  close_audit(fixture);
  g_assert_cmpint(number_of(fixture, "SELECT min(number) FROM audit"), ==, 6);
  const AuditFilter cuts = {.type = AUDIT_CUT};
  g_autoptr(json_t) records = records_of(fixture, &cuts);
  g_assert_cmpuint(json_array_size(records), ==, 1);
  g_assert_cmpint(wrong_of(fixture), ==, 0);
  /* A cut that nobody accounts for. */
  change(fixture, "DELETE FROM audit WHERE number = 6");
  g_assert_cmpint(wrong_of(fixture), ==, 6);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/audit/forgeries", test_forgeries);
#define ADD(name, function) g_test_add("/audit/" name, Fixture, NULL, set_up, function, tear_down)
  ADD("once", test_once);
  ADD("order", test_order);
  ADD("notes", test_notes);
  ADD("dropped", test_dropped);
  ADD("cut", test_cut);
  return g_test_run();
}
