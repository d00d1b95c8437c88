/* The thread that hands out what became due and keeps the rows of kept jobs: it notes how they
 * ended, renews leases, and claims more, all that there is in one transaction. So while one commit
 * waits for the disk, the jobs of the next gather. */
#include "base/log.h"
#include "jobs/jobs-private.h"

/* What another process asked for, or a schedule, is seen so late at most. */
#define LOOK_EVERY  JOBS_SECOND
#define REST        JOBS_SECOND
#define PRUNE_EVERY (3600 * JOBS_SECOND)
/* Beside those that can run at once: twice as many as ended while the last claim was written. */
#define AHEAD_MOST 500u

typedef struct {
  Jobs *jobs;
  GPtrArray *ended, *renewed, *claimed; /* of Job */
  unsigned *limits;                     /* by queue: how many are to be claimed */
  bool claims, prunes;
  int64_t now;
} Round;

bool
keeper_is_needed(const Jobs *jobs)
{
  if (sql_pool_is_read_only(jobs->sql))
    return false;
  for (guint i = 0; i < jobs->queues->len; i++)
    if (((const JobQueue *)g_ptr_array_index(jobs->queues, i))->kind->kept)
      return true;
  return false;
}

/* --- what there is to do, with the lock held --- */

static unsigned
claim_limit(const Jobs *jobs, JobQueue *queue)
{
  if (!queue->kind->kept || jobs->draining)
    return 0;
  unsigned most = queue->kind->at_once == 0 ? jobs->workers : queue->kind->at_once;
  unsigned wanted = most + MIN(2 * queue->ended_lately, AHEAD_MOST);
  unsigned held = queue->ready.length + queue->running;
  return wanted > held ? wanted - held : 0;
}

static void
collect_renewals(const JobQueue *queue, int64_t now, GPtrArray *renewed)
{
  int64_t third = (int64_t)queue->kind->lease * JOBS_SECOND / 3;
  GHashTableIter iter;
  void *value;
  g_hash_table_iter_init(&iter, queue->known);
  while (g_hash_table_iter_next(&iter, NULL, &value)) {
    Job *job = value;
    if (job->state != JOB_ENDED && job->leased_until - now < 2 * third)
      g_ptr_array_add(renewed, job);
  }
}

static Round
begin_round(Jobs *jobs)
{
  Round round = {.jobs = jobs, .now = g_get_real_time()};
  round.ended = g_steal_pointer(&jobs->ended);
  jobs->ended = g_ptr_array_new();
  round.renewed = g_ptr_array_new();
  round.claimed = g_ptr_array_new();
  round.limits = g_new0(unsigned, jobs->queues->len);
  round.prunes = round.now - jobs->pruned >= PRUNE_EVERY;
  for (guint i = 0; i < jobs->queues->len; i++) {
    JobQueue *queue = g_ptr_array_index(jobs->queues, i);
    if (!queue->kind->kept)
      continue;
    round.limits[i] = claim_limit(jobs, queue);
    collect_renewals(queue, round.now, round.renewed);
  }
  jobs->woken = false;
  jobs->looks_at = round.now + LOOK_EVERY;
  return round;
}

static void
drop_claimed(Round *round)
{
  for (guint i = 0; i < round->claimed->len; i++)
    job_free(g_ptr_array_index(round->claimed, i));
  g_ptr_array_set_size(round->claimed, 0);
}

/* What could not be noted is noted by the next round; a lease may run out meanwhile. */
static void
fail_round(Jobs *jobs, Round *round)
{
  for (guint i = 0; i < round->ended->len; i++)
    g_ptr_array_add(jobs->ended, g_ptr_array_index(round->ended, i));
  /* At the next round, and not a third of the lease later. */
  for (guint i = 0; i < round->renewed->len; i++)
    ((Job *)g_ptr_array_index(round->renewed, i))->leased_until = 0;
  drop_claimed(round);
  jobs->rests_until = g_get_real_time() + REST;
}

