/* What is in quarantine, in memory: made, freed, and told that the rows have changed. */
#include "registry/registry-private.h"

QuarantineSet *
quarantine_set_new(void)
{
  QuarantineSet *set = g_new0(QuarantineSet, 1);
  g_mutex_init(&set->lock);
  set->some = true; /* until it is looked at */
  set->by_target = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  return set;
}

void
quarantine_set_free(QuarantineSet *set)
{
  g_mutex_clear(&set->lock);
  g_hash_table_unref(set->by_target);
  g_clear_pointer(&set->rows, g_ptr_array_unref);
  g_free(set);
}

void
quarantine_set_stale(QuarantineSet *set)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&set->lock);
  set->loaded = false;
  __atomic_store_n(&set->some, true, __ATOMIC_RELEASE);
}
