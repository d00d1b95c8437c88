/* The SQL door: values come back as they went in, transactions hold. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "storage/fault.h"
#include "storage/sql.h"

static const char *const steps[] = {
    "CREATE TABLE repositories (name TEXT PRIMARY KEY, created BIGINT NOT NULL);",
};
static const Schema test_schema = {"test", steps, G_N_ELEMENTS(steps), NULL};
static const Schema *const schemas[] = {&test_schema, NULL};

typedef struct {
  char *folder, *url;
  SqlPool *pool;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  fixture->folder = g_dir_make_tmp("assay-sql-XXXXXX", &error);
  fixture->url = g_strdup_printf("sqlite:%s/metadata.db", fixture->folder);
  fixture->pool = sql_pool_open(fixture->url, schemas, true, &error);
  g_assert_no_error(error);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  sql_pool_close(fixture->pool);
  g_assert_true(directory_remove(AT_FDCWD, fixture->folder, &error));
  g_free(fixture->folder);
  g_free(fixture->url);
}

typedef struct {
  const char *name;
  bool commit;
} NewRepository;

static bool
insert_repository(SqlConnection *db, void *data, GError **error)
{
  const NewRepository *repository = data;
  int64_t changed = 0;
  g_assert_true(sql_run(db, &changed, error,
                        "INSERT INTO repositories (created, name) VALUES ($2, $1)",
                        SQL_TEXT(repository->name), SQL_INTEGER(7), SQL_END));
  g_assert_cmpint(changed, ==, 1);
  return repository->commit || error_set(error, ASSAY_ERROR_FAILED, "no");
}

static void
add_repository(Fixture *fixture, const char *name, bool commit)
{
  NewRepository repository = {name, commit};
  g_assert_cmpint(sql_transact(fixture->pool, insert_repository, &repository, NULL), ==, commit);
}

static unsigned
count_repositories(SqlConnection *db)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(SqlRows) rows = sql_query(db, &error, "SELECT count(*) FROM repositories", SQL_END);
  g_assert_cmpint(sql_next(rows, &error), ==, FOUND);
  return (unsigned)sql_rows_integer(rows, 0);
}

static void
test_transactions(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  add_repository(fixture, "kept", true);
  add_repository(fixture, "rolled-back", false);
  g_autoptr(SqlConnection) db = sql_acquire(fixture->pool, &error);
  g_assert_cmpuint(count_repositories(db), ==, 1);
  g_autoptr(SqlRows) rows =
      sql_query(db, &error, "SELECT name, created, NULL FROM repositories WHERE name = $1",
                SQL_TEXT("kept"), SQL_END);
  g_assert_cmpint(sql_next(rows, &error), ==, FOUND);
  g_assert_cmpstr(sql_rows_text(rows, 0), ==, "kept");
  g_assert_cmpint(sql_rows_integer(rows, 1), ==, 7);
  g_assert_true(sql_rows_is_null(rows, 2));
  g_assert_cmpint(sql_next(rows, &error), ==, ABSENT);
  g_assert_no_error(error);
}

static void
test_constraint(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  add_repository(fixture, "once", true);
  g_assert_false(sql_write(fixture->pool, NULL, &error,
                           "INSERT INTO repositories (name, created) VALUES ($1, $2)",
                           SQL_TEXT("once"), SQL_INTEGER(1), SQL_END));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_EXISTS);
}

/* What is written goes through a transaction that can be run again: there is no other way. */
static void
test_questions_only(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  add_repository(fixture, "kept", true);
  g_autoptr(SqlConnection) db = sql_acquire(fixture->pool, &error);
  g_assert_no_error(error);
  g_assert_false(sql_run(db, NULL, &error, "DELETE FROM repositories", SQL_END));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_READ_ONLY);
  g_assert_cmpuint(count_repositories(db), ==, 1);
}

