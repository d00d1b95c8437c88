/* What is worked out once for many; see the header. */
#include "pipeline/share.h"

#define KEEP_SECONDS 10
/* The sum of the weights that is kept: one that passes it alone is kept alone. */
#define WEIGHT_MAX 200000u

struct SharedItem {
  void *value;
  GDestroyNotify free_value;
};

typedef struct {
  uint64_t generation;
  SharedItem *item; /* NULL: it is being worked out */
  unsigned weight;
  int64_t asked; /* g_get_monotonic_time() */
} Entry;

struct SharedWork {
  GMutex lock; /* guards the rest */
  GHashTable *entries;
  unsigned at_once, at_work, weight;
};

static void
item_clear(void *data)
{
  SharedItem *item = data;
  item->free_value(item->value);
}

SharedItem *
shared_item_new(void *value, GDestroyNotify free_value)
{
  SharedItem *item = g_atomic_rc_box_new0(SharedItem);
  item->value = value;
  item->free_value = free_value;
  return item;
}

void *
shared_item_value(const SharedItem *item)
{
  return item == NULL ? NULL : item->value;
}

void
shared_item_unref(SharedItem *item)
{
  if (item != NULL)
    g_atomic_rc_box_release_full(item, item_clear);
}

static void
entry_free(void *data)
{
  Entry *entry = data;
  shared_item_unref(entry->item);
  g_free(entry);
}

SharedWork *
share_new(unsigned at_once)
{
  SharedWork *share = g_new0(SharedWork, 1);
  g_mutex_init(&share->lock);
  share->entries = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, entry_free);
  share->at_once = at_once;
  return share;
}

void
share_free(SharedWork *share)
{
  if (share == NULL)
    return;
  g_hash_table_unref(share->entries);
  g_mutex_clear(&share->lock);
  g_free(share);
}

ShareAnswer
share_begin(SharedWork *share, const char *key, uint64_t generation, SharedItem **item)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&share->lock);
  Entry *entry = g_hash_table_lookup(share->entries, key);
  if (entry != NULL && entry->item == NULL)
    return SHARE_LATER;
  if (entry != NULL && entry->generation == generation) {
    entry->asked = g_get_monotonic_time();
    *item = g_atomic_rc_box_acquire(entry->item);
    return SHARE_READY;
  }
  if (share->at_work >= share->at_once)
    return SHARE_LATER;
  share->at_work++;
  share->weight -= entry == NULL ? 0 : entry->weight;
  entry = g_new0(Entry, 1);
  entry->generation = generation;
  g_hash_table_replace(share->entries, g_strdup(key), entry);
  return SHARE_MINE;
}

static void
drop(SharedWork *share, const char *key, const Entry *entry)
{
  share->weight -= entry->weight;
  g_hash_table_remove(share->entries, key);
}

/* The least lately asked for go, until the rest is light enough; @kept stays. */
static void
make_room(SharedWork *share, const Entry *kept)
{
  while (share->weight > WEIGHT_MAX) {
    const char *oldest_key = NULL;
    const Entry *oldest = NULL;
    GHashTableIter iter;
    void *key, *value;
    g_hash_table_iter_init(&iter, share->entries);
    while (g_hash_table_iter_next(&iter, &key, &value)) {
      const Entry *entry = value;
      if (entry == kept || entry->item == NULL || (oldest != NULL && entry->asked >= oldest->asked))
        continue;
      oldest_key = key;
      oldest = entry;
    }
    if (oldest == NULL)
      return;
    drop(share, oldest_key, oldest);
  }
}

void
share_end(SharedWork *share, const char *key, SharedItem *item, unsigned weight)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&share->lock);
  Entry *entry = g_hash_table_lookup(share->entries, key);
  share->at_work--;
  if (item == NULL) {
    g_hash_table_remove(share->entries, key);
    return;
  }
  entry->item = g_atomic_rc_box_acquire(item);
  entry->asked = g_get_monotonic_time();
  entry->weight = weight;
  share->weight += weight;
  make_room(share, entry);
}

void
share_tidy(SharedWork *share)
{
  int64_t until = g_get_monotonic_time() - KEEP_SECONDS * G_TIME_SPAN_SECOND;
  GHashTableIter iter;
  void *value;
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&share->lock);
  g_hash_table_iter_init(&iter, share->entries);
  while (g_hash_table_iter_next(&iter, NULL, &value)) {
    const Entry *entry = value;
    if (entry->item == NULL || entry->asked > until)
      continue;
    share->weight -= entry->weight;
    g_hash_table_iter_remove(&iter);
  }
}
