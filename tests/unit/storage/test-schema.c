/* The tables of rooms: which steps run in which database, each once; what is refused, and that
 * nothing is changed then. Each step of these schemas notes its name in a table when it runs. */
#include <fcntl.h>
#include <sqlite3.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "storage/sql.h"

#define NOTE(name) "INSERT INTO ran VALUES ('" name "');"

static const char *const first_steps[] = {"CREATE TABLE ran (step TEXT);" NOTE("first 1"),
                                          NOTE("first 2"), NOTE("first 3")};
static const char *const second_steps[] = {NOTE("second 1"), NOTE("second 2")};
static const char *const new_steps[] = {NOTE("new 1"), NOTE("new 2")};
/* The second statement fails: the first must not stay. */
static const char *const broken_steps[] = {NOTE("new 1"), NOTE("new 2") "INSERT INTO nowhere;"};
static const unsigned first_former[] = {1, 4, 0}, second_former[] = {2, 9, 0};

/* The first room's third step is newer than the one list. */
static const Schema first = {"first", first_steps, 3, first_former};
static const Schema second = {"second", second_steps, 2, second_former};
static const Schema new = {"new", new_steps, 2, NULL}, new_before = {"new", new_steps, 1, NULL};
static const Schema broken = {"new", broken_steps, 2, NULL};
static const Schema *const present[] = {&first, &second, &new, NULL};
static const Schema *const before[] = {&first, &second, &new_before, NULL};
static const Schema *const long_before[] = {&first, &second, NULL};
static const Schema *const failing[] = {&first, &second, &broken, NULL};

#define OF_ONE_LIST(last)                                                                          \
  "CREATE TABLE schema_migrations (version BIGINT PRIMARY KEY);"                                   \
  "INSERT INTO schema_migrations VALUES (1), (" last ");"                                          \
  "CREATE TABLE ran (step TEXT);"
#define ROOMS(values)                                                                              \
  OF_ONE_LIST("10")                                                                                \
  "CREATE TABLE schema_rooms (room TEXT PRIMARY KEY, version BIGINT NOT NULL);"                    \
  "INSERT INTO schema_rooms VALUES " values ";"

static const struct {
  const char *name, *database; /* what is there before; NULL: nothing */
  const Schema *const *schemas;
  const char *ran;     /* the steps that run */
  const char *message; /* of the refusal, in part; NULL: it is opened */
} cases[] = {
    {"new", NULL, present, "first 1,first 2,first 3,second 1,second 2,new 1,new 2", NULL},
    {"of one list, whole", OF_ONE_LIST("9"), present, "first 3,new 1,new 2", NULL},
    {"of one list, older", OF_ONE_LIST("3"), present, "first 2,first 3,second 2,new 1,new 2", NULL},
    {"of one list, first", OF_ONE_LIST("0"), long_before, "first 2,first 3,second 1,second 2",
     NULL},
    {"of one list, newer", OF_ONE_LIST("11"), present, "", "a newer assay"},
    {"a room without rows", ROOMS("('first', 3), ('second', 2)"), present, "new 1,new 2", NULL},
    {"up to date", ROOMS("('first', 3), ('second', 2), ('new', 2)"), present, "", NULL},
    {"one step", ROOMS("('first', 3), ('second', 1), ('new', 2)"), present, "second 2", NULL},
    {"a newer step", ROOMS("('first', 2), ('second', 2), ('new', 2)"), before, "", "a newer assay"},
    {"a newer room", ROOMS("('first', 2), ('second', 2), ('new', 1)"), long_before, "",
     "a newer assay"},
    {"a step fails", ROOMS("('first', 3), ('second', 2)"), failing, "new 1",
     "step 2 of the tables"},
};

static void
make(const char *path, const char *text)
{
  sqlite3 *file = NULL;
  g_assert_cmpint(sqlite3_open(path, &file), ==, SQLITE_OK);
  g_assert_cmpint(sqlite3_exec(file, text, NULL, NULL, NULL), ==, SQLITE_OK);
  sqlite3_close(file);
}

/* What @text gives, its rows joined by ",". */
static char *
ask(const char *path, const char *text)
{
  sqlite3 *file = NULL;
  sqlite3_stmt *rows = NULL;
  g_autoptr(GString) all = g_string_new(NULL);
  g_assert_cmpint(sqlite3_open(path, &file), ==, SQLITE_OK);
  if (sqlite3_prepare_v2(file, text, -1, &rows, NULL) == SQLITE_OK)
    while (sqlite3_step(rows) == SQLITE_ROW)
      g_string_append_printf(all, "%s%s", all->len == 0 ? "" : ",",
                             (const char *)sqlite3_column_text(rows, 0));
  sqlite3_finalize(rows);
  sqlite3_close(file);
  return g_string_free(g_steal_pointer(&all), FALSE);
}

static bool
opens(const char *url, const Schema *const *schemas, bool read_only, GError **error)
{
  g_autoptr(SqlPool) pool = read_only ? sql_pool_open_read_only(url, schemas, error)
                                      : sql_pool_open(url, schemas, true, error);
  return pool != NULL;
}

static bool
check_case(size_t i, const char *folder)
{
  g_autoptr(GError) error = NULL, again = NULL, reading = NULL;
  g_autofree char *path = g_build_filename(folder, "metadata.db", NULL);
  g_autofree char *url = g_strconcat("sqlite:", path, NULL);
  if (cases[i].database != NULL)
    make(path, cases[i].database);
  bool up_to_date = cases[i].database != NULL && cases[i].message == NULL && *cases[i].ran == '\0';
  if (cases[i].database != NULL && opens(url, cases[i].schemas, true, &reading) != up_to_date)
    return false;
  bool opened = opens(url, cases[i].schemas, false, &error);
  g_autofree char *ran = ask(path, "SELECT step FROM ran ORDER BY rowid");
  if (opened != (cases[i].message == NULL) || !g_str_equal(ran, cases[i].ran))
    return false;
  if (!opened)
    return error != NULL && strstr(error->message, cases[i].message) != NULL;
  /* Nothing runs twice, and a program of the time of one list stays away. */
  bool reopened =
      opens(url, cases[i].schemas, false, &again) && opens(url, cases[i].schemas, true, &reading);
  g_autofree char *still = ask(path, "SELECT step FROM ran ORDER BY rowid");
  g_autofree char *former = ask(path, "SELECT max(version) FROM schema_migrations");
  return reopened && g_str_equal(still, ran) && g_str_equal(former, "10");
}

static void
test_cases(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *folder = g_dir_make_tmp("assay-schema-XXXXXX", NULL);
    if (!check_case(i, folder))
      g_error("%s", cases[i].name);
    g_assert_true(directory_remove(AT_FDCWD, folder, NULL));
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/schema/cases", test_cases);
  return g_test_run();
}
