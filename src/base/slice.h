/* Bounded views of bytes that somebody else owns, and a cursor that cannot run past their end.
 *
 * Bytes that come from outside are parsed through these, never through C strings: a Slice knows its
 * size and is not NUL-terminated. A Slice is valid only as long as the memory it points into.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
  const uint8_t *data;
  size_t size;
} Slice;

#define SLICE_EMPTY      ((Slice){NULL, 0})
#define SLICE_LITERAL(s) ((Slice){(const uint8_t *)("" s), sizeof(s) - 1})

static inline Slice
slice_new(const void *data, size_t size)
{
  return (Slice){data, size};
}

/* The bytes of @string without its NUL; NULL gives the empty slice. */
Slice slice_from_string(const char *string);
Slice slice_from_bytes(GBytes *bytes);

bool slice_equal(Slice a, Slice b);
bool slice_equal_string(Slice a, const char *string);
bool slice_has_prefix(Slice a, Slice prefix);

/* The part from @offset, at most @size bytes long; clamped to what is there. */
Slice slice_sub(Slice a, size_t offset, size_t size);

/* Without ASCII spaces, tabs, CR and LF at both ends. */
Slice slice_strip(Slice a);

/* The first position of @byte, or -1. */
gssize slice_find(Slice a, uint8_t byte);

/* (transfer full): NUL-terminated copy; bytes that are not valid UTF-8 become U+FFFD. */
char *slice_to_utf8(Slice a);

/* (transfer full): NUL-terminated copy as it is; an embedded NUL ends what a C reader sees. */
char *slice_to_string(Slice a);

/* (transfer full): one line for people of what somebody else wrote: valid UTF-8, at most @most
 * bytes of it, "?" for what no terminal should be sent (control and formatting characters). */
char *slice_to_printable(Slice a, size_t most);
/* strcmp() of two elements of a GPtrArray of strings, for g_ptr_array_sort(). */
int text_compare(gconstpointer a, gconstpointer b);
/* The keys of @table, which are texts, in order. (transfer container) */
void **text_sorted_keys(GHashTable *table, guint *count);

/* Whether it is not empty and would stay the same in slice_to_printable(). */
bool slice_is_printable(Slice a);

/* Decimal digits only, no sign, no spaces; false when empty, not a number, or over uint64. */
bool slice_to_uint64(Slice a, uint64_t *value);

/* Splits off the next line of *@rest (without its LF or CRLF) into *@line; false when nothing is
 * left. The last line needs no LF. */
bool slice_next_line(Slice *rest, Slice *line);

/* Splits *@rest at the next @separator; false when nothing is left. "a,,b" gives "a", "", "b". */
bool slice_next_field(Slice *rest, uint8_t separator, Slice *field);

/* Binary reading: each takes from the front of *@rest, or returns false and takes nothing. Integers
 * are little-endian; `varint` is LEB128 of at most ten bytes. */
bool slice_take(Slice *rest, size_t size, Slice *taken);
bool slice_take_uint8(Slice *rest, uint8_t *value);
bool slice_take_uint32(Slice *rest, uint32_t *value);
bool slice_take_uint64(Slice *rest, uint64_t *value);
bool slice_take_varint(Slice *rest, uint64_t *value);
/* A varint length and that many bytes. */
bool slice_take_prefixed(Slice *rest, Slice *taken);

/* The writing twins of the above. */
void byte_array_add_uint32(GByteArray *out, uint32_t value);
void byte_array_add_uint64(GByteArray *out, uint64_t value);
void byte_array_add_varint(GByteArray *out, uint64_t value);
void byte_array_add_prefixed(GByteArray *out, Slice bytes);
