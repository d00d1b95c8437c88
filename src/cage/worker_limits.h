/* What a worker may take; keys of `limits` in the configuration. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/json_table.h"
#include "base/settings.h"

typedef struct {
  uint64_t memory_bytes; /* of address space; 2 GiB */
  uint32_t seconds;      /* 300 */
} WorkerLimits;

extern const Section worker_limits_section;

/* What every job of a worker has, as worker_run() hands it over; a kind of job has its own members
 * beside these. */
typedef struct {
  char *job;             /* its kind */
  uint64_t memory_bytes; /* of the cage, as the next two */
  uint32_t cpu_seconds;
  uint64_t output_bytes; /* to descriptor 3; 0: nothing is written there */
  bool allow_uncaged;
  uint64_t offset, size; /* of the input that is read */
} WorkerJob;
extern const JsonTable worker_job_table;
/* @threads: that may work at once, each for `limits->seconds`. @name is not copied. */
WorkerJob worker_job(const char *name, const WorkerLimits *limits, unsigned threads,
                     bool allow_uncaged);