/* What others write meanwhile is seen after it, not within. */
static void
test_snapshot(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  add_repository(fixture, "before", true);
  g_autoptr(SqlConnection) db = sql_acquire_snapshot(fixture->pool, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(count_repositories(db), ==, 1);
  add_repository(fixture, "meanwhile", true);
  g_assert_cmpuint(count_repositories(db), ==, 1);
  g_assert_false(sql_run(db, NULL, &error, "DELETE FROM repositories", SQL_END));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_READ_ONLY);
  g_clear_pointer(&db, sql_release);
  /* The same connection again. */
  db = sql_acquire(fixture->pool, NULL);
  g_assert_cmpuint(count_repositories(db), ==, 2);
  add_repository(fixture, "later", true);
  g_assert_cmpuint(count_repositories(db), ==, 3);
}

static void
test_one_statement_nested(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  add_repository(fixture, "a", true);
  add_repository(fixture, "b", true);
  g_autoptr(SqlConnection) db = sql_acquire(fixture->pool, &error);
  const char *text = "SELECT name FROM repositories ORDER BY name";
  g_autoptr(SqlRows) outer = sql_query(db, &error, text, SQL_END);
  unsigned pairs = 0;
  while (sql_next(outer, &error) == FOUND) {
    g_autoptr(SqlRows) inner = sql_query(db, &error, text, SQL_END);
    while (sql_next(inner, &error) == FOUND)
      pairs++;
  }
  g_assert_no_error(error);
  g_assert_cmpuint(pairs, ==, 4);
}

typedef struct {
  unsigned runs;
  const char *name;
  bool fail;
} Work;

static bool
add_one(SqlConnection *db, void *data, GError **error)
{
  Work *work = data;
  work->runs++;
  return sql_run(db, NULL, error, "INSERT INTO repositories (name, created) VALUES ($1, 1)",
                 SQL_TEXT(work->name), SQL_END) &&
         (!work->fail || error_set(error, ASSAY_ERROR_DENIED, "not so"));
}

static void
test_transact(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) failed = NULL, twice = NULL, error = NULL;
  Work kept = {0, "kept", false}, dropped = {0, "dropped", true}, again = {0, "kept", false};
  g_assert_true(sql_transact(fixture->pool, add_one, &kept, &error));
  g_assert_false(sql_transact(fixture->pool, add_one, &dropped, &failed));
  g_assert_error(failed, ASSAY_ERROR, ASSAY_ERROR_DENIED);
  g_assert_false(sql_transact(fixture->pool, add_one, &again, &twice));
  g_assert_error(twice, ASSAY_ERROR, ASSAY_ERROR_EXISTS);
  g_assert_cmpuint(kept.runs + dropped.runs + again.runs, ==, 3);
  int64_t changed = 0;
  g_assert_true(sql_write(fixture->pool, &changed, &error,
                          "UPDATE repositories SET created = $2 WHERE name = $1", SQL_TEXT("kept"),
                          SQL_INTEGER(5), SQL_END));
  g_assert_cmpint(changed, ==, 1);
  g_autoptr(SqlConnection) db = sql_acquire(fixture->pool, &error);
  g_autoptr(SqlRows) rows = NULL, none = NULL, wrong = NULL;
  g_assert_cmpint(sql_first(db, &rows, &error, "SELECT created FROM repositories", SQL_END), ==,
                  FOUND);
  g_assert_cmpint(sql_rows_integer(rows, 0), ==, 5);
  g_assert_cmpint(sql_next(rows, &error), ==, ABSENT);
  g_assert_cmpint(sql_first(db, &none, &error, "SELECT 1 FROM repositories WHERE name = $1",
                            SQL_TEXT("dropped"), SQL_END),
                  ==, ABSENT);
  g_assert_no_error(error);
  g_assert_cmpint(sql_first(db, &wrong, &error, "SELECT 1 FROM nowhere", SQL_END), ==, FAILED);
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_IO);
}

