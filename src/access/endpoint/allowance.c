/* How much each may have in a minute; see the header. */
#include "access/endpoint/allowance.h"

#include <math.h>

#define KEYS_MAX   100000u
#define MINUTE     (60 * G_USEC_PER_SEC)
#define DEBT_MOST  60.0 /* minutes that one waits at most */
#define SWEEP_STEP G_USEC_PER_SEC

typedef struct {
  double requests, bytes; /* left; bytes may be owed */
  int64_t filled;         /* when that was so */
} Allowance;

struct Allowances {
  GMutex lock; /* guards the rest */
  GHashTable *by_key;
  int64_t swept;
};

Allowances *
allowances_new(void)
{
  Allowances *allowances = g_new0(Allowances, 1);
  g_mutex_init(&allowances->lock);
  allowances->by_key = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  return allowances;
}

void
allowances_free(Allowances *allowances)
{
  if (allowances == NULL)
    return;
  g_hash_table_unref(allowances->by_key);
  g_mutex_clear(&allowances->lock);
  g_free(allowances);
}

/* After a minute each is full again that owed nothing. */
static void
make_room(Allowances *allowances, int64_t now)
{
  GHashTableIter iter;
  void *value;
  if (g_hash_table_size(allowances->by_key) < KEYS_MAX)
    return;
  g_hash_table_iter_init(&iter, allowances->by_key);
  if (now - allowances->swept < SWEEP_STEP) {
    if (g_hash_table_iter_next(&iter, NULL, &value))
      g_hash_table_iter_remove(&iter);
    return;
  }
  allowances->swept = now;
  while (g_hash_table_iter_next(&iter, NULL, &value)) {
    const Allowance *allowance = value;
    if (now - allowance->filled >= MINUTE && allowance->bytes >= 0)
      g_hash_table_iter_remove(&iter);
  }
}

/* As it is at @now. With the lock. */
static Allowance *
find(Allowances *allowances, const char *key, const EndpointLimits *limits, int64_t now)
{
  Allowance *allowance = g_hash_table_lookup(allowances->by_key, key);
  double requests = limits->requests_per_minute, bytes = (double)limits->bytes_per_minute;
  if (allowance == NULL) {
    make_room(allowances, now);
    allowance = g_new0(Allowance, 1);
    *allowance = (Allowance){requests, bytes, now};
    g_hash_table_insert(allowances->by_key, g_strdup(key), allowance);
    return allowance;
  }
  double minutes = (double)(now - allowance->filled) / MINUTE;
  allowance->requests = MIN(requests, allowance->requests + minutes * requests);
  allowance->bytes = MIN(bytes, allowance->bytes + minutes * bytes);
  allowance->filled = now;
  return allowance;
}

/* Minutes until @missing have come. */
static double
wait_for(double missing, double per_minute)
{
  return per_minute <= 0 || missing <= 0 ? 0 : missing / per_minute;
}

bool
allowances_take(Allowances *allowances, const char *key, const EndpointLimits *limits, int64_t now,
                unsigned *seconds)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&allowances->lock);
  Allowance *allowance = find(allowances, key, limits, now);
  double minutes = MAX(wait_for(1 - allowance->requests, limits->requests_per_minute),
                       wait_for(-allowance->bytes, (double)limits->bytes_per_minute));
  if (minutes > 0) {
    *seconds = (unsigned)ceil(MIN(minutes, DEBT_MOST) * 60);
    return false;
  }
  allowance->requests -= limits->requests_per_minute > 0 ? 1 : 0;
  return true;
}

void
allowances_spend(Allowances *allowances, const char *key, const EndpointLimits *limits, int64_t now,
                 uint64_t bytes)
{
  if (limits->bytes_per_minute == 0 || bytes == 0)
    return;
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&allowances->lock);
  Allowance *allowance = find(allowances, key, limits, now);
  double least = -DEBT_MOST * (double)limits->bytes_per_minute;
  allowance->bytes = MAX(least, allowance->bytes - (double)bytes);
}
