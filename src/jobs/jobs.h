/* Work that is done after the answer, in the order in which it was asked for: on threads of its
 * own, one key of a kind at a time, with another try after a fault that may pass.
 *
 * A room lists its kinds in a table of `const JobKind *`, which jobs_add() takes. A kind is one of
 * two sorts:
 *
 * - `kept`: a job is a row of the metadata database, written by job_ask() in the transaction of
 *   the change that asks for it: both are there or neither. Whoever takes it up holds a lease.
 * After a kill, it is taken up again when the lease has passed, by any process that has the
 * database open; at the next start, where that process is alone (jobs_alone()). It is done when
 * that is committed, so a job may run twice: `run` must bear that.
 * - not kept: a job is in memory and costs no SQL. It is for work that can be found again
 *   elsewhere (images that wait for their scan are rows of their own).
 *
 * A kind with `every` runs by itself: after the start (`first`), and so long after the end of each
 * run. Its key is "".
 *
 * Threads: everything here may be called from any thread. Nothing blocks except jobs_stop(),
 * jobs_join(), jobs_free() and what takes a connection or sets an error (the database). */
#pragma once

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

#include "base/cancellable.h"
#include "storage/sql.h"

typedef struct Jobs Jobs;
typedef struct Job Job;

typedef enum {
  JOB_DONE,
  /* Without *error there is more to do: it runs again at once, after those that wait already. With
   * *error it runs again after the back-off, `attempts` times at most. */
  JOB_AGAIN,
  /* With *error. It is not tried again, unless it is asked for again. */
  JOB_FAILED
} JobOutcome;

typedef struct {
  /* Its name in the API, in metrics and in rows. Never changed once it was released. */
  const char *kind;
  /* So many run at a time in this process, beside all other kinds. 0: it shares the threads of
   * jobs_new() with the other kinds of 0; those that were added first go first. */
  unsigned at_once;
  /* Tries that end in JOB_AGAIN with an error, or in the end of the process; 0: without end. */
  unsigned attempts;
  /* Seconds. Of a kept kind: how long a killed process keeps others from the job. It is renewed
   * while the job runs. At least 1. */
  uint32_t lease;
  /* Seconds before the second try; twice as many before each one after that, an hour at most. */
  uint32_t back_off;
  /* Of a schedule: it runs so many seconds after each start. 0: at the start when it is due. */
  uint32_t first;
  /* Of a schedule: seconds from the end of a run to the next. NULL, or a result of 0: it only runs
   * when it is asked for. Called with the room; any thread. */
  uint32_t (*every)(const void *room);
  bool kept;
  /* At a stop it runs to its end, until the deadline. Else it is cancelled at once. */
  bool finishes;
  /* Does the work, on a thread of its own; it may block, and looks at job_cancelled() now and then.
   * Cancelled, it may return anything. @room: as given to jobs_add(). */
  JobOutcome (*run)(Job *job, void *room, GError **error);
  /* One was cancelled before it ran, by jobs_cancel(): whoever waits for it is to know. On any
   * thread; may block. NULL: nobody waits. */
  void (*dropped)(const char *key, void *room);
} JobKind;

/* @workers: the threads that kinds without `at_once` share. @sql must outlive it; where it is
 * read-only, kept kinds do not run. (transfer full) */
Jobs *jobs_new(SqlPool *sql, unsigned workers);
/* Before the start; @kinds ends with NULL. @room must outlive the jobs. */
void jobs_add(Jobs *jobs, const JobKind *const *kinds, void *room);
/* Before the start: no other process has the database open. What one held that was killed is taken
 * up at the start, and not when its lease has passed. */
void jobs_alone(Jobs *jobs);
bool jobs_start(Jobs *jobs, GError **error);
/* Begins nothing more. Lets what `finishes` run until @end (g_get_monotonic_time()), then cancels
 * it. What was not done is given back: kept jobs are there for the next process. */
void jobs_stop(Jobs *jobs, int64_t end);
/* Stops at once, and waits for every job's end. What is asked for after that is not heard. */
void jobs_join(Jobs *jobs);
/* The same, and frees. */
void jobs_free(Jobs *jobs);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Jobs, jobs_free)
/* Fires when jobs_stop() cancels what `finishes`. (transfer none) */
Cancellable *jobs_end(Jobs *jobs);
/* jobs_stop() was called: nothing is begun any more. */
bool jobs_are_stopping(Jobs *jobs);

