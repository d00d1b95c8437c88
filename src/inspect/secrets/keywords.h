/* Which words of a list are in a text: one pass, whatever the number of words (Aho and Corasick).
 * ASCII letters of either case are the same. */
#pragma once

#include <stdbool.h>

#include "base/slice.h"

/* Of all words together. */
#define KEYWORDS_BYTES_MAX 16000u

typedef struct Keywords Keywords;

/* @words: char *, none empty; their numbers are their places. NULL: they have more bytes than
 * KEYWORDS_BYTES_MAX. (transfer full) */
Keywords *keywords_new(const GPtrArray *words);
void keywords_free(Keywords *keywords);
/* Sets seen[number] of each word that is in @text, and leaves the others. */
void keywords_find(const Keywords *keywords, Slice text, bool *seen);
