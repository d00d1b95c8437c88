/* The control-file format of Debian (deb822(5)): stanzas of "Field: value" lines, separated by
 * empty lines, where a line that begins with a blank goes on. Pure functions over bytes. */
#pragma once

#include "base/slice.h"

/* Splits off the next stanza; false when nothing but empty lines is left. */
bool deb822_next_stanza(Slice *rest, Slice *stanza);

/* The value of @field (any case), stripped; lines that go on are in it as they are. False when
 * there is none. */
bool deb822_get(Slice stanza, const char *field, Slice *value);

/* The same as text, or NULL. (transfer full) */
char *deb822_get_text(Slice stanza, const char *field);

/* Splits off the next line of a list like Checksums-Sha256: "<hash> <size> <name>". Lines that are
 * not of this form are passed over; false at the end. */
bool deb822_next_file(Slice *list, Slice *hash, uint64_t *size, Slice *name);
