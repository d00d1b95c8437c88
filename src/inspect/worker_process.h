/* Starting `assay worker` and taking its answer: one process a job, bounded in time and output. */
#pragma once

#include <gio/gio.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define WORKER_ANSWER_MAX ((size_t)32 * 1024 * 1024)

/* @input: becomes standard input. @extra: becomes descriptor 3, or -1. @job: its parameters. Gives
 * what stands under "ok". Errors: what the worker told; ASSAY_ERROR_TIMEOUT when it was killed
 * after @seconds; _FAILED when it died; _LIMIT when it said too much; _CANCELLED. (transfer full)
 */
json_t *worker_run(const json_t *job, int input, int extra, uint32_t seconds,
                   GCancellable *cancellable, GError **error);

/* The program whose `worker` subcommand is run; default /proc/self/exe. For tests, which are other
 * programs. */
void worker_set_program(const char *path);