static void
take_in(Jobs *jobs, Job *job)
{
  JobQueue *queue = job->queue;
  /* Its lease was lost, and it still runs here: another takes it up when that runs out, too. */
  if (g_hash_table_contains(queue->known, job->key)) {
    job_free(job);
    return;
  }
  g_hash_table_insert(queue->known, job->key, job);
  if (job->unwanted || job->outcome == JOB_FAILED) {
    job->state = JOB_ENDED;
    queue->failed += !job->unwanted;
    if (job->unwanted)
      queue_count_cancelled(queue);
    g_ptr_array_add(jobs->ended, job);
  } else if (jobs->draining) {
    job->state = JOB_ENDED;
    job->given_back = true;
    g_ptr_array_add(jobs->ended, job);
  } else {
    g_queue_push_tail(&queue->ready, job);
  }
}

static void
finish_round(Jobs *jobs, Round *round)
{
  for (guint i = 0; i < round->ended->len; i++) {
    Job *job = g_ptr_array_index(round->ended, i);
    g_hash_table_remove(job->queue->known, job->key);
    job_free(job);
  }
  for (guint i = 0; i < jobs->queues->len; i++)
    if (round->limits[i] > 0)
      ((JobQueue *)g_ptr_array_index(jobs->queues, i))->ended_lately = 0;
  for (guint i = 0; i < round->claimed->len; i++)
    take_in(jobs, g_ptr_array_index(round->claimed, i));
  if (round->prunes)
    jobs->pruned = round->now;
  /* There may be more where these were. */
  jobs->woken = jobs->woken || round->claimed->len > 0;
  queue_begin_ready(jobs);
}

static void
round_clear(Round *round)
{
  g_ptr_array_unref(round->ended);
  g_ptr_array_unref(round->renewed);
  g_ptr_array_unref(round->claimed);
  g_free(round->limits);
}

/* --- the database, without the lock --- */

/* Reading first: with nothing due, nothing is written. */
static bool
look_for_due(const Jobs *jobs, Round *round, GError **error)
{
  bool any = false;
  g_autoptr(SqlConnection) db = sql_acquire(jobs->sql, error);
  if (db == NULL)
    return false;
  for (guint i = 0; i < jobs->queues->len; i++) {
    const JobQueue *queue = g_ptr_array_index(jobs->queues, i);
    bool due = false;
    if (round->limits[i] == 0)
      continue;
    if (!kept_is_due(db, queue->kind, round->now, &due, error))
      return false;
    any = any || due;
    if (!due)
      round->limits[i] = 0;
  }
  round->claims = any;
  return true;
}

static void
lose(Jobs *jobs, Job *job, JobHold hold)
{
  g_mutex_lock(&jobs->lock);
  job->unwanted = true;
  job->lost = hold == HOLD_LOST;
  g_mutex_unlock(&jobs->lock);
  cancellable_cancel(job->cancellable);
  g_mutex_lock(&jobs->lock);
  g_cond_broadcast(&jobs->cancelled);
  g_mutex_unlock(&jobs->lock);
}

static bool
renew_leases(Jobs *jobs, SqlConnection *db, const Round *round, GError **error)
{
  for (guint i = 0; i < round->renewed->len; i++) {
    Job *job = g_ptr_array_index(round->renewed, i);
    int64_t until = round->now + (int64_t)job->queue->kind->lease * JOBS_SECOND;
    JobHold hold = HOLD_OURS;
    if (!kept_renew(db, job, until, &hold, error))
      return false;
    job->leased_until = hold == HOLD_LOST ? G_MAXINT64 : until;
    if (hold != HOLD_OURS)
      lose(jobs, job, hold);
  }
  return true;
}

