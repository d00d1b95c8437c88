/* What a worker may take; see the header. */
#include "cage/worker_limits.h"

static const Setting settings[] = {
    {SETTING_AS("layer_seconds", WorkerLimits, seconds), .kind = &setting_duration,
     .fallback = "5m", .least = 1, .most = 86400},
    {SETTING_AS("worker_memory_bytes", WorkerLimits, memory_bytes), .kind = &setting_size,
     .fallback = "2GiB", .least = 64 * MIB, .most = INT64_MAX},
};
const Section worker_limits_section = {settings, G_N_ELEMENTS(settings), sizeof(WorkerLimits)};

static const JsonMember job_members[] = {
    {JSON_MEMBER(WorkerJob, job), .kind = &json_text, .required = true},
    {JSON_MEMBER(WorkerJob, memory_bytes), .kind = &json_number, .required = true},
    {JSON_MEMBER(WorkerJob, cpu_seconds), .kind = &json_number, .required = true},
    {JSON_MEMBER(WorkerJob, output_bytes), .kind = &json_number, .omitted = true},
    {JSON_MEMBER(WorkerJob, allow_uncaged), .kind = &json_flag},
    {JSON_MEMBER(WorkerJob, offset), .kind = &json_number, .omitted = true},
    {JSON_MEMBER(WorkerJob, size), .kind = &json_number},
};
const JsonTable worker_job_table = JSON_TABLE(WorkerJob, job_members);

WorkerJob
worker_job(const char *name, const WorkerLimits *limits, unsigned threads, bool allow_uncaged)
{
  return (WorkerJob){.job = (char *)(uintptr_t)name,
                     .memory_bytes = limits->memory_bytes,
                     .cpu_seconds = limits->seconds * threads,
                     .allow_uncaged = allow_uncaged};
}
