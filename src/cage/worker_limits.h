/* What a worker may take; keys of `limits` in the configuration. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/settings.h"

typedef struct {
  uint64_t memory_bytes; /* of address space; 2 GiB */
  uint32_t seconds;      /* 300 */
} WorkerLimits;

extern const Section worker_limits_section;

/* The parameters of a job, for worker_run(), with what every job has. @threads: that may work at
 * once, each for `limits->seconds`. (transfer full) */
json_t *worker_job_new(const char *name, const WorkerLimits *limits, unsigned threads,
                       bool allow_uncaged);
