/* What the files of the metadata database share. */
#pragma once

#include <stdarg.h>

#include "storage/read_only-private.h"
#include "storage/sql.h"
#include "storage/sql_log-private.h"

struct SqlPool {
  char *path;
  bool durable;
  SqlLog *log;             /* NULL where nobody waits for the disk */
  ReadOnlyFile *read_only; /* or NULL: it can be written */
  GMutex writing;          /* held by the one who writes; guards `writer` and `group` */
  SqlConnection *writer;
  struct SqlGroup *group; /* whose commit is open, or NULL; see sql_group.c */
  int waiting;            /* atomic: threads that wait for `writing` */
  uint64_t begun;         /* atomic: write transactions */
  GMutex idle_lock;       /* guards idle_readers */
  GPtrArray *idle_readers;
};

struct SqlConnection {
  SqlPool *pool;
  bool snapshot; /* in a reading transaction, which sql_release() ends */
  sqlite3 *handle;
  GHashTable *statements; /* text -> Statement, prepared once and kept */
  sqlite3_stmt *begin, *commit, *join, *leave;
};

/* Whether others wait for their turn to write; those whose work is done, and who wait for the
 * commit, are not among them. */
bool sql_others_queue(const SqlPool *pool);
/* sql_run() with the values in a va_list. */
bool sql_run_valist(SqlConnection *connection, int64_t *changed, GError **error, const char *text,
                    va_list args);
/* Begins a transaction once the one before has done its work; @alone: once it is committed.
 * sql_end() ends it. (transfer none) */
SqlConnection *sql_begin(SqlPool *pool, bool alone, GError **error);
/* @done: it is to be committed; else it is taken back, for the reason in *error. Returns when the
 * commit that it shares with others has ended, which they may hold up, too. *number: the one to
 * wait for with sql_log_wait(). False: nothing of it happened. */
bool sql_end(SqlConnection *writer, bool done, uint64_t *number, GError **error);
/* Of BEGIN, COMMIT and the like, which are not for both databases: prepared once into *kept, and
 * traced nowhere. A code of SQLite's. */
int sql_run_bare(SqlConnection *connection, sqlite3_stmt **kept, const char *text);
/* @writes: else statements that write are refused. (transfer full) */
SqlConnection *sql_connection_open(SqlPool *pool, bool writes, GError **error);
void sql_connection_close(SqlConnection *connection);
/* Sets *error for an SQLite @code, and returns false; @what: the statement or file. */
bool sql_set_error(GError **error, sqlite3 *handle, int code, const char *what);
/* Runs several statements, separated by ";", without values. */
bool sql_run_script(SqlConnection *connection, const char *text, GError **error);
/* Of builds for tests; see sql.c. */
void sql_trace_statement(const char *text);
