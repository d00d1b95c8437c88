/* How kept jobs stand, for the rooms that asked for them. Any thread; blocks on the database. */
#pragma once

#include "jobs/jobs.h"

void job_waiting_free(JobWaiting *job);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(JobWaiting, job_waiting_free)

/* The one of that key that waits, runs, or was given up; of one that runs, `due` is when its lease
 * ends. */
Found kept_job_find(SqlPool *sql, const char *kind, const char *key, JobWaiting **job,
                    GError **error);
/* Those whose last try was in vain, the oldest first, at most @limit. (transfer full): JobWaiting
 */
GPtrArray *kept_jobs_failing(SqlPool *sql, const char *kind, unsigned limit, GError **error);
