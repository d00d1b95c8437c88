/* The words for the values of an enum: one table of them, by value and ended by NULL, is what is
 * written, what is read, and what a message lists. Pure. */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* The word for @value; NULL: it has none. */
const char *enum_name(const char *const *names, unsigned value);
/* Which value @name, or NULL, is the word for. False: for none; *value stays. */
bool enum_find(const char *const *names, const char *name, unsigned *value);
/* The same. ASSAY_ERROR_INVALID: "must be a, b or c". */
bool enum_parse(const char *const *names, const char *name, unsigned *value, GError **error);
/* "a, b or c", for messages. (transfer full) */
char *enum_list(const char *const *names);
