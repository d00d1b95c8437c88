/* Work of jobs that a test watches: it can be held, told to fail, and counts its runs. */
#pragma once

#include "fixture.h"

/* What a kind's `run` does, and what it saw. */
typedef struct {
  GMutex lock;      /* guards the rest */
  GHashTable *runs; /* key -> how often */
  unsigned at_work, most_at_work, ended;
  char *word;     /* of the last run's arguments */
  gint hold;      /* atomic: it waits until this is 0, or it is cancelled */
  gint cancelled; /* atomic: how many runs were */
  gint dropped;   /* atomic: how many did not run for it */
  JobOutcome outcome;
  bool fails;
} Work;

static inline void
work_init(Work *work)
{
  memset(work, 0, sizeof *work);
  g_mutex_init(&work->lock);
  work->runs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

static inline void
work_clear(Work *work)
{
  g_hash_table_unref(work->runs);
  g_free(work->word);
  g_mutex_clear(&work->lock);
}

static inline unsigned
runs_of(Work *work, const char *key)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&work->lock);
  return GPOINTER_TO_UINT(g_hash_table_lookup(work->runs, key));
}

static inline unsigned
ended_of(Work *work)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&work->lock);
  return work->ended;
}

static inline void
note_begin(Work *work, Job *job)
{
  const char *word = json_string_value(job_argument(job, "word"));
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&work->lock);
  unsigned runs = GPOINTER_TO_UINT(g_hash_table_lookup(work->runs, job_key(job)));
  g_hash_table_replace(work->runs, g_strdup(job_key(job)), GUINT_TO_POINTER(runs + 1));
  work->at_work++;
  work->most_at_work = MAX(work->most_at_work, work->at_work);
  g_free(work->word);
  work->word = g_strdup(word);
}

static inline JobOutcome
do_work(Job *job, void *room, GError **error)
{
  Work *work = room;
  job_progress(job, 1, 2); /* who sees it at work sees that */
  note_begin(work, job);
  while (g_atomic_int_get(&work->hold) && job_sleep(job, g_get_monotonic_time() + 1000))
    continue;
  g_atomic_int_add(&work->cancelled, job_cancelled(job));
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&work->lock);
  work->at_work--;
  work->ended++;
  if (work->fails)
    error_set(error, ASSAY_ERROR_NETWORK, "nobody answers");
  return work->outcome;
}

static inline void
note_dropped(const char *key, void *room)
{
  g_atomic_int_inc(&((Work *)room)->dropped);
}
