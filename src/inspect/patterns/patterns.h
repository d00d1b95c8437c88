/* Many patterns looked for in one pass, by Vectorscan, which compiled them when this program was
 * built: for any processor of the architecture (write.h).
 *
 * What was built holds them masked, so that the program is none of what its patterns find. A set is
 * of one thread; a worker has its own by being forked. */
#pragma once

#include <stdbool.h>

#include "base/slice.h"

/* As build programs write it. */
typedef struct {
  const uint64_t *words;
  size_t size; /* in bytes */
} PatternData;
#define PATTERN_MASK G_GUINT64_CONSTANT(0xa5c35a3c96e169d2)

typedef struct Patterns Patterns;

/* NULL: this processor cannot run them (it lacks SSSE3, which others have since 2006). */
Patterns *patterns_load(const PatternData *data);
void patterns_free(Patterns *patterns);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Patterns, patterns_free)

/* Calls @hit for each place in @text where a pattern ends, in the order of the text, with the
 * pattern's number. False: @hit stopped it, or it could not look. */
typedef bool (*PatternHit)(unsigned pattern, size_t end, void *data);
bool patterns_scan(Patterns *patterns, Slice text, PatternHit hit, void *data);
