/* Transactions that share a commit: all are there or none, but for those that failed alone. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "storage/fault.h"
#include "storage/sql-private.h"

#define MEMBERS         8
#define FOLDER_VARIABLE "ASSAY_TEST_SQL_GROUP"

static const char *const steps[] = {
    "CREATE TABLE numbers (number BIGINT PRIMARY KEY);",
};
static const Schema test_schema = {"test", steps, G_N_ELEMENTS(steps), NULL};
static const Schema *const schemas[] = {&test_schema, NULL};

typedef struct Fixture Fixture;
/* What the one at @place does when it has written its number. */
typedef bool (*Deed)(Fixture *fixture, SqlConnection *db, int place, GError **error);

struct Fixture {
  char *folder;
  SqlPool *pool;
  Deed deed;
  int places; /* atomic: given so far */
};

typedef struct {
  Fixture *fixture;
  int place; /* in the order of the works */
  int runs;
  bool told;
  GError *error;
} Member;

static void
open_pool(Fixture *fixture)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *url = g_strdup_printf("sqlite:%s/metadata.db", fixture->folder);
  fixture->pool = sql_pool_open(url, schemas, true, &error);
  g_assert_no_error(error);
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
  const char *given = g_getenv(FOLDER_VARIABLE);
  fixture->folder =
      given != NULL ? g_strdup(given) : g_dir_make_tmp("assay-sql-group-XXXXXX", NULL);
  open_pool(fixture);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  sql_pool_close(fixture->pool);
  g_assert_true(directory_remove(AT_FDCWD, fixture->folder, &error));
  g_free(fixture->folder);
}

/* As others see it. */
static int64_t
count_numbers(Fixture *fixture)
{
  int64_t count = -1;
  g_autoptr(GError) error = NULL;
  g_autoptr(SqlConnection) db = sql_acquire(fixture->pool, &error);
  g_autoptr(SqlRows) rows = sql_query(db, &error, "SELECT count(*) FROM numbers", SQL_END);
  g_assert_true(sql_number(rows, &count, &error));
  return count;
}

static bool
add_number(SqlConnection *db, int number, GError **error)
{
  return sql_run(db, NULL, error, "INSERT INTO numbers (number) VALUES ($1)", SQL_INTEGER(number),
                 SQL_END);
}

/* At first all but the last one end only when another one waits, so that they are members
 * of one group. */
static bool
work(SqlConnection *db, void *data, GError **error)
{
  Member *member = data;
  Fixture *fixture = member->fixture;
  bool first = member->runs++ == 0;
  if (first)
    member->place = g_atomic_int_add(&fixture->places, 1);
  while (first && member->place < MEMBERS - 1 && !sql_others_queue(fixture->pool))
    g_usleep(100);
  return add_number(db, member->place, error) &&
         (fixture->deed == NULL || fixture->deed(fixture, db, member->place, error));
}

static void *
run_member(void *data)
{
  Member *member = data;
  member->told = sql_transact(member->fixture->pool, work, member, &member->error);
  return NULL;
}

static int
by_place(const void *a, const void *b)
{
  return ((const Member *)a)->place - ((const Member *)b)->place;
}

/* In the order of their places. */
static void
run_members(Fixture *fixture, Deed deed, Member *members)
{
  GThread *threads[MEMBERS];
  fixture->deed = deed;
  for (size_t i = 0; i < MEMBERS; i++) {
    members[i] = (Member){.fixture = fixture};
    threads[i] = g_thread_new("member", run_member, &members[i]);
  }
  for (size_t i = 0; i < MEMBERS; i++)
    g_thread_join(threads[i]);
  qsort(members, MEMBERS, sizeof *members, by_place);
}

static void
clear_members(Member *members)
{
  for (size_t i = 0; i < MEMBERS; i++)
    g_clear_error(&members[i].error);
}

static void
assert_all_told(Member *members)
{
  for (size_t i = 0; i < MEMBERS; i++) {
    g_assert_no_error(members[i].error);
    g_assert_true(members[i].told);
  }
}

/* Others see nothing of them until the last one has committed for all. */
static bool
see_nothing(Fixture *fixture, SqlConnection *db, int place, GError **error)
{
  g_assert_cmpint(count_numbers(fixture), ==, 0);
  /* Those before wait for the commit as much as those behind. */
  g_assert_true(place == 0 || sql_others_wait(db));
  return true;
}

static void
test_shared(Fixture *fixture, gconstpointer data)
{
  Member members[MEMBERS];
  run_members(fixture, see_nothing, members);
  assert_all_told(members);
  g_assert_cmpint(count_numbers(fixture), ==, MEMBERS);
  clear_members(members);
}

/* The place that fails, the first and the last ones among them. */
static int failing;

static bool
break_constraint(Fixture *fixture, SqlConnection *db, int place, GError **error)
{
  return place != failing || add_number(db, place, error);
}

static void
test_one_fails(Fixture *fixture, gconstpointer data)
{
  static const int places[] = {0, 1, 4, MEMBERS - 1};
  for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
    Member members[MEMBERS];
    failing = places[i];
    fixture->places = 0;
    run_members(fixture, break_constraint, members);
    g_assert_error(members[failing].error, ASSAY_ERROR, ASSAY_ERROR_EXISTS);
    g_assert_false(members[failing].told);
    g_clear_error(&members[failing].error);
    members[failing].told = true;
    assert_all_told(members);
    g_assert_cmpint(count_numbers(fixture), ==, MEMBERS - 1);
    g_assert_true(sql_write(fixture->pool, NULL, NULL, "DELETE FROM numbers", SQL_END));
  }
}

