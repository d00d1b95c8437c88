/* Which images are in memory, and which layers they wait for. */
#include "pipeline/pipeline-private.h"

#define LAYERS_QUEUED_MAX 10000u

bool
flight_has_room(Pipeline *pipeline)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->scans.lock);
  return g_hash_table_size(pipeline->scans.queued_layers) < LAYERS_QUEUED_MAX;
}

GPtrArray *
flight_take_ready(Pipeline *pipeline, const Digest *layer, bool postponed)
{
  GPtrArray *ready = g_ptr_array_new_with_free_func(g_free);
  GHashTableIter iter;
  void *manifest, *missing;
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->scans.lock);
  g_hash_table_remove(pipeline->scans.queued_layers, layer->text);
  g_hash_table_iter_init(&iter, pipeline->scans.waiting);
  while (g_hash_table_iter_next(&iter, &manifest, &missing)) {
    /* One that waits for nothing and did not wait for this layer is about to be taken up by the
     * thread that looks at its layers (pipeline_wait_for_layers()). */
    bool waited = g_hash_table_remove(missing, layer->text);
    if (waited && (postponed || g_hash_table_size(missing) == 0)) {
      g_ptr_array_add(ready, g_strdup(manifest));
      g_hash_table_iter_remove(&iter);
    }
  }
  return ready;
}

/* True when the image is in memory now and was not before; else its scan is told, with @again, that
 * the image was asked for again. Without room it stays in the database, until others are done. */
bool
flight_begin(Pipeline *pipeline, const char *manifest, bool again)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->scans.lock);
  if (g_hash_table_contains(pipeline->scans.in_flight, manifest)) {
    if (again)
      g_hash_table_replace(pipeline->scans.in_flight, g_strdup(manifest), GINT_TO_POINTER(true));
    return false;
  }
  if (g_hash_table_size(pipeline->scans.in_flight) >= IN_FLIGHT_MAX) {
    pipeline->scans.backlog = true;
    return false;
  }
  return g_hash_table_insert(pipeline->scans.in_flight, g_strdup(manifest), GINT_TO_POINTER(false));
}

void
flight_note_waiting(Pipeline *pipeline, const char *digest, const Manifest *manifest)
{
  GHashTable *missing = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < manifest->layers->len; i++) {
    const Descriptor *layer = g_ptr_array_index(manifest->layers, i);
    g_hash_table_add(missing, g_strdup(layer->digest.text));
  }
  g_mutex_lock(&pipeline->scans.lock);
  g_hash_table_replace(pipeline->scans.waiting, g_strdup(digest), missing);
  g_mutex_unlock(&pipeline->scans.lock);
}

/* True when the image waits for nothing more. */
bool
flight_stop_waiting_for(Pipeline *pipeline, const char *manifest, const char *layer)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->scans.lock);
  GHashTable *left = g_hash_table_lookup(pipeline->scans.waiting, manifest);
  if (left != NULL)
    g_hash_table_remove(left, layer);
  return left != NULL && g_hash_table_size(left) == 0;
}

/* True for the one that ends the image's waiting. */
bool
flight_end_waiting(Pipeline *pipeline, const char *manifest)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->scans.lock);
  return g_hash_table_remove(pipeline->scans.waiting, manifest);
}

void
flight_end(Pipeline *pipeline, const char *manifest, bool *again, bool *others)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->scans.lock);
  *again = GPOINTER_TO_INT(g_hash_table_lookup(pipeline->scans.in_flight, manifest));
  *others = pipeline->scans.backlog;
  g_hash_table_remove(pipeline->scans.in_flight, manifest);
}

bool
flight_queue_layer(Pipeline *pipeline, const Digest *layer)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->scans.lock);
  return g_hash_table_add(pipeline->scans.queued_layers, g_strdup(layer->text));
}

bool
flight_layer_is_queued(Pipeline *pipeline, const Digest *layer)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->scans.lock);
  return g_hash_table_contains(pipeline->scans.queued_layers, layer->text);
}
