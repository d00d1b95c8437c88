/* For programs that run at build: patterns are compiled for Vectorscan and written as C, as
 * patterns.h loads them. */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct {
  GPtrArray *patterns; /* of Vectorscan's syntax; the writer's own */
  GArray *flags;       /* unsigned: HS_FLAG_*, of each */
} PatternWriter;

PatternWriter *pattern_writer_new(void);
void pattern_writer_free(PatternWriter *writer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PatternWriter, pattern_writer_free)

/* Numbers are in the order of adding, from 0. */
void pattern_writer_add(PatternWriter *writer, const char *pattern, unsigned flags);

/* Writes "const PatternData NAME" to standard output, a file of C that includes @header, which
 * declares it. A pattern that Vectorscan refuses ends the program, and so the build. */
void pattern_writer_write(const PatternWriter *writer, const char *header, const char *name);
