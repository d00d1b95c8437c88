/* Asking for images to be judged (keeper.c): from wherever something changes. */
#include "pipeline/pipeline-private.h"

/* From one time to the next, so that a push of many images is judged, and written, some at a time.
 */
#define GATHER ((int64_t)G_USEC_PER_SEC)

static void
ask(Pipeline *pipeline, int64_t judged)
{
  /* Where nothing can be stored, nothing is judged but pulls. */
  if (!sql_pool_is_read_only(pipeline->sql))
    jobs_ask_at(pipeline->jobs, &judge_job, "", MAX(g_get_real_time(), judged + GATHER));
}

void
keeper_ask(Pipeline *pipeline, const char *manifest)
{
  Keeper *keeper = &pipeline->keeper;
  g_mutex_lock(&keeper->lock);
  g_hash_table_add(keeper->to_judge, g_strdup(manifest));
  int64_t judged = keeper->judged;
  g_mutex_unlock(&keeper->lock);
  ask(pipeline, judged);
}

void
keeper_ask_all(Pipeline *pipeline)
{
  Keeper *keeper = &pipeline->keeper;
  g_mutex_lock(&keeper->lock);
  keeper->judge_all = true;
  int64_t judged = keeper->judged;
  g_mutex_unlock(&keeper->lock);
  ask(pipeline, judged);
}

unsigned
keeper_waiting(Pipeline *pipeline)
{
  Keeper *keeper = &pipeline->keeper;
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&keeper->lock);
  return keeper->judging + g_hash_table_size(keeper->to_judge);
}
