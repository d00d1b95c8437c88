/* The pipeline's start and stop. */
#include "advisory/feeds/unpack.h"
#include "base/error.h"
#include "base/log.h"
#include "pipeline/pipeline-private.h"

static const Setting limits_settings[] = {
    {SETTING(PipelineLimits, workers), .kind = &setting_count, .fallback = "0", .most = 1024},
};
const Section pipeline_limits_section = {limits_settings, G_N_ELEMENTS(limits_settings),
                                         sizeof(PipelineLimits)};

Pipeline *
pipeline_new(const PipelineOptions *options, const char *data_folder, Registry *registry,
             BlobStore *blobs, SqlPool *sql, GError **error)
{
  g_autoptr(Pipeline) pipeline = g_new0(Pipeline, 1);
  pipeline->options = *options;
  unpack_set_limits(&options->inspection->worker, options->allow_uncaged);
  pipeline->data_folder = g_strdup(data_folder);
  pipeline->registry = registry;
  pipeline->blobs = blobs;
  pipeline->sql = sql;
  pipeline->generation = 1;
  g_mutex_init(&pipeline->lock);
  g_mutex_init(&pipeline->listener_lock);
  g_cond_init(&pipeline->changed);
  g_cond_init(&pipeline->try_sooner);
  g_cond_init(&pipeline->renew);
  pipeline->stop = g_cancellable_new();
  g_cancellable_make_pollfd(pipeline->stop, &pipeline->stop_poll);
  pipeline->backlog = true;
  pipeline->verdicts = verdict_cache_new();
  pipeline->share = share_new(MAX(1, g_get_num_processors() / 2));
  pipeline->queued_layers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  pipeline->in_flight = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  pipeline->waiting =
      g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_hash_table_unref);
  guint workers = options->limits.workers != 0 ? options->limits.workers : g_get_num_processors();
  pipeline->pool = g_thread_pool_new(pipeline_run_job, pipeline, (int)workers, FALSE, NULL);
  if (!pipeline_reload_policy(pipeline, options->policy, error) ||
      (!pipeline_is_idle(pipeline) && !images_check_detectors(pipeline->sql, error)))
    return NULL;
  if (pipeline_is_idle(pipeline)) {
    advisories_open_first(pipeline);
    return g_steal_pointer(&pipeline);
  }
  backlog_start(pipeline);
  pipeline_start_watching(pipeline);
  keeper_start(pipeline);
  return g_steal_pointer(&pipeline);
}

void
pipeline_stop(Pipeline *pipeline, int64_t end)
{
  g_mutex_lock(&pipeline->lock);
  pipeline->draining = true;
  while (pipeline->running > 0 && g_cond_wait_until(&pipeline->changed, &pipeline->lock, end))
    continue;
  g_mutex_unlock(&pipeline->lock);
  g_cancellable_cancel(pipeline->stop);
}

void
pipeline_free(Pipeline *pipeline)
{
  if (pipeline == NULL)
    return;
  pipeline_stop(pipeline, 0);
  backlog_end(pipeline);
  pipeline_end_watching(pipeline);
  keeper_end(pipeline);
  renewal_end(pipeline);
  g_thread_pool_free(pipeline->pool, FALSE, TRUE);
  verdict_cache_free(pipeline->verdicts);
  share_free(pipeline->share);
  g_hash_table_unref(pipeline->queued_layers);
  g_hash_table_unref(pipeline->in_flight);
  g_hash_table_unref(pipeline->waiting);
  advisory_database_unref(pipeline->advisories);
  g_free(pipeline->advisories_problem);
  g_free(pipeline->advisories_damage);
  policy_set_unref(pipeline->policy);
  g_free(pipeline->policy_problem);
  g_cancellable_release_fd(pipeline->stop);
  g_object_unref(pipeline->stop);
  g_mutex_clear(&pipeline->lock);
  g_mutex_clear(&pipeline->listener_lock);
  g_cond_clear(&pipeline->changed);
  g_cond_clear(&pipeline->try_sooner);
  g_cond_clear(&pipeline->renew);
  g_free(pipeline->data_folder);
  g_free(pipeline);
}