/* As SQLite does by itself where it finds the disk full in a statement. */
static bool
lose_all(Fixture *fixture, SqlConnection *db, int place, GError **error)
{
  return place != 5 || (sql_run(db, NULL, error, "ROLLBACK", SQL_END) &&
                        error_set(error, ASSAY_ERROR_FULL, "no room"));
}

static void
test_one_loses_all(Fixture *fixture, gconstpointer data)
{
  Member members[MEMBERS];
  run_members(fixture, lose_all, members);
  g_assert_error(members[5].error, ASSAY_ERROR, ASSAY_ERROR_FULL);
  g_clear_error(&members[5].error);
  members[5].told = true;
  assert_all_told(members);
  for (int i = 0; i < MEMBERS; i++)
    g_assert_cmpint(members[i].runs, ==, i < 5 ? 2 : 1);
  g_assert_cmpint(count_numbers(fixture), ==, MEMBERS - 1);
}

/* Work that says nothing of it is not taken for done. */
static bool
lose_all_silently(Fixture *fixture, SqlConnection *db, int place, GError **error)
{
  return place != failing || sql_run(db, NULL, error, "ROLLBACK", SQL_END);
}

static void
test_lost_in_silence(Fixture *fixture, gconstpointer data)
{
  static const int places[] = {0, 6};
  for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
    Member members[MEMBERS];
    failing = places[i];
    fixture->places = 0;
    run_members(fixture, lose_all_silently, members);
    g_assert_error(members[failing].error, ASSAY_ERROR, ASSAY_ERROR_IO);
    g_clear_error(&members[failing].error);
    members[failing].told = true;
    assert_all_told(members);
    g_assert_cmpint(count_numbers(fixture), ==, MEMBERS - 1);
    g_assert_true(sql_write(fixture->pool, NULL, NULL, "DELETE FROM numbers", SQL_END));
  }
}

/* Before the commit, which is the last one's. */
static bool
die_as_the_last(Fixture *fixture, SqlConnection *db, int place, GError **error)
{
  if (place == MEMBERS - 1)
    kill(getpid(), SIGKILL);
  return true;
}

static void
test_killed(Fixture *fixture, gconstpointer data)
{
  if (g_test_subprocess()) {
    Member members[MEMBERS];
    g_assert_true(
        sql_write(fixture->pool, NULL, NULL, "INSERT INTO numbers (number) VALUES (-1)", SQL_END));
    run_members(fixture, die_as_the_last, members);
    return;
  }
  sql_pool_close(fixture->pool);
  g_setenv(FOLDER_VARIABLE, fixture->folder, true);
  g_test_trap_subprocess(NULL, 0, 0);
  g_unsetenv(FOLDER_VARIABLE);
  g_assert_false(g_test_trap_has_passed());
  open_pool(fixture);
  g_assert_cmpint(count_numbers(fixture), ==, 1);
}

#ifdef ASSAY_FAULT_INJECTION
static int fault;

/* The next write to a file is the commit's. */
static bool
break_the_disk(Fixture *fixture, SqlConnection *db, int place, GError **error)
{
  if (place == MEMBERS - 1)
    io_fault_after(0, fault);
  if (place == 3) /* was refused for what is not there in the end */
    return add_number(db, 1, error);
  return true;
}

static void
test_commit_fails(Fixture *fixture, gconstpointer data)
{
  static const struct {
    int fault;
    AssayErrorCode code;
  } cases[] = {{EIO, ASSAY_ERROR_IO}, {ENOSPC, ASSAY_ERROR_FULL}};
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    Member members[MEMBERS];
    fault = cases[i].fault;
    fixture->places = 0;
    run_members(fixture, break_the_disk, members);
    io_fault_after(-1, 0);
    for (size_t j = 0; j < MEMBERS; j++) {
      g_assert_error(members[j].error, ASSAY_ERROR, (gint)cases[i].code);
      g_assert_false(members[j].told);
    }
    clear_members(members);
    g_assert_cmpint(count_numbers(fixture), ==, 0);
  }
  fixture->places = 0;
  test_shared(fixture, data);
}

/* What is to be run again leaves the others alone. */
static void
test_run_again(Fixture *fixture, gconstpointer data)
{
  Member members[MEMBERS];
  int runs = 0;
  fault_refuse_commits(3);
  run_members(fixture, NULL, members);
  assert_all_told(members);
  for (size_t i = 0; i < MEMBERS; i++)
    runs += members[i].runs;
  g_assert_cmpint(runs, ==, MEMBERS + 3);
  g_assert_cmpint(count_numbers(fixture), ==, MEMBERS);
}
#endif

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
#define ADD(name, function)                                                                        \
  g_test_add("/sql-group/" name, Fixture, NULL, set_up, function, tear_down)
  ADD("shared", test_shared);
  ADD("one-fails", test_one_fails);
  ADD("one-loses-all", test_one_loses_all);
  ADD("lost-in-silence", test_lost_in_silence);
  ADD("killed", test_killed);
#ifdef ASSAY_FAULT_INJECTION
  io_fault_in_sqlite();
  ADD("commit-fails", test_commit_fails);
  ADD("run-again", test_run_again);
#endif
  return g_test_run();
}