#ifdef ASSAY_FAULT_INJECTION
static void
test_run_again(Fixture *fixture, gconstpointer data)
{
  static const struct {
    const char *name;
    int refusals;
    unsigned runs;
    bool done;
  } cases[] = {{"once", 1, 2, true}, {"four", 4, 5, true}, {"ever", 5, 5, false}};
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    Work work = {0, cases[i].name, false};
    fault_refuse_commits(cases[i].refusals);
    bool done = sql_transact(fixture->pool, add_one, &work, &error);
    fault_refuse_commits(0);
    if (done != cases[i].done || work.runs != cases[i].runs)
      g_error("%s: %u runs", cases[i].name, work.runs);
    if (!done)
      g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_BUSY);
  }
  g_autoptr(SqlConnection) db = sql_acquire(fixture->pool, NULL);
  g_assert_cmpuint(count_repositories(db), ==, 2);
}
#endif

static void
test_bytes(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  static const uint8_t odd[] = {0, 1, 0xff, 0, '\''};
  g_autoptr(SqlConnection) db = sql_acquire(fixture->pool, &error);
  g_autoptr(SqlRows) rows =
      sql_query(db, &error, "SELECT CAST($1 AS BYTEA), CAST($2 AS DOUBLE PRECISION)",
                SQL_BYTES(slice_new(odd, sizeof odd)), SQL_DOUBLE(0.5), SQL_END);
  g_assert_cmpint(sql_next(rows, &error), ==, FOUND);
  g_assert_cmpfloat(sql_rows_double(rows, 1), ==, 0.5);
}

static void
test_reopen(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  add_repository(fixture, "kept", true);
  sql_pool_close(fixture->pool);
  fixture->pool = sql_pool_open(fixture->url, schemas, true, &error);
  g_assert_no_error(error);
  g_autoptr(SqlConnection) db = sql_acquire(fixture->pool, &error);
  g_assert_cmpuint(count_repositories(db), ==, 1);
}

static void *
write_many(void *data)
{
  static int next;
  for (int i = 0; i < 20; i++) {
    g_autofree char *name = g_strdup_printf("r%d", g_atomic_int_add(&next, 1));
    add_repository(data, name, true);
  }
  return NULL;
}

static void
test_concurrent_writers(Fixture *fixture, gconstpointer data)
{
  GThread *threads[6];
  for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
    threads[i] = g_thread_new("writer", write_many, fixture);
  for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
    g_thread_join(threads[i]);
  g_autoptr(GError) error = NULL;
  g_autoptr(SqlConnection) db = sql_acquire(fixture->pool, &error);
  g_assert_cmpuint(count_repositories(db), ==, 6 * 20);
}

static void
test_broken_file(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *path = g_build_filename(fixture->folder, "other.db", NULL);
  g_autofree char *url = g_strconcat("sqlite:", path, NULL);
  g_assert_true(g_file_set_contents(path, "this is no database, and long enough", -1, &error));
  g_assert_null(sql_pool_open(url, schemas, true, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_IO);
}

/* The folder may stand behind a link, as where /var/lib/assay leads to a larger disk; the database
 * itself is none. */
static void
test_links(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *link = g_build_filename(fixture->folder, "link", NULL);
  g_autofree char *behind = g_strdup_printf("sqlite:%s/behind.db", link);
  g_autofree char *file = g_build_filename(fixture->folder, "linked.db", NULL);
  g_autofree char *linked = g_strconcat("sqlite:", file, NULL);
  g_assert_cmpint(symlink(".", link), ==, 0);
  g_assert_cmpint(symlink("metadata.db", file), ==, 0);
  g_autoptr(SqlPool) pool = sql_pool_open(behind, schemas, true, &error);
  g_assert_no_error(error);
  g_assert_null(sql_pool_open(linked, schemas, true, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_IO);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add("/sql/" name, Fixture, NULL, set_up, function, tear_down)
  ADD("transactions", test_transactions);
  ADD("constraint", test_constraint);
  ADD("questions-only", test_questions_only);
  ADD("snapshot", test_snapshot);
  ADD("nested", test_one_statement_nested);
  ADD("transact", test_transact);
#ifdef ASSAY_FAULT_INJECTION
  ADD("run-again", test_run_again);
#endif
  ADD("bytes", test_bytes);
  ADD("reopen", test_reopen);
  ADD("concurrent-writers", test_concurrent_writers);
  ADD("broken-file", test_broken_file);
  ADD("links", test_links);
  return g_test_run();
}
