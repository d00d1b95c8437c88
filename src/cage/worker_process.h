/* Starting a worker and taking its answer: one process a job (nursery.h), bounded in time and
 * output. */
#pragma once

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/cancellable.h"
#include "base/error.h"
#include "base/json_table.h"

#define WORKER_EXTRA_FD  3
#define WORKER_GROWTH_FD 4
#define WORKER_STREAM_FD 5
#define WORKER_RULES_FD  6
/* What GLib says before it ends a program that gets no memory; "N bytes, had N" follows. */
#define WORKER_NO_MEMORY "failed to allocate"

#define WORKER_ANSWER_MAX ((size_t)32 * 1024 * 1024)

/* Of an input that is still being written: who writes tells through a pipe, of which the worker has
 * the end to read from alone, how many bytes are there, and the worker waits for them. Bytes that
 * are told never change. A worker that does not listen holds nobody up. */
typedef struct {
  int listens, tells; /* the pipe's ends; the first becomes descriptor 4 */
  uint32_t patience;  /* seconds: without a byte for so long, the worker is ended */
  int64_t grown;      /* atomic, monotonic time: when the last came; or 0: all have */
} WorkerGrowth;
/* A message: so many bytes, from the file's beginning on; with this: and no more will come. */
#define WORKER_GROWTH_END ((uint64_t)1 << 63)

bool worker_growth_init(WorkerGrowth *growth, uint32_t patience, GError **error);
/* @bytes: of the whole file. One thread at a time; none of them blocks. */
void worker_growth_tell(WorkerGrowth *growth, uint64_t bytes);
/* The last. False: the worker does not listen, and is never told the end. */
bool worker_growth_end(WorkerGrowth *growth, uint64_t bytes);
void worker_growth_clear(WorkerGrowth *growth);

/* What a worker writes besides its answer, into a pipe that a thread of ours reads. */
typedef struct {
  int descriptor; /* the end to write to; becomes descriptor 5 */
  int64_t held;   /* atomic, microseconds: for so long the thread did not read, for a reason that is
                     not the worker's: it has so much more time */
} WorkerStream;

/* What a worker is given. */
typedef struct {
  int input;            /* becomes standard input */
  int extra;            /* becomes descriptor 3; or -1 */
  WorkerGrowth *growth; /* of `input`; NULL: it is whole */
  WorkerStream *stream; /* or NULL */
  int rules;            /* becomes descriptor 6; 0: there are none */
  bool light;           /* it does without what is prepared for layers, which takes a while */
} WorkerFiles;

/* @job: its parameters. Gives what is under "ok". (transfer full) Errors, by what caused them:
 *
 *   the bytes      _INVALID, _LIMIT, _UNSUPPORTED: what the worker told, or it said too much;
 *                  _TIMEOUT: it worked for @seconds, or took the processor time that it may
 *   perhaps they   _FAILED: it died of what it did, or gave no answer
 *   something else _IO: it could not be started, or read its input, or somebody killed it; _BUSY:
 * it got no processor, or its input did not grow; _CANCELLED */
json_t *worker_run(const json_t *job, const WorkerFiles *files, uint32_t seconds,
                   Cancellable *cancellable, GError **error);

/* What a worker writes to standard output: one of both. */
typedef struct {
  AssayErrorCode code;
  char *message;
} WorkerFailure;
typedef struct {
  json_t *ok; /* an object */
  WorkerFailure *error;
} WorkerDocument;
extern const JsonTable worker_document_table;

/* In a worker: its job's parameters, from the file that the nursery gave it, which is closed. NULL
 * with *error. (transfer full) */
json_t *worker_read_job(int file, GError **error);

/* The program whose `worker` subcommand is run; NULL is /proc/self/exe, as in the beginning. For
 * tests, which are other programs. */
void worker_set_program(const char *path);
