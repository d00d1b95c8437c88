/* The only door to the metadata database. One SQL text for two drivers: statements use $1, $2, ...
 * and stay in the subset that SQLite 3.40 and PostgreSQL 15 share (BIGINT, INTEGER, TEXT, BYTEA,
 * DOUBLE PRECISION; INSERT ... ON CONFLICT; RETURNING; no AUTOINCREMENT, no implicit rowid, no date
 * functions: times are BIGINT microseconds since 1970).
 *
 *   g_autoptr(SqlConnection) db = sql_acquire(pool, error);
 *   g_autoptr(SqlRows) rows = sql_query(db, error,
 *       "SELECT tag, digest FROM tags WHERE repository = $1 ORDER BY tag LIMIT $2",
 *       SQL_TEXT(name), SQL_INTEGER(n), SQL_END);
 *   Found found;
 *   while ((found = sql_next(rows, error)) == FOUND)
 *     use(sql_rows_text(rows, 0));
 *   return found != FAILED;
 *
 * What writes is a function that sql_transact() runs, or the one statement of sql_write().
 *
 * What only PostgreSQL needs is in a comment that its driver opens: a statement uses the tokens
 * below. Text that is ordered or compared by < and > is declared as TEXT SQL_BYTE_ORDER in its
 * table; LIKE is not used, for only PostgreSQL's knows upper from lower case; sums and comparisons
 * among the results are CAST to BIGINT, for their types differ.
 *
 * Threads: a pool may be used from any thread, a connection from one at a time. SQLite gets one
 * writing connection (a mutex queues writers, and those who wait share a commit: sql_group.c) and
 * several reading ones. Calls block on the disk.
 * Errors: ASSAY_ERROR_IO; _FULL when the disk is; _READ_ONLY when nothing can be written; _BUSY
 * when the lock does not come in time; _EXISTS for a broken UNIQUE or foreign key constraint. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/found.h"
#include "base/slice.h"
#include "storage/schema.h"

typedef struct SqlPool SqlPool;
typedef struct SqlConnection SqlConnection;
typedef struct SqlRows SqlRows;

/* After a SELECT of the rows that the transaction goes on to act upon: other transactions that lock
 * one of them wait until this one ends. SQLite has one writer, who has locked everything. */
#define SQL_LOCK "/*postgresql FOR NO KEY UPDATE */"
/* After a SELECT of rows that must not be deleted before the transaction ends; others may lock them
 * so, too. */
#define SQL_LOCK_SHARED "/*postgresql FOR KEY SHARE */"
/* After a SELECT ... LIMIT of rows to work on: those that others have locked are passed over. */
#define SQL_LOCK_FREE "/*postgresql FOR UPDATE SKIP LOCKED */"
/* After the type of a column: its texts are ordered by their bytes, as SQLite always does. */
#define SQL_BYTE_ORDER "/*postgresql COLLATE \"C\" */"

typedef enum {
  SQL_VALUE_END,
  SQL_VALUE_NULL,
  SQL_VALUE_INTEGER,
  SQL_VALUE_TEXT,
  SQL_VALUE_BYTES,
  SQL_VALUE_DOUBLE
} SqlValueType;
typedef struct {
  SqlValueType type;
  int64_t integer;
  double number;
  Slice bytes; /* text or bytes; copied before the call returns */
} SqlValue;

#define SQL_END        ((SqlValue){.type = SQL_VALUE_END})
#define SQL_NULL       ((SqlValue){.type = SQL_VALUE_NULL})
#define SQL_INTEGER(i) ((SqlValue){.type = SQL_VALUE_INTEGER, .integer = (i)})
#define SQL_DOUBLE(d)  ((SqlValue){.type = SQL_VALUE_DOUBLE, .number = (d)})
#define SQL_BYTES(s)   ((SqlValue){.type = SQL_VALUE_BYTES, .bytes = (s)})
/* A NULL string becomes SQL NULL. */
#define SQL_TEXT(s) sql_value_text(s)
SqlValue sql_value_text(const char *text);

/* @url: "sqlite:/path/metadata.db". @schemas: of all rooms, ended by NULL; the steps that the
 * database lacks are run, and one that a newer program made is ASSAY_ERROR_UNSUPPORTED. @durable:
 * false turns the waiting for the disk off (benchmarks). (transfer full) */
SqlPool *sql_pool_open(const char *url, const Schema *const *schemas, bool durable, GError **error);
/* Where nothing can be written: what writes is refused with ASSAY_ERROR_READ_ONLY. Nobody else may
 * write the file meanwhile. A schema that is not the present one is ASSAY_ERROR_UNSUPPORTED. */
