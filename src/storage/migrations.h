/* The schema of the metadata database, as the steps that made it. A step that was released is never
 * changed; a change is a new step at the end. Each is plain SQL in the subset of SQLite 3.40 and
 * PostgreSQL 15, statements separated by ";" and run in one transaction. */
#pragma once

#include <stddef.h>

extern const char *const migrations[];
extern const size_t migration_count;
