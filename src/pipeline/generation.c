/* Counting what may change verdicts, and telling who waits for that. */
#include "pipeline/pipeline-private.h"

bool
pipeline_is_idle(const Pipeline *pipeline)
{
  return sql_pool_is_read_only(pipeline->sql);
}

void
pipeline_tell(Pipeline *pipeline)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->listener.lock);
  if (pipeline->listener.changed != NULL)
    pipeline->listener.changed(pipeline->listener.data);
}

void
pipeline_advance(Pipeline *pipeline)
{
  __atomic_add_fetch(&pipeline->generation, 1, __ATOMIC_ACQ_REL);
  pipeline_tell(pipeline);
}

void
pipeline_on_change(Pipeline *pipeline, void (*changed)(void *data), void *data)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->listener.lock);
  pipeline->listener.changed = changed;
  pipeline->listener.data = data;
}

void
pipeline_rejudge(Pipeline *pipeline)
{
  __atomic_add_fetch(&pipeline->judgement, 1, __ATOMIC_ACQ_REL);
  pipeline_advance(pipeline);
  keeper_ask_all(pipeline);
}

uint64_t
pipeline_judgement(const Pipeline *pipeline)
{
  return __atomic_load_n(&pipeline->judgement, __ATOMIC_ACQUIRE);
}

uint64_t
pipeline_generation(const Pipeline *pipeline)
{
  return __atomic_load_n(&pipeline->generation, __ATOMIC_ACQUIRE);
}
