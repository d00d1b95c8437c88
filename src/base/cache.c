/* Values by key and generation; see the header. */
#include "base/cache.h"

typedef struct {
  const Cache *cache;
  void *value;
  uint64_t generation;
  size_t weight;
} Entry;

struct Cache {
  unsigned most;
  size_t most_weight;
  CacheRef ref;
  GDestroyNotify unref;
  GRWLock lock;        /* guards the rest */
  GHashTable *entries; /* key -> Entry */
  size_t weight;       /* of all of them */
};

static void
entry_free(void *data)
{
  Entry *entry = data;
  entry->cache->unref(entry->value);
  g_free(entry);
}

Cache *
cache_new(unsigned entries, size_t weight, CacheRef ref, GDestroyNotify unref)
{
  Cache *cache = g_new0(Cache, 1);
  cache->most = entries;
  cache->most_weight = weight;
  cache->ref = ref;
  cache->unref = unref;
  g_rw_lock_init(&cache->lock);
  cache->entries = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, entry_free);
  return cache;
}

void
cache_free(Cache *cache)
{
  if (cache == NULL)
    return;
  g_hash_table_unref(cache->entries);
  g_rw_lock_clear(&cache->lock);
  g_free(cache);
}

void *
cache_get(Cache *cache, const char *key, uint64_t generation)
{
  g_rw_lock_reader_lock(&cache->lock);
  const Entry *entry = g_hash_table_lookup(cache->entries, key);
  void *value = entry != NULL && entry->generation == generation ? cache->ref(entry->value) : NULL;
  g_rw_lock_reader_unlock(&cache->lock);
  return value;
}

void
cache_put(Cache *cache, const char *key, uint64_t generation, void *value, size_t weight)
{
  if (weight > cache->most_weight)
    return;
  Entry *entry = g_new0(Entry, 1);
  *entry = (Entry){cache, cache->ref(value), generation, weight};
  char *kept_key = g_strdup(key);
  g_rw_lock_writer_lock(&cache->lock);
  const Entry *former = g_hash_table_lookup(cache->entries, key);
  cache->weight -= former == NULL ? 0 : former->weight;
  g_hash_table_remove(cache->entries, key);
  /* Everything at once: simpler than an order of age, and rare. */
  if (g_hash_table_size(cache->entries) >= cache->most ||
      cache->weight > cache->most_weight - weight) {
    g_hash_table_remove_all(cache->entries);
    cache->weight = 0;
  }
  g_hash_table_insert(cache->entries, kept_key, entry);
  cache->weight += weight;
  g_rw_lock_writer_unlock(&cache->lock);
}