/* Asks for a kept job in the caller's transaction. One of that key that waits takes the new
 * arguments (an object, or NULL; transfer none) and is due at once; one that runs is run once more.
 * jobs_wake() after the commit spares a second. */
bool job_ask(SqlConnection *db, const JobKind *kind, const char *key, const json_t *arguments,
             GError **error);
/* *asked: it waits, for another try too, or runs. */
bool job_is_asked(SqlConnection *db, const JobKind *kind, const char *key, bool *asked,
                  GError **error);
void jobs_wake(Jobs *jobs);
/* Asks for one that is not kept, now or at @due (microseconds since 1970); the earlier of two
 * counts. One that runs is run once more. Of a kind that was not added: nothing happens. */
void jobs_ask(Jobs *jobs, const JobKind *kind, const char *key);
void jobs_ask_at(Jobs *jobs, const JobKind *kind, const char *key, int64_t due);
/* How many of them wait or run. */
unsigned jobs_count(Jobs *jobs, const JobKind *kind);
typedef enum {
  CANCEL_FOUND_NONE,
  CANCEL_DROPPED, /* it waited, or was given up */
  CANCEL_ASKED    /* it runs, and is to stop: at once here, elsewhere within a third of its lease */
} CancelOutcome;
/* One without a key stays while it waits: it runs by itself. So does what was asked for while one
 * runs that is cancelled: somebody else may wait for that. What was cancelled is told
 * ("job.cancelled"); false with another outcome than CANCEL_FOUND_NONE: it was, and cannot be told.
 */
bool jobs_cancel(Jobs *jobs, const JobKind *kind, const char *key, CancelOutcome *outcome,
                 GError **error);
/* The kind of that name; NULL: none was added. (transfer none) */
const JobKind *jobs_find_kind(const Jobs *jobs, const char *name);

/* --- for `run` --- */

const char *job_key(const Job *job);                          /* (transfer none) */
const json_t *job_argument(const Job *job, const char *name); /* NULL: none. (transfer none) */
bool job_cancelled(const Job *job);
unsigned job_attempt(const Job *job);         /* 1: the first */
Cancellable *job_cancellable(const Job *job); /* (transfer none) */
/* For people: so much of it is done. */
void job_progress(Job *job, uint64_t done, uint64_t total);
/* Sleeps until @time (g_get_monotonic_time()). False: it was cancelled. */
bool job_sleep(Job *job, int64_t time);

/* --- for people --- */

typedef struct {
  char *key;
  int64_t begun;        /* microseconds since 1970 */
  uint64_t done, total; /* of job_progress(); 0: it does not tell */
  unsigned attempt;     /* 1: the first */
  char *error;          /* of the attempt before; or NULL */
} JobRunning;
typedef struct {
  char *key;
  int64_t asked;     /* microseconds since 1970 */
  int64_t due;       /* 0: it was given up */
  unsigned attempts; /* in vain so far */
  char *error;       /* of the last of them; or NULL */
} JobWaiting;
typedef struct {
  const JobKind *kind;
  uint64_t waiting;  /* to run: in memory, and in the database those of all processes */
  int64_t oldest;    /* when the first of those that are due was due; 0: none */
  int64_t next;      /* when the next is due; 0: none is planned */
  uint64_t given_up; /* kept, and not tried any more */
  uint64_t done, tried_again, failed; /* runs since the start, by outcome */
  uint64_t cancelled;                 /* jobs since the start, dropped ones with them */
  double seconds;                     /* of all of these runs together */
  int64_t last_ended;                 /* 0: none yet */
  char *last_error;                   /* since the start; NULL: none */
  int64_t last_error_at;
  GPtrArray *running; /* JobRunning, of this process */
  GPtrArray *listed;  /* JobWaiting: the first of those that wait, then of those given up */
} JobStatus;
/* JobStatus of each kind, in the order in which they were added, with at most @most of `listed`.
 * (transfer full) */
GPtrArray *jobs_status(Jobs *jobs, unsigned most, GError **error);
/* How many wait and run, for how long: what base/metrics.h cannot count. */
void jobs_write_metrics(Jobs *jobs, GString *out);
