/* The pipeline's start and end. */
#include "advisory/feeds/unpack.h"
#include "base/error.h"
#include "pipeline/attestors.h"
#include "pipeline/beside.h"
#include "pipeline/pipeline-private.h"
#include "registry/beside.h"

static const Setting limits_settings[] = {
    {SETTING(PipelineLimits, workers), .kind = &setting_count, .fallback = "0", .most = 1024},
};
const Section pipeline_limits_section = {limits_settings, G_N_ELEMENTS(limits_settings),
                                         sizeof(PipelineLimits)};

/* What may be scanned goes before what is to be inspected: it is nearer to a pull's answer. */
static const JobKind *const kinds[] = {
    &take_up_job,   &scan_job,      &inspect_job, &catch_up_job,   &retry_job,
    &fill_rows_job, &renew_job,     &watch_job,   &look_job,       &rematch_job,
    &rebuild_job,   &update_job,    &judge_job,   &sbom_job,       &early_job,
    &deferred_job,  &documents_job, &clamav_job,  &signatures_job, NULL};

static void
init_members(Pipeline *pipeline)
{
  Scans *scans = &pipeline->scans;
  g_mutex_init(&scans->lock);
  g_mutex_init(&pipeline->live.lock);
  g_mutex_init(&pipeline->policy.lock);
  g_mutex_init(&pipeline->policy.reading);
  g_mutex_init(&pipeline->listener.lock);
  g_mutex_init(&pipeline->keeper.lock);
  g_mutex_init(&pipeline->attestors.lock);
  pipeline->keeper.to_judge = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  pipeline->keeper.judge_all = true;
  scans->backlog = true;
  scans->queued_layers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  scans->in_flight = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  scans->waiting =
      g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_hash_table_unref);
  pipeline->verdicts = gate_cache_new();
  pipeline->beside = beside_cache_new();
  pipeline->early = early_layers_new();
  pipeline->share = share_new(MAX(1, g_get_num_processors() / 2));
}

static bool
begin_jobs(Pipeline *pipeline, GError **error)
{
  if (!images_check_detectors(pipeline->sql, error) || !renewal_count(pipeline, error))
    return false;
  jobs_add(pipeline->jobs, kinds, pipeline);
  backlog_begin(pipeline);
  jobs_ask(pipeline->jobs, &watch_job, "");
  jobs_ask(pipeline->jobs, &fill_rows_job, "");
  return true;
}

Pipeline *
pipeline_new(const PipelineOptions *options, const char *data_folder, Registry *registry,
             BlobStore *blobs, SqlPool *sql, Jobs *jobs, GError **error)
{
  g_autoptr(Pipeline) pipeline = g_new0(Pipeline, 1);
  pipeline->options = *options;
  unpack_set_limits(&options->inspection->worker, options->allow_uncaged);
  pipeline->data_folder = g_strdup(data_folder);
  pipeline->registry = registry;
  pipeline->blobs = blobs;
  pipeline->sql = sql;
  pipeline->jobs = jobs;
  pipeline->stop = cancellable_ref(jobs_end(jobs));
  pipeline->generation = 1;
  init_members(pipeline);
  registry_forget_with(registry, images_forget);
  registry_tell_beside(registry, beside_changed, pipeline);
  attestors_watch(pipeline);
  if (!pipeline_reload_policy(pipeline, options->policy, error) ||
      (!pipeline_is_idle(pipeline) && !begin_jobs(pipeline, error)))
    return NULL;
  advisories_open_first(pipeline);
  pipeline->live.watched = !pipeline_is_idle(pipeline);
  return g_steal_pointer(&pipeline);
}

void
pipeline_free(Pipeline *pipeline)
{
  if (pipeline == NULL)
    return;
  registry_tell_beside(pipeline->registry, NULL, NULL);
  cache_free(pipeline->verdicts);
  cache_free(pipeline->beside);
  attestors_forget(pipeline);
  share_free(pipeline->share);
  early_layers_free(pipeline->early);
  g_hash_table_unref(pipeline->scans.queued_layers);
  g_hash_table_unref(pipeline->scans.in_flight);
  g_hash_table_unref(pipeline->scans.waiting);
  advisory_database_unref(pipeline->live.open);
  g_free(pipeline->live.problem);
  g_free(pipeline->live.damage);
  policy_set_unref(pipeline->policy.set);
  g_free(pipeline->policy.problem);
  g_free(pipeline->policy.looked);
  cancellable_unref(pipeline->stop);
  g_mutex_clear(&pipeline->scans.lock);
  g_mutex_clear(&pipeline->live.lock);
  g_mutex_clear(&pipeline->policy.lock);
  g_mutex_clear(&pipeline->policy.reading);
  g_mutex_clear(&pipeline->listener.lock);
  g_mutex_clear(&pipeline->keeper.lock);
  g_hash_table_unref(pipeline->keeper.to_judge);
  overview_free(pipeline->keeper.gauges);
  g_free(pipeline->sboms.space);
  g_free(pipeline->sboms.repository);
  g_free(pipeline->sboms.manifest);
  g_free(pipeline->data_folder);
  g_free(pipeline);
}
