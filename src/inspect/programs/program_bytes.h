/* The bytes of a program that matter, kept while the file streams by: ranges of it, each from its
 * start. What was not kept is asked for in vain, like what is past the end. Not for several
 * threads. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/slice.h"

typedef struct {
  GArray *ranges; /* ProgramRange, of program_bytes.c */
} ProgramBytes;

void program_bytes_init(ProgramBytes *bytes);
void program_bytes_clear(ProgramBytes *bytes);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ProgramBytes, program_bytes_clear)

/* From now on, keeps [@offset, @offset + @size). The range has the bytes from its start on only if
 * they have not gone by, or are in the range that was asked for first. */
void program_bytes_keep(ProgramBytes *bytes, uint64_t offset, uint64_t size);
/* The next of the file. */
void program_bytes_add(ProgramBytes *bytes, uint64_t at, Slice piece);

/* Exactly these, or false: they are not there. Valid until the next is added. */
bool program_bytes_get(const ProgramBytes *bytes, uint64_t offset, uint64_t size, Slice *found);
/* As many as are there, at most @size. */
Slice program_bytes_from(const ProgramBytes *bytes, uint64_t offset, uint64_t size);

/* An unsigned number of @width bytes; 0 where it is past the end. */
uint64_t program_number(Slice bytes, size_t at, size_t width, bool big_endian);
