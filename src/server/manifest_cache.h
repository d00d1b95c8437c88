/* Manifests that were asked for a moment ago and may leave, by repository and reference, with what
 * clients are warned of. An answer
 * holds as long as neither the registry nor the verdicts changed; so nothing is ever taken out by
 * hand. Bounded in bytes and entries. Thread-safe. */
#pragma once

#include "registry/registry.h"

typedef struct ManifestCache ManifestCache;

ManifestCache *manifest_cache_new(void);
void manifest_cache_free(ManifestCache *cache);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ManifestCache, manifest_cache_free)

typedef struct {
  GBytes *bytes; /* (transfer full) */
  Digest digest;
  const char *media_type; /* interned: valid for ever */
  GPtrArray *warnings;    /* char *; (transfer full) */
} CachedManifest;

/* @registry_generation, @verdict_generation: the present ones. */
bool manifest_cache_get(ManifestCache *cache, const char *repository, const char *reference,
                        uint64_t registry_generation, uint64_t verdict_generation,
                        CachedManifest *found);
/* @expires: when the answer may be another one by itself, microseconds since 1970; 0: never.
 * The generations as they were before the answer was worked out. */
void manifest_cache_put(ManifestCache *cache, const char *repository, const char *reference,
                        uint64_t registry_generation, uint64_t verdict_generation,
                        const StoredManifest *manifest, GPtrArray *warnings, int64_t expires);