/* A SqlWork: it may be done again. */
static bool
write_round(SqlConnection *db, void *data, GError **error)
{
  Round *round = data;
  Jobs *jobs = round->jobs;
  drop_claimed(round);
  if (!renew_leases(jobs, db, round, error))
    return false;
  for (guint i = 0; i < round->ended->len; i++)
    if (!kept_end(db, g_ptr_array_index(round->ended, i), round->now, error))
      return false;
  for (guint i = 0; i < jobs->queues->len; i++) {
    JobQueue *queue = g_ptr_array_index(jobs->queues, i);
    if (round->limits[i] > 0 &&
        !kept_claim(db, jobs, queue, round->limits[i], round->now, round->claimed, error))
      return false;
    if (round->prunes && queue->kind->kept && !kept_prune(db, queue->kind, round->now, error))
      return false;
  }
  return true;
}

/* Later: where a power cut takes a round back, its jobs run again, as after any kill. */
static bool
keep_once(Jobs *jobs)
{
  g_autoptr(GError) error = NULL;
  g_mutex_lock(&jobs->lock);
  Round round = begin_round(jobs);
  g_mutex_unlock(&jobs->lock);
  bool busy = round.ended->len > 0 || round.renewed->len > 0 || round.prunes;
  bool kept =
      (busy || look_for_due(jobs, &round, &error)) &&
      ((!busy && !round.claims) || sql_transact_later(jobs->sql, write_round, &round, &error));
  if (!kept)
    log_error("the state of jobs cannot be stored; it will be tried again", "error", error->message,
              NULL);
  g_mutex_lock(&jobs->lock);
  if (kept)
    finish_round(jobs, &round);
  else
    fail_round(jobs, &round);
  g_mutex_unlock(&jobs->lock);
  round_clear(&round);
  return kept;
}

/* --- the thread --- */

static int64_t
advance_all(Jobs *jobs, int64_t now)
{
  int64_t next = G_MAXINT64;
  for (guint i = 0; i < jobs->queues->len; i++)
    next = MIN(next, queue_advance(g_ptr_array_index(jobs->queues, i), now));
  queue_begin_ready(jobs);
  return next;
}

/* A clock that is set back makes nobody wait for so much longer. */
static void
follow_clock(Jobs *jobs, int64_t now)
{
  int64_t clock = now - g_get_monotonic_time(), back = jobs->clock - clock;
  jobs->clock = clock;
  if (back < JOBS_SECOND)
    return;
  jobs->looks_at -= back;
  jobs->rests_until -= back;
  for (guint i = 0; i < jobs->queues->len; i++)
    queue_set_back(g_ptr_array_index(jobs->queues, i), back);
}

/* True when the database is to be looked at, false at the end. */
static bool
wait_for_work(Jobs *jobs, bool needed)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&jobs->lock);
  while (!jobs->closing) {
    int64_t now = g_get_real_time();
    follow_clock(jobs, now);
    int64_t next = advance_all(jobs, now);
    bool news = jobs->woken || jobs->ended->len > 0 || now >= jobs->looks_at;
    if (needed && news && now >= jobs->rests_until)
      return true;
    int64_t wait = MIN(next - now, 60 * JOBS_SECOND);
    if (needed)
      wait = MIN(wait, MAX(jobs->looks_at, jobs->rests_until) - now);
    g_cond_wait_until(&jobs->stir, &jobs->lock, g_get_monotonic_time() + MAX(wait, 1));
  }
  return false;
}

/* Those that were claimed and did not begin. */
static void
give_back(Jobs *jobs)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&jobs->lock);
  for (guint i = 0; i < jobs->queues->len; i++) {
    JobQueue *queue = g_ptr_array_index(jobs->queues, i);
    for (Job *job = queue->kind->kept ? g_queue_pop_head(&queue->ready) : NULL; job != NULL;
         job = g_queue_pop_head(&queue->ready)) {
      job->state = JOB_ENDED;
      job->given_back = true;
      g_ptr_array_add(jobs->ended, job);
    }
  }
}

void *
keeper_run(void *data)
{
  Jobs *jobs = data;
  bool needed = keeper_is_needed(jobs);
  while (wait_for_work(jobs, needed))
    keep_once(jobs);
  give_back(jobs);
  if (needed)
    keep_once(jobs);
  return NULL;
}
