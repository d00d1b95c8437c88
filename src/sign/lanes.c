/* A lane for each name; see the header. */
#include "sign/lanes.h"

typedef struct {
  unsigned workers;
  GQueue waiting;
} Lane;

static GMutex lock; /* guards `lanes` */
static GHashTable *lanes;

bool
lanes_enter(const char *name, void *work)
{
  g_mutex_lock(&lock);
  if (lanes == NULL)
    lanes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  Lane *lane = g_hash_table_lookup(lanes, name);
  if (lane == NULL) {
    lane = g_new0(Lane, 1);
    g_hash_table_insert(lanes, g_strdup(name), lane);
  }
  bool enters = lane->workers < LANE_WORKERS;
  if (enters)
    lane->workers++;
  else
    g_queue_push_tail(&lane->waiting, work);
  g_mutex_unlock(&lock);
  return enters;
}

void *
lanes_next(const char *name)
{
  g_mutex_lock(&lock);
  Lane *lane = g_hash_table_lookup(lanes, name);
  void *work = g_queue_pop_head(&lane->waiting);
  if (work == NULL && --lane->workers == 0)
    g_hash_table_remove(lanes, name);
  g_mutex_unlock(&lock);
  return work;
}
