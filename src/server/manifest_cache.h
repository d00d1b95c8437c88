/* Manifests that were asked for a moment ago and may leave, by repository and reference, with what
 * clients are warned of, in a cache (base/cache.h). An answer holds as long as neither the registry
 * nor the verdicts changed. */
#pragma once

#include "base/cache.h"
#include "registry/registry.h"

typedef struct {
  GBytes *bytes;
  Digest digest;
  const char *media_type; /* interned: valid for ever */
  GPtrArray *warnings;    /* char * */
  uint64_t verdict_generation;
  int64_t expires;
} CachedManifest;
void cached_manifest_unref(CachedManifest *manifest);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CachedManifest, cached_manifest_unref)

/* (transfer full) */
Cache *manifest_cache_new(void);
/* The generations: the present ones. NULL: there is none by them. (transfer full) */
CachedManifest *manifest_cache_get(Cache *cache, const char *repository, const char *reference,
                                   uint64_t registry_generation, uint64_t verdict_generation);
/* @expires: when the answer may be another one by itself, microseconds since 1970; 0: never.
 * The generations as they were before the answer was worked out. */
void manifest_cache_put(Cache *cache, const char *repository, const char *reference,
                        uint64_t registry_generation, uint64_t verdict_generation,
                        const StoredManifest *manifest, GPtrArray *warnings, int64_t expires);
