/* Which artifact an archive of Java is, by the SHA-1 of its bytes: a table that the operator gives,
 * for archives that say nothing of themselves. It is a text file with a line an archive, in the
 * order of the digests:
 *
 *   SHA-1 (40 small hex digits), a space, GROUP:ARTIFACT:VERSION
 *
 * It is searched where it lies, so it may be large; a look-up is some 30 reads. The worker gets it
 * as WORKER_EXTRA_FD. Who uses it sets it once, before anything is inspected; then any thread. */
#pragma once

#include <stdbool.h>

#include "base/slice.h"

#define JAVA_SHA1_CHARS 40u

/* Takes the table at @path for this process; NULL: there is none. Looks at some lines of it:
 * ASSAY_ERROR_INVALID says which one is wrong, or not in its order. */
bool java_table_use(const char *path, GError **error);
/* The open file, which stays ours, or -1; and its size. */
int java_table_descriptor(void);
uint64_t java_table_bytes(void);
/* Changes when the table does: size and time of its last change. "" where there is none. */
const char *java_table_identity(void);

/* In the worker: the table is open as @fd, and has @size bytes. */
void java_table_begin(int fd, uint64_t size);
/* @sha1: JAVA_SHA1_CHARS hex digits. "GROUP:ARTIFACT:VERSION", or NULL: no such line, or no table.
 * *failed: the file could not be read, or has lines that are none. (transfer full) */
char *java_table_find(const char *sha1, bool *failed);
