/* A metadata database in a folder of its own, and questions about its rows. */
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/json.h"
#include "jobs/jobs.h"
#include "jobs/schema.h"

static const Schema *const schemas[] = {&jobs_schema, NULL};

typedef struct {
  char *folder, *url;
  SqlPool *sql;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  fixture->folder = g_dir_make_tmp("assay-jobs-XXXXXX", &error);
  fixture->url = g_strdup_printf("sqlite:%s/metadata.db", fixture->folder);
  fixture->sql = sql_pool_open(fixture->url, schemas, true, &error);
  g_assert_no_error(error);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  sql_pool_close(fixture->sql);
  g_assert_true(directory_remove(AT_FDCWD, fixture->folder, &error));
  g_free(fixture->folder);
  g_free(fixture->url);
}

/* The one number that @text asks for; -1: NULL, or no row. */
static inline int64_t
number_of(SqlPool *sql, const char *text)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(SqlConnection) db = sql_acquire(sql, &error);
  g_assert_no_error(error);
  g_autoptr(SqlRows) rows = sql_query(db, &error, text, SQL_END);
  g_assert_no_error(error);
  bool there = sql_next(rows, &error) == FOUND;
  g_assert_no_error(error);
  return there && !sql_rows_is_null(rows, 0) ? sql_rows_integer(rows, 0) : -1;
}

static inline void
change(SqlPool *sql, const char *text)
{
  g_autoptr(GError) error = NULL;
  sql_write(sql, NULL, &error, text, SQL_END);
  g_assert_no_error(error);
}

typedef struct {
  const JobKind *kind;
  const char *key;
  json_t *arguments;
} Asking;

/* A SqlWork. */
static inline bool
ask_in(SqlConnection *db, void *data, GError **error)
{
  const Asking *asking = data;
  return job_ask(db, asking->kind, asking->key, asking->arguments, error);
}

static inline void
ask(SqlPool *sql, const JobKind *kind, const char *key, const char *word)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) arguments = word == NULL ? NULL : json_pack("{s:s}", "word", word);
  Asking asking = {kind, key, arguments};
  sql_transact(sql, ask_in, &asking, &error);
  g_assert_no_error(error);
}

/* Intervals of schedules. */
static inline uint32_t
every_hour(const void *room)
{
  return 3600;
}

static inline uint32_t
every_second(const void *room)
{
  return 1;
}

static inline uint32_t
never(const void *room)
{
  return 0;
}

/* A minute, for a machine that does much else. */
#define WAIT_FOR(condition)                                                                        \
  do {                                                                                             \
    for (int tries = 0; !(condition); tries++) {                                                   \
      if (tries > 12000)                                                                           \
        g_error("line %d: waited in vain for " #condition, __LINE__);                              \
      g_usleep(5000);                                                                              \
    }                                                                                              \
  } while (0)
