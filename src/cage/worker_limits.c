/* What a worker may take; see the header. */
#include "cage/worker_limits.h"

#include "base/json.h"

static const Setting settings[] = {
    {SETTING_AS("layer_seconds", WorkerLimits, seconds), .kind = &setting_duration,
     .fallback = "5m", .least = 1, .most = 86400},
    {SETTING_AS("worker_memory_bytes", WorkerLimits, memory_bytes), .kind = &setting_size,
     .fallback = "2GiB", .least = 64 * MIB, .most = INT64_MAX},
};
const Section worker_limits_section = {settings, G_N_ELEMENTS(settings), sizeof(WorkerLimits)};

json_t *
worker_job_new(const char *name, const WorkerLimits *limits, unsigned threads, bool allow_uncaged)
{
  json_t *job = json_object();
  json_set_string(job, "job", name);
  json_object_set_new(job, "memory_bytes", json_integer((json_int_t)limits->memory_bytes));
  json_object_set_new(job, "cpu_seconds", json_integer((json_int_t)limits->seconds * threads));
  json_object_set_new(job, "allow_uncaged", json_boolean(allow_uncaged));
  return job;
}
