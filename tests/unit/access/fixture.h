/* A metadata database of the room in a folder of its own, and what knows who asks. */
#pragma once

#include <fcntl.h>
#include <string.h>

#include "access/access.h"
#include "access/schema.h"
#include "base/error.h"
#include "base/fd.h"
#include "jobs/schema.h"

typedef struct {
  char *folder, *url;
  SqlPool *sql;
  Access *access;
} Fixture;

static inline void
set_up(Fixture *fixture, gconstpointer data)
{
  static const Schema *const schemas[] = {&jobs_schema, &access_schema, NULL};
  g_autoptr(GError) error = NULL;
  fixture->folder = g_dir_make_tmp("assay-access-XXXXXX", &error);
  fixture->url = g_strdup_printf("sqlite:%s/metadata.db", fixture->folder);
  fixture->sql = sql_pool_open(fixture->url, schemas, true, &error);
  g_assert_no_error(error);
  fixture->access = access_new(fixture->sql, NULL, &error);
  g_assert_no_error(error);
}

static inline void
tear_down(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  access_free(fixture->access);
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
  g_autoptr(SqlRows) rows = NULL;
  Found found = sql_first(db, &rows, &error, text, SQL_END);
  g_assert_no_error(error);
  return found == FOUND && !sql_rows_is_null(rows, 0) ? sql_rows_integer(rows, 0) : -1;
}

static inline void
change(SqlPool *sql, const char *text)
{
  g_autoptr(GError) error = NULL;
  sql_write(sql, NULL, &error, text, SQL_END);
  g_assert_no_error(error);
}

/* Who logs in so from an address; NULL: the message is *why (transfer full). */
static inline Principal *
shown_by(Access *access, const char *scheme, const char *name, const char *secret,
         const char *address, char **why)
{
  g_autoptr(GError) error = NULL;
  const Shown shown = {.scheme = scheme, .name = name, .secret = secret, .address = address};
  Principal *who = access_identify(access, &shown, &error);
  if (who == NULL && why != NULL)
    *why = g_strdup(error->message);
  return who;
}
