/* Manifests that were asked for a moment ago; see the header. */
#include "server/manifest_cache.h"

#include <string.h>

#include "oci/media_type.h"

#define ENTRIES_MAX 4096
#define BYTES_MAX   ((size_t)16 * 1024 * 1024)

static void
clear(void *data)
{
  CachedManifest *manifest = data;
  g_bytes_unref(manifest->bytes);
  g_ptr_array_unref(manifest->warnings);
}

void
cached_manifest_unref(CachedManifest *manifest)
{
  if (manifest != NULL)
    g_atomic_rc_box_release_full(manifest, clear);
}

Cache *
manifest_cache_new(void)
{
  return cache_new(ENTRIES_MAX, BYTES_MAX, g_atomic_rc_box_acquire,
                   (GDestroyNotify)cached_manifest_unref);
}

static size_t
size_of(const CachedManifest *manifest)
{
  size_t size = g_bytes_get_size(manifest->bytes);
  for (guint i = 0; i < manifest->warnings->len; i++)
    size += strlen(g_ptr_array_index(manifest->warnings, i));
  return size;
}

/* The types that the registry stores are these four; others are not cached. */
static const char *
interned_type(const char *type)
{
  static const char *const types[] = {MEDIA_TYPE_OCI_MANIFEST, MEDIA_TYPE_OCI_INDEX,
                                      MEDIA_TYPE_DOCKER_MANIFEST, MEDIA_TYPE_DOCKER_LIST};
  for (size_t i = 0; i < G_N_ELEMENTS(types); i++)
    if (g_strcmp0(type, types[i]) == 0)
      return types[i];
  return NULL;
}

CachedManifest *
manifest_cache_get(Cache *cache, const char *repository, const char *reference,
                   uint64_t registry_generation, uint64_t verdict_generation)
{
  g_autofree char *key = g_strconcat(repository, "\n", reference, NULL);
  g_autoptr(CachedManifest) found = cache_get(cache, key, registry_generation);
  bool valid = found != NULL && found->verdict_generation == verdict_generation &&
               (found->expires == 0 || g_get_real_time() < found->expires);
  return valid ? g_steal_pointer(&found) : NULL;
}

void
manifest_cache_put(Cache *cache, const char *repository, const char *reference,
                   uint64_t registry_generation, uint64_t verdict_generation,
                   const StoredManifest *manifest, GPtrArray *warnings, int64_t expires)
{
  const char *media_type = interned_type(manifest->media_type);
  if (media_type == NULL || g_bytes_get_size(manifest->bytes) > BYTES_MAX / 16)
    return;
  g_autoptr(CachedManifest) kept = g_atomic_rc_box_new0(CachedManifest);
  kept->bytes = g_bytes_ref(manifest->bytes);
  kept->digest = manifest->digest;
  kept->media_type = media_type;
  kept->verdict_generation = verdict_generation;
  kept->warnings = g_ptr_array_ref(warnings);
  kept->expires = expires;
  g_autofree char *key = g_strconcat(repository, "\n", reference, NULL);
  cache_put(cache, key, registry_generation, kept, size_of(kept));
}
