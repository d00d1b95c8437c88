/* The Range header (RFC 9110, section 14.2), as a pure function and a fuzz target. */
#pragma once

#include <glib.h>
#include <stdint.h>

typedef struct {
  uint64_t first, size;
} Range;

/* RANGES_IGNORE: the whole file is the answer, for a header that is none or broken, asks for more
 * parts than anybody needs, or for more bytes than the file has (parts that overlap). */
typedef enum { RANGES_IGNORE, RANGES_UNSATISFIABLE, RANGES_SOME } RangesResult;

/* Adds what @header asks for, as far as it is there, to @ranges (Range). @header may be NULL. */
RangesResult ranges_parse(const char *header, uint64_t file_size, GArray *ranges);
