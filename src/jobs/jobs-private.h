/* What the files of the jobs share. */
#pragma once

#include "jobs/jobs.h"

#define JOBS_SECOND ((int64_t)G_USEC_PER_SEC)

/* A kind, with its jobs in this process. */
typedef struct {
  const JobKind *kind;
  void *room;
  GQueue ready;      /* of Job: due, wait for a thread */
  GQueue later;      /* of Job: not kept, not due yet; the first due first. They are few. */
  GHashTable *known; /* key -> Job: all of these, and those that run */
  unsigned running;
  unsigned ended_lately; /* kept: since the last claim, which is the larger for it */
  uint64_t done, tried_again, failed, cancelled;
  double seconds;
  int64_t last_ended, last_error_at;
  char *last_error;
} JobQueue;

typedef enum { JOB_WAITS, JOB_RUNS, JOB_ENDED } JobState;

struct Job {
  Jobs *jobs;
  JobQueue *queue;
  char *key, *request_id;
  json_t *arguments;
  Cancellable *cancellable;
  int64_t asked, due;
  unsigned attempt; /* 1: the first */
  char *fault;      /* of the attempt before; or NULL */
  JobState state;
  bool unwanted; /* by jobs_cancel(), or another process has it: */
  bool lost;
  bool again; /* not kept: asked for while it runs, for: */
  int64_t again_due;
  int64_t begun;
  uint64_t progress, progress_total;
  JobOutcome outcome;
  GError *error;
  /* Kept: */
  int64_t asks; /* how often it had been asked for when it was claimed */
  int64_t leased_until;
  bool given_back; /* it did not run, or not to its end */
};

struct Jobs {
  SqlPool *sql;
  char *owner; /* who holds the leases: this, among all processes */
  bool alone;  /* before the start */
  unsigned workers;
  GPtrArray *queues; /* of JobQueue; not changed after the start */
  GThreadPool *pool;
  GThread *keeper;
  Cancellable *end;

  GMutex lock;      /* guards the rest, and the queues and jobs */
  GCond stir;       /* of the keeper: something ended, is due sooner, or was asked for */
  GCond changed;    /* of jobs_stop(): a job ended */
  GCond cancelled;  /* of job_sleep(): some job was cancelled */
  unsigned running; /* threads at work */
  unsigned sharing; /* of them, for kinds without `at_once` */
  bool started, draining, closing;
  bool woken;          /* the database may have jobs that are due */
  int64_t looks_at;    /* when it is looked at anyway, microseconds since 1970 */
  int64_t rests_until; /* it could not be written: not before */
  int64_t clock;       /* of the wall, beside g_get_monotonic_time(); the keeper's */
  int64_t pruned;
  GPtrArray *ended; /* of Job, kept: to be noted in the database */
};

/* --- queue.c: with the lock held --- */

JobQueue *queue_of(Jobs *jobs, const JobKind *kind); /* NULL: not added */
Job *job_new(JobQueue *queue, Jobs *jobs, const char *key);
void job_free(Job *job);
uint32_t queue_every(const JobQueue *queue);
void queue_enqueue(JobQueue *queue, Job *job, int64_t due);
/* What became due is ready. Returns when the next is; G_MAXINT64: none waits. */
int64_t queue_advance(JobQueue *queue, int64_t now);
/* The clock was set back by @back: what is to run later keeps its distance from now. */
void queue_set_back(JobQueue *queue, int64_t back);
/* How many more of the kind may run. */
unsigned queue_room(const Jobs *jobs, const JobQueue *queue);
void queue_begin_ready(Jobs *jobs);
void queue_run(void *job, void *jobs); /* of the thread pool */
/* When the job is to be tried again, having ended at @now. */
int64_t job_retry_at(const Job *job, int64_t now);
/* Whether the last try was in vain and there is another. */
bool job_is_retried(const Job *job);
void queue_count_cancelled(JobQueue *queue);

/* --- kept.c: rows; one transaction each is the caller's --- */

bool kept_is_due(SqlConnection *db, const JobKind *kind, int64_t now, bool *due, GError **error);
/* Adds at most @limit Jobs to @claimed, which this process holds from now on. Those that are not
 * to run are `unwanted`, or JOB_FAILED: they ended too many processes. */
bool kept_claim(SqlConnection *db, Jobs *jobs, JobQueue *queue, unsigned limit, int64_t now,
                GPtrArray *claimed, GError **error);
/* What other processes hold of the kind is due now. They have ended. */
bool kept_take_back(SqlConnection *db, const Jobs *jobs, const JobKind *kind, int64_t now,
                    GError **error);
bool kept_end(SqlConnection *db, const Job *job, int64_t now, GError **error);
typedef enum { HOLD_OURS, HOLD_CANCELLED /* by another process */, HOLD_LOST } JobHold;
bool kept_renew(SqlConnection *db, const Job *job, int64_t until, JobHold *hold, GError **error);
/* The row of a schedule is there as @queue wants it. */
bool kept_schedule(SqlConnection *db, const JobQueue *queue, int64_t now, GError **error);
bool kept_cancel(SqlConnection *db, const JobKind *kind, const char *key, CancelOutcome *outcome,
                 GError **error);
/* Drops what was given up long ago. */
bool kept_prune(SqlConnection *db, const JobKind *kind, int64_t now, GError **error);
bool kept_count(SqlConnection *db, int64_t now, JobStatus *status, GError **error);
/* Fills status->listed up to @most with rows that nobody runs. */
bool kept_list(SqlConnection *db, unsigned most, JobStatus *status, GError **error);

/* --- keeper.c --- */

/* Kept kinds run here. */
bool keeper_is_needed(const Jobs *jobs);
void *keeper_run(void *jobs);
