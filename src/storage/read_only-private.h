/* The metadata database where nothing can be written: SQLite reads the file as it is, for nobody
 * changes it. What a crash left in the write-ahead log beside it is committed, and would be passed
 * over: then a private copy is made whole in the folder for temporary files, and read instead. The
 * copy has no name any more once it is open, and so goes with the process. */
#pragma once

#include <glib.h>
#include <sqlite3.h>

typedef struct ReadOnlyFile ReadOnlyFile;

/* Who calls holds the data folder's lock for as long as the file is open. */
ReadOnlyFile *read_only_file_open(const char *path, GError **error);
/* One more connection; an SQLite code. From any thread. *handle is to be closed in any case. */
int read_only_file_connect(const ReadOnlyFile *file, sqlite3 **handle);
/* After all connections were closed. */
void read_only_file_free(ReadOnlyFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ReadOnlyFile, read_only_file_free)
