/* The seam through which tests make storage's calls on files fail, in builds with fault_injection.
 * Calls are counted in all of the program: tests with one thread only. */
#pragma once

#include <stdbool.h>

#ifdef ASSAY_FAULT_INJECTION
/* The call after @calls more ones, and all that follow, fail with @errno_value, as on a disk that
 * is full or gone; a negative @calls turns the seam off. */
void io_fault_after(int calls, int errno_value);
/* The same, but the calls after the one that fails succeed again. */
void io_fault_once(int calls, int errno_value);
/* Makes it the seam of SQLite's files, too; before the first database is opened. */
void io_fault_in_sqlite(void);
/* Is called before and after each sync of the log of commits, by the thread that syncs; false: it
 * fails, as on a disk that has lost some of it. NULL: nobody. */
typedef bool (*LogSyncWatch)(int fd, bool done);
void fault_watch_log(LogSyncWatch watch);
/* With this in the environment, each takes so many microseconds longer, as on a slow disk. */
#define SLOW_SYNC_VARIABLE "ASSAY_SLOW_SYNC_US"
/* The next @count transactions of sql_transact() are told to be run again when they commit. */
void fault_refuse_commits(int count);
/* With this in the environment, all of them are, once each. */
#define RUN_TWICE_VARIABLE "ASSAY_RUN_TRANSACTIONS_TWICE"
#endif
