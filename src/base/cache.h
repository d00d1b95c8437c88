/* What was worked out a moment ago, by a key. It is given out as long as its generation, a number
 * that its owner counts up when answers may be others, is the present one: so nothing is ever taken
 * out by hand. Bounded in entries and in weight. All may be called from any thread. */
#pragma once

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Cache Cache;

/* One more reference to a value, which is returned. */
typedef void *(*CacheRef)(void *value);

/* @weight: what all entries may weigh, in any unit. (transfer full) */
Cache *cache_new(unsigned entries, size_t weight, CacheRef ref, GDestroyNotify unref);
void cache_free(Cache *cache);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cache, cache_free)

/* NULL: there is none of that generation. (transfer full) */
void *cache_get(Cache *cache, const char *key, uint64_t generation);
/* In the place of what has the key. @generation: as it was before the value was worked out. What
 * weighs more than all may is not kept. A reference is taken. */
void cache_put(Cache *cache, const char *key, uint64_t generation, void *value, size_t weight);