SqlPool *sql_pool_open_read_only(const char *url, const Schema *const *schemas, GError **error);
bool sql_pool_is_read_only(const SqlPool *pool);
void sql_pool_close(SqlPool *pool);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SqlPool, sql_pool_close)

/* For questions: a statement that writes is refused with ASSAY_ERROR_READ_ONLY. (transfer full) */
SqlConnection *sql_acquire(SqlPool *pool, GError **error);
/* The same for many questions in a row: all see the database as it is at the first one, and none
 * locks it anew. It is not held while waiting for others: as long, the log of writes only grows.
 * (transfer full) */
SqlConnection *sql_acquire_snapshot(SqlPool *pool, GError **error);
void sql_release(SqlConnection *connection);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SqlConnection, sql_release)

/* What a transaction does: true commits, false (with *error) rolls back. It may be called several
 * times, each time in a new transaction after the one before was rolled back: it changes nothing
 * but the database and what @data gives for results, and sets these anew each time. It neither
 * waits for others nor starts a transaction of its own. */
typedef bool (*SqlWork)(SqlConnection *db, void *data, GError **error);
/* Runs @work in a writing transaction and commits, again where the database has refused it for what
 * others did at the same time (a deadlock, a broken order), five times at most. True: it is
 * committed, and on the disk. False: nothing of it happened, unless the connection was lost in the
 * commit itself, or the disk did not take it after that: so work is written to do no harm when it
 * is done twice. */
bool sql_transact(SqlPool *pool, SqlWork work, void *data, GError **error);
/* The same without waiting for the disk: it is committed and seen by all, and goes to the disk with
 * what is committed after it. A power cut may take it back, and then everything after it: the
 * database is as it was at some moment before. So it is for what is done again from what is in the
 * database (jobs and what they find out, cursors), or may be lost (when something was last used).
 * Not for what somebody outside was told of, nor before a file is removed. */
bool sql_transact_later(SqlPool *pool, SqlWork work, void *data, GError **error);
/* Until all that is committed so far is on the disk: before something outside of the database is
 * done for what was read in it. */
bool sql_settle(SqlPool *pool, GError **error);
/* What each transaction of the present thread does first from now on, with the same rules as its
 * work; NULL: nothing. Where it fails, the transaction does, and nothing of it happened. @looks: it
 * reads by other connections, too, which see what is committed: so nobody's work may be there that
 * is not. */
void sql_guard_transactions(SqlWork guard, void *data, bool looks);
/* A transaction of this one statement. */
bool sql_write(SqlPool *pool, int64_t *changed, GError **error, const char *text, ...);
bool sql_write_later(SqlPool *pool, int64_t *changed, GError **error, const char *text, ...);

/* In a transaction that can end earlier: whether others wait for its end. */
bool sql_others_wait(const SqlConnection *db);
/* How many writing transactions have begun: what works in the background sees whether others do. */
uint64_t sql_transactions_begun(const SqlPool *pool);

/* Statements are prepared once a connection and kept. The values end with SQL_END. */
SqlRows *sql_query(SqlConnection *connection, GError **error, const char *text, ...);
/* For statements without rows; @changed, when not NULL, takes the number of rows touched. */
bool sql_run(SqlConnection *connection, int64_t *changed, GError **error, const char *text, ...);

/* Steps to the next (at first: the first) row; ABSENT after the last. NULL for @rows is FAILED, of
 * which sql_query() has set *error. */
Found sql_next(SqlRows *rows, GError **error);
/* Asks, and steps to the first row. *rows takes the rows unless FAILED. Declare `rows` after the
 * connection: what is declared last is freed first, and a connection that goes back with rows open
 * would show its next user what was there before. (transfer full) */
Found sql_first(SqlConnection *connection, SqlRows **rows, GError **error, const char *text, ...);
/* *number: the first column of the first row; left alone where there is no row, or NULL in it.
 * False: as sql_next() has failed. */
bool sql_number(SqlRows *rows, int64_t *number, GError **error);
/* The first column of all rows that are left, as texts. NULL: as sql_next() has failed. (transfer
 * full): char * */
GPtrArray *sql_texts(SqlRows *rows, GError **error);
int64_t sql_rows_integer(SqlRows *rows, int column);
double sql_rows_double(SqlRows *rows, int column);
bool sql_rows_is_null(SqlRows *rows, int column);
/* Valid until the next step; NULL for SQL NULL. (transfer none) */
const char *sql_rows_text(SqlRows *rows, int column);
Slice sql_rows_bytes(SqlRows *rows, int column);
void sql_rows_free(SqlRows *rows);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SqlRows, sql_rows_free)
