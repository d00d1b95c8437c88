/* Manifests that were asked for a moment ago; see the header. */
#include "server/manifest_cache.h"

#include <string.h>

#include "oci/media_type.h"

#define ENTRIES_MAX 4096
#define BYTES_MAX   ((size_t)16 * 1024 * 1024)

typedef struct {
  GBytes *bytes;
  Digest digest;
  const char *media_type;
  GPtrArray *warnings;
  int64_t expires;
  uint64_t registry_generation, verdict_generation;
} Entry;

struct ManifestCache {
  GRWLock lock;        /* guards the rest */
  GHashTable *entries; /* "repository\nreference" -> Entry */
  size_t bytes;
};

static size_t
entry_size(const Entry *entry)
{
  size_t size = g_bytes_get_size(entry->bytes);
  for (guint i = 0; i < entry->warnings->len; i++)
    size += strlen(g_ptr_array_index(entry->warnings, i));
  return size;
}

static void
entry_free(void *data)
{
  Entry *entry = data;
  g_bytes_unref(entry->bytes);
  g_ptr_array_unref(entry->warnings);
  g_free(entry);
}

ManifestCache *
manifest_cache_new(void)
{
  ManifestCache *cache = g_new0(ManifestCache, 1);
  g_rw_lock_init(&cache->lock);
  cache->entries = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, entry_free);
  return cache;
}

void
manifest_cache_free(ManifestCache *cache)
{
  if (cache == NULL)
    return;
  g_hash_table_unref(cache->entries);
  g_rw_lock_clear(&cache->lock);
  g_free(cache);
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

bool
manifest_cache_get(ManifestCache *cache, const char *repository, const char *reference,
                   uint64_t registry_generation, uint64_t verdict_generation, CachedManifest *found)
{
  g_autofree char *key = g_strconcat(repository, "\n", reference, NULL);
  g_rw_lock_reader_lock(&cache->lock);
  const Entry *entry = g_hash_table_lookup(cache->entries, key);
  bool valid = entry != NULL && entry->registry_generation == registry_generation &&
               entry->verdict_generation == verdict_generation &&
               (entry->expires == 0 || g_get_real_time() < entry->expires);
  if (valid) {
    found->bytes = g_bytes_ref(entry->bytes);
    found->digest = entry->digest;
    found->media_type = entry->media_type;
    found->warnings = g_ptr_array_ref(entry->warnings);
  }
  g_rw_lock_reader_unlock(&cache->lock);
  return valid;
}

void
manifest_cache_put(ManifestCache *cache, const char *repository, const char *reference,
                   uint64_t registry_generation, uint64_t verdict_generation,
                   const StoredManifest *manifest, GPtrArray *warnings, int64_t expires)
{
  const char *media_type = interned_type(manifest->media_type);
  if (media_type == NULL || g_bytes_get_size(manifest->bytes) > BYTES_MAX / 16)
    return;
  Entry *entry = g_new0(Entry, 1);
  entry->bytes = g_bytes_ref(manifest->bytes);
  entry->digest = manifest->digest;
  entry->media_type = media_type;
  entry->registry_generation = registry_generation;
  entry->verdict_generation = verdict_generation;
  entry->warnings = g_ptr_array_ref(warnings);
  entry->expires = expires;
  size_t size = entry_size(entry);

  g_autofree char *key = g_strconcat(repository, "\n", reference, NULL);
  g_rw_lock_writer_lock(&cache->lock);
  const Entry *former = g_hash_table_lookup(cache->entries, key);
  cache->bytes -= former == NULL ? 0 : entry_size(former);
  g_hash_table_remove(cache->entries, key);
  /* Everything at once: simpler than an order of age, and rare. */
  if (g_hash_table_size(cache->entries) >= ENTRIES_MAX || cache->bytes + size > BYTES_MAX) {
    g_hash_table_remove_all(cache->entries);
    cache->bytes = 0;
  }
  g_hash_table_insert(cache->entries, g_steal_pointer(&key), entry);
  cache->bytes += size;
  g_rw_lock_writer_unlock(&cache->lock);
}
