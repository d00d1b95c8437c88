/* The sync of SQLite's write-ahead log: one for all commits that wait.
 *
 * SQLite runs with synchronous=NORMAL: a COMMIT only writes to the log. It then gets a number, and
 * whoever must not go on before it is on the disk waits for that number, without holding up the
 * next writer. The first one who waits syncs the log, for all commits up to then; those who come
 * meanwhile share the next sync.
 *
 * Why the log is enough:
 * - It keeps the order of the commits, and each frame's checksum covers the ones before. So what a
 *   power cut leaves is all commits up to one, and a commit that is on the disk has everything
 *   below it that it could read, too: others may read what is committed and not synced yet.
 * - A commit that a checkpoint took over into the database file needs no log any more: SQLite syncs
 *   the log before it copies from it, and the file before it begins the log anew, also with NORMAL.
 *   A sync of the log that is begun anew is then one too many, and no harm.
 *
 * When a sync fails, all who wait for it get the error, though the commits are there for readers.
 * The kernel drops what it could not write, and a second sync would succeed over the gap. So from
 * then on nothing is taken for durable until sql_log_mend() has written the log's bytes once more
 * and synced them. The log has a descriptor of its own, open for as long as the database is: the
 * kernel tells each descriptor of an error once, and SQLite's may be told first. Closing it loses
 * no lock, for SQLite locks other files. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct SqlLog SqlLog;

/* The log of the open database @path. (transfer full) */
SqlLog *sql_log_open(const char *path, GError **error);
void sql_log_free(SqlLog *log);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SqlLog, sql_log_free)

/* By the one who holds the writer, before and after a COMMIT: from its first moment on others may
 * read it, and sql_log_last() waits for its number. @wrote: it changes something and has not
 * failed. The number to wait for. */
void sql_log_begin_commit(SqlLog *log);
uint64_t sql_log_end_commit(SqlLog *log, bool wrote);
/* Until the commit of this number, and all before it, are on the disk. From any thread. */
bool sql_log_wait(SqlLog *log, uint64_t number, GError **error);
/* The number of the last commit that anybody may have read. */
uint64_t sql_log_last(SqlLog *log);
/* By the one who holds the writer: makes good for a sync that failed, so that all that is committed
 * is on the disk. Does nothing where none has. */
bool sql_log_mend(SqlLog *log, GError **error);
