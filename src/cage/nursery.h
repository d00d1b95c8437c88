/* The nursery: a process that workers are forked from.
 *
 * Loading a program costs far more than a small job does. So it is loaded once: the nursery is this
 * program again, started afresh, with its libraries loaded and what all jobs need prepared. It has
 * one thread, no environment, and nothing open but a socket from us and standard error. For each
 * job it forks a worker, and it never reads a byte of a job, so a worker finds in its memory
 * nothing but its own job. Workers of one nursery share the layout of its address space: a new
 * nursery is started after a worker that died of what it did, and now and then. One whose socket is
 * closed, because we ended or have done with it, ends at once, and its workers with it.
 *
 * Any thread may ask; asking blocks no longer than a fork takes. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Of a worker: from standard input on. */
#define NURSERY_DESCRIPTORS 7

typedef struct Nursery Nursery;

/* A worker, as who asked for it sees it. */
typedef struct {
  Nursery *nursery;
  int process; /* a pidfd, or -1: not known yet */
  int news;    /* readable when nursery_listen() has something to tell, or -1: it told the end */
} NurseryWorker;

/* How it ended. */
typedef struct {
  int status;          /* of waitpid() */
  double used_seconds; /* of the processor */
} NurseryEnd;

typedef enum {
  NURSERY_NOTHING, /* nothing new */
  NURSERY_ENDED,
  NURSERY_FAILED, /* there is no worker, or nobody who tells: *error */
} NurseryNews;

/* Has a worker forked that has copies of @descriptors (-1 ends them) and can read @job, a file,
 * from its start. @light: as WorkerFiles.light says. ASSAY_ERROR_IO. */
bool nursery_fork(int job, bool light, const int descriptors[NURSERY_DESCRIPTORS],
                  NurseryWorker *worker, GError **error);
/* Blocks until worker->news is readable. */
NurseryNews nursery_listen(NurseryWorker *worker, NurseryEnd *end, GError **error);
/* Kills it and waits until it has ended. The processor time that it took, in seconds. */
double nursery_kill(NurseryWorker *worker);
/* Also of one that nursery_fork() failed to make. @fresh: the next worker is another nursery's. */
void nursery_clear(NurseryWorker *worker, bool fresh);

/* The program that is started as "assay worker"; NULL is /proc/self/exe. What runs goes on. */
void nursery_set_program(const char *path);

/* In the nursery: serves standard input until it is closed, and never returns where that is such a
 * socket; where not, ASSAY_ERROR_UNSUPPORTED. @prepare is called at the start, and
 * once more, with true, before the first worker that is not light; @run in each worker, with the
 * job's file, and does not return. */
bool nursery_serve(void (*prepare)(bool heavy), void (*run)(int job), GError **error);
