/* Jobs: claimed once, one key at a time, tried again, cancelled, given back, and taken up after a
 * kill. Time passes by changing rows, except where a lease is to run out. */
#include "fixture.h"
#include "work.h"

#define SECOND ((int64_t)G_USEC_PER_SEC)
/* Renewed within two seconds: a machine that does much else may stop us for the rest. */
#define LEASE 6

static const JobKind kept = {.kind = "kept",
                             .at_once = 2,
                             .attempts = 3,
                             .lease = LEASE,
                             .back_off = 100,
                             .kept = true,
                             .run = do_work};
static const JobKind polite = {
    .kind = "polite", .at_once = 2, .lease = 60, .kept = true, .finishes = true, .run = do_work};
static const JobKind light = {.kind = "light",
                              .attempts = 3,
                              .back_off = 100,
                              .finishes = true,
                              .run = do_work,
                              .dropped = note_dropped};
static const JobKind hourly = {
    .kind = "hourly", .at_once = 1, .lease = 60, .every = every_hour, .kept = true, .run = do_work};
static const JobKind stopped = {
    .kind = "hourly", .at_once = 1, .lease = 60, .every = never, .kept = true, .run = do_work};
static const JobKind after_start = {.kind = "hourly",
                                    .at_once = 1,
                                    .lease = 60,
                                    .first = 100,
                                    .every = every_hour,
                                    .kept = true,
                                    .run = do_work};
static const JobKind ticking = {.kind = "ticking", .every = every_second, .run = do_work};

static Jobs *
start(SqlPool *sql, const JobKind *const *kinds, Work *work)
{
  g_autoptr(GError) error = NULL;
  Jobs *jobs = jobs_new(sql, 2);
  jobs_add(jobs, kinds, work);
  jobs_start(jobs, &error);
  g_assert_no_error(error);
  return jobs;
}

static int64_t
rows_of(SqlPool *sql)
{
  return number_of(sql, "SELECT count(*) FROM jobs");
}

/* A SqlWork. */
static bool
ask_and_fail(SqlConnection *db, void *data, GError **error)
{
  return job_ask(db, data, "never", NULL, error) && error_set(error, ASSAY_ERROR_FAILED, "no");
}

static void
test_done(Fixture *fixture, gconstpointer data)
{
  Work work;
  work_init(&work);
  ask(fixture->sql, &kept, "before", "one");
  /* What is rolled back was not asked for. */
  JobKind forgotten = kept;
  g_assert_false(sql_transact(fixture->sql, ask_and_fail, &forgotten, NULL));
  const JobKind *const kinds[] = {&kept, NULL};
  Jobs *jobs = start(fixture->sql, kinds, &work);
  WAIT_FOR(runs_of(&work, "before") == 1 && rows_of(fixture->sql) == 0);
  g_assert_cmpstr(work.word, ==, "one");
  for (int i = 0; i < 300; i++) {
    g_autofree char *key = g_strdup_printf("%d", i);
    ask(fixture->sql, &kept, key, NULL);
  }
  jobs_wake(jobs);
  WAIT_FOR(rows_of(fixture->sql) == 0);
  g_assert_cmpuint(g_hash_table_size(work.runs), ==, 301);
  g_assert_cmpuint(runs_of(&work, "never"), ==, 0);
  g_assert_cmpuint(work.ended, ==, 301);
  jobs_free(jobs);
  work_clear(&work);
}

/* Asked for again while it runs. */
static void
test_one_key_at_a_time(Fixture *fixture, gconstpointer data)
{
  static const struct {
    const char *name;
    const JobKind *kind;
  } cases[] = {{"a row", &kept}, {"in memory", &light}};
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    const JobKind *kind = cases[i].kind, *const kinds[] = {kind, NULL};
    Work work;
    work_init(&work);
    work.hold = 1;
    Jobs *jobs = start(fixture->sql, kinds, &work);
    for (int times = 0; times < 3; times++) {
      if (kind->kept)
        ask(fixture->sql, kind, "a", times == 0 ? "first" : "last");
      else
        jobs_ask(jobs, kind, "a");
      jobs_wake(jobs);
      WAIT_FOR(runs_of(&work, "a") == 1);
    }
    g_atomic_int_set(&work.hold, 0);
    WAIT_FOR(ended_of(&work) == 2 && jobs_count(jobs, kind) == 0 && rows_of(fixture->sql) == 0);
    jobs_free(jobs);
    if (work.most_at_work != 1 || work.ended != 2 ||
        g_strcmp0(work.word, kind->kept ? "last" : NULL) != 0)
      g_error("%s: %u at once, %u runs, arguments %s", cases[i].name, work.most_at_work, work.ended,
              work.word);
    work_clear(&work);
  }
}

static void
test_back_off(Fixture *fixture, gconstpointer data)
{
  Work work;
  work_init(&work);
  work.outcome = JOB_AGAIN;
  work.fails = true;
  const JobKind *const kinds[] = {&kept, NULL};
  Jobs *jobs = start(fixture->sql, kinds, &work);
  ask(fixture->sql, &kept, "a", NULL);
  for (unsigned i = 1; i <= 2; i++) {
    WAIT_FOR(number_of(fixture->sql, "SELECT attempts FROM jobs WHERE owner IS NULL") == i);
    g_assert_cmpint(number_of(fixture->sql, "SELECT due - ended FROM jobs"), ==, i * 100 * SECOND);
    g_assert_cmpuint(runs_of(&work, "a"), ==, i);
    change(fixture->sql, "UPDATE jobs SET due = 1");
  }
  /* The third was the last. */
  WAIT_FOR(number_of(fixture->sql, "SELECT count(*) FROM jobs WHERE due IS NULL AND "
                                   "error = 'nobody answers'") == 1);
  g_autoptr(GPtrArray) status = jobs_status(jobs, 10, NULL);
  const JobStatus *one = g_ptr_array_index(status, 0);
  g_assert_cmpuint(one->given_up, ==, 1);
  g_assert_cmpuint(one->tried_again, ==, 2);
  g_assert_cmpuint(one->failed, ==, 1);
  g_assert_cmpstr(one->last_error, ==, "nobody answers");
  g_assert_cmpint(((const JobWaiting *)g_ptr_array_index(one->listed, 0))->due, ==, 0);
  /* Asked for again, it begins anew. */
  work.fails = false;
  work.outcome = JOB_DONE;
  ask(fixture->sql, &kept, "a", NULL);
  WAIT_FOR(rows_of(fixture->sql) == 0);
  g_assert_cmpuint(runs_of(&work, "a"), ==, 4);
  jobs_free(jobs);
  work_clear(&work);
}

/* There is more to do: at once, and no try in vain. */
static void
test_more_to_do(Fixture *fixture, gconstpointer data)
{
  static const JobKind *const cases[] = {&kept, &light};
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    const JobKind *const kinds[] = {cases[i], NULL};
    Work work;
    work_init(&work);
    work.outcome = JOB_AGAIN;
    Jobs *jobs = start(fixture->sql, kinds, &work);
    if (cases[i]->kept)
      ask(fixture->sql, cases[i], "a", NULL);
    else
      jobs_ask(jobs, cases[i], "a");
    WAIT_FOR(runs_of(&work, "a") > 5);
    g_mutex_lock(&work.lock);
    work.outcome = JOB_DONE;
    g_mutex_unlock(&work.lock);
    WAIT_FOR(jobs_count(jobs, cases[i]) == 0 && rows_of(fixture->sql) == 0);
    jobs_free(jobs);
    work_clear(&work);
  }
}

static void
test_later_in_memory(Fixture *fixture, gconstpointer data)
{
  Work work;
  work_init(&work);
  const JobKind *const kinds[] = {&light, &ticking, NULL};
  int64_t now = g_get_real_time();
  Jobs *jobs = start(fixture->sql, kinds, &work);
  jobs_ask_at(jobs, &light, "tomorrow", now + 24 * 3600 * SECOND);
  jobs_ask_at(jobs, &light, "soon", now + SECOND / 2);
  jobs_ask_at(jobs, &light, "sooner", now + 24 * 3600 * SECOND);
  jobs_ask_at(jobs, &light, "sooner", now + SECOND / 4);
  WAIT_FOR(runs_of(&work, "soon") == 1 && runs_of(&work, "sooner") == 1);
  g_assert_cmpint(g_get_real_time(), >=, now + SECOND / 2);
  /* A schedule. */
  WAIT_FOR(runs_of(&work, "") >= 2);
  g_assert_cmpint(g_get_real_time(), >=, now + SECOND);
  g_assert_cmpuint(runs_of(&work, "tomorrow"), ==, 0);
  g_assert_cmpuint(jobs_count(jobs, &light), ==, 1);
  jobs_free(jobs);
  work_clear(&work);
}

static void
test_schedule(Fixture *fixture, gconstpointer data)
{
  Work work;
  work_init(&work);
  const JobKind *const kinds[] = {&hourly, NULL}, *const none[] = {&stopped, NULL};
  const JobKind *const each_start[] = {&after_start, NULL};
  Jobs *jobs = start(fixture->sql, kinds, &work);
  WAIT_FOR(number_of(fixture->sql, "SELECT due - ended FROM jobs") == 3600 * SECOND);
  g_assert_cmpuint(runs_of(&work, ""), ==, 1);
  jobs_free(jobs);
  /* The next start keeps to it ... */
  jobs_free(start(fixture->sql, kinds, &work));
  g_assert_cmpint(number_of(fixture->sql, "SELECT due - ended FROM jobs"), ==, 3600 * SECOND);
  /* ... unless the interval is shorter now, or there is none. */
  change(fixture->sql, "UPDATE jobs SET due = due + 1000000000000");
  jobs_free(start(fixture->sql, kinds, &work));
  g_assert_cmpint(number_of(fixture->sql, "SELECT due - ended FROM jobs"), <, 3700 * SECOND);
  /* Or it is to run after each start. */
  jobs_free(start(fixture->sql, each_start, &work));
  g_assert_cmpint(number_of(fixture->sql, "SELECT due - ended FROM jobs"), <, 300 * SECOND);
  change(fixture->sql, "UPDATE jobs SET due = 1");
  jobs_free(start(fixture->sql, each_start, &work));
  g_assert_cmpint(number_of(fixture->sql, "SELECT due - ended FROM jobs"), >=, 100 * SECOND);
  jobs_free(start(fixture->sql, none, &work));
  g_assert_cmpint(number_of(fixture->sql, "SELECT count(*) FROM jobs"), ==, 0);
  g_assert_cmpuint(runs_of(&work, ""), ==, 1);
  work_clear(&work);
}

static CancelOutcome
cancel(Jobs *jobs, const JobKind *kind, const char *key)
{
  g_autoptr(GError) error = NULL;
  CancelOutcome outcome = CANCEL_FOUND_NONE;
  jobs_cancel(jobs, kind, key, &outcome, &error);
  g_assert_no_error(error);
  return outcome;
}

static void
test_cancel(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  Work work;
  work_init(&work);
  work.hold = 1;
  work.outcome = JOB_AGAIN;
  const JobKind *const kinds[] = {&kept, &light, NULL};
  g_autoptr(SqlPool) other_sql = sql_pool_open(fixture->url, schemas, true, &error);
  Jobs *jobs = start(fixture->sql, kinds, &work), *other = jobs_new(other_sql, 1);
  for (int i = 0; i < 5; i++) {
    g_autofree char *key = g_strdup_printf("%d", i);
    ask(fixture->sql, &kept, key, NULL);
    jobs_ask(jobs, &light, key);
    WAIT_FOR(i > 1 || runs_of(&work, key) == 2);
  }
  WAIT_FOR(work.at_work == 4);
  /* Waits, in memory and as a row. */
  g_assert_cmpint(cancel(jobs, &light, "4"), ==, CANCEL_DROPPED);
  g_assert_cmpint(cancel(jobs, &kept, "4"), ==, CANCEL_DROPPED);
  g_assert_cmpint(cancel(jobs, &kept, "5"), ==, CANCEL_FOUND_NONE);
  g_assert_cmpint(cancel(jobs, &light, "4"), ==, CANCEL_FOUND_NONE);
  g_assert_cmpint(work.dropped, ==, 1);
  /* Runs here. */
  g_assert_cmpint(cancel(jobs, &light, "0"), ==, CANCEL_ASKED);
  g_assert_cmpint(cancel(jobs, &kept, "0"), ==, CANCEL_ASKED);
  WAIT_FOR(g_atomic_int_get(&work.cancelled) == 2);
  /* Runs elsewhere: seen when the lease is renewed. */
  g_assert_cmpint(cancel(other, &kept, "1"), ==, CANCEL_ASKED);
  WAIT_FOR(g_atomic_int_get(&work.cancelled) == 3);
  g_mutex_lock(&work.lock);
  work.outcome = JOB_DONE;
  g_mutex_unlock(&work.lock);
  g_atomic_int_set(&work.hold, 0);
  WAIT_FOR(rows_of(fixture->sql) == 0 && jobs_count(jobs, &light) == 0);
  jobs_free(other);
  jobs_free(jobs);
  g_assert_cmpuint(runs_of(&work, "4"), ==, 0);
  g_assert_cmpuint(runs_of(&work, "0"), ==, 2);
  work_clear(&work);
}

/* Somebody asked for it again while it runs: that is not what was cancelled. */
static void
test_cancel_and_run_again(Fixture *fixture, gconstpointer data)
{
  Work work;
  work_init(&work);
  work.hold = 1;
  const JobKind *const kinds[] = {&light, NULL};
  Jobs *jobs = start(fixture->sql, kinds, &work);
  jobs_ask(jobs, &light, "a");
  WAIT_FOR(runs_of(&work, "a") == 1);
  jobs_ask(jobs, &light, "a");
  g_assert_cmpint(cancel(jobs, &light, "a"), ==, CANCEL_ASKED);
  WAIT_FOR(runs_of(&work, "a") == 2);
  g_atomic_int_set(&work.hold, 0);
  WAIT_FOR(jobs_count(jobs, &light) == 0);
  g_assert_cmpint(g_atomic_int_get(&work.cancelled), ==, 1);
  g_assert_cmpint(g_atomic_int_get(&work.dropped), ==, 0);
  jobs_free(jobs);
  work_clear(&work);
}

/* Two that have the same database open. */
static void
test_two_pools(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  const JobKind *const kinds[] = {&kept, NULL};
  Work work;
  work_init(&work);
  g_autoptr(SqlPool) other_sql = sql_pool_open(fixture->url, schemas, true, &error);
  Jobs *jobs[] = {start(fixture->sql, kinds, &work), start(other_sql, kinds, &work)};
  for (int i = 0; i < 400; i++) {
    g_autofree char *key = g_strdup_printf("%d", i);
    ask(i % 2 ? fixture->sql : other_sql, &kept, key, NULL);
    jobs_wake(jobs[i % 2]);
  }
  WAIT_FOR(rows_of(fixture->sql) == 0);
  for (size_t i = 0; i < G_N_ELEMENTS(jobs); i++)
    jobs_free(jobs[i]);
  g_assert_cmpuint(work.ended, ==, 400);
  g_assert_cmpuint(g_hash_table_size(work.runs), ==, 400);
  work_clear(&work);
}

static void
test_stop(Fixture *fixture, gconstpointer data)
{
  Work work;
  work_init(&work);
  work.hold = 1;
  const JobKind *const kinds[] = {&kept, &polite, &light, NULL};
  Jobs *jobs = start(fixture->sql, kinds, &work);
  ask(fixture->sql, &polite, "polite", NULL);
  for (int i = 0; i < 10; i++) {
    g_autofree char *key = g_strdup_printf("%d", i);
    ask(fixture->sql, &kept, key, NULL);
  }
  WAIT_FOR(work.at_work == 3);
  work.outcome = JOB_AGAIN; /* as those say who are cancelled */
  jobs_stop(jobs, g_get_monotonic_time() + SECOND / 10);
  g_assert_true(cancellable_is_cancelled(jobs_end(jobs)));
  jobs_free(jobs);
  /* All of it is there for the next, and no try was in vain. */
  g_assert_cmpint(number_of(fixture->sql, "SELECT count(*) FROM jobs WHERE owner IS NULL AND "
                                          "attempts = 0 AND losses = 0 AND due IS NOT NULL"),
                  ==, 11);
  g_atomic_int_set(&work.hold, 0);
  work.outcome = JOB_DONE;
  jobs = start(fixture->sql, kinds, &work);
  WAIT_FOR(rows_of(fixture->sql) == 0);
  jobs_free(jobs);
  work_clear(&work);
}

/* A process that holds a lease is killed; one that is alive keeps it. */
static void
test_kill(Fixture *fixture, gconstpointer data)
{
  const JobKind *const kinds[] = {&kept, NULL};
  ask(fixture->sql, &kept, "a", "kept");
  sql_pool_close(fixture->sql);
  pid_t child = fork();
  g_assert_cmpint(child, >=, 0);
  if (child == 0) {
    Work work;
    work_init(&work);
    work.hold = 1;
    start(sql_pool_open(fixture->url, schemas, true, NULL), kinds, &work);
    pause();
    _exit(1);
  }
  Work work;
  work_init(&work);
  fixture->sql = sql_pool_open(fixture->url, schemas, true, NULL);
  WAIT_FOR(number_of(fixture->sql, "SELECT count(*) FROM jobs WHERE owner IS NOT NULL") == 1);
  Jobs *jobs = start(fixture->sql, kinds, &work);
  g_usleep((LEASE + 2) * G_USEC_PER_SEC); /* it would have run out */
  g_assert_cmpuint(runs_of(&work, "a"), ==, 0);
  g_assert_cmpint(kill(child, SIGKILL), ==, 0);
  g_assert_cmpint(waitpid(child, NULL, 0), ==, child);
  WAIT_FOR(runs_of(&work, "a") == 1 && rows_of(fixture->sql) == 0);
  g_assert_cmpstr(work.word, ==, "kept");
  /* One that ends each process is given up. */
  work.hold = 1;
  ask(fixture->sql, &kept, "b", NULL);
  change(fixture->sql, "UPDATE jobs SET owner = 'gone', losses = 20, due = 1");
  WAIT_FOR(number_of(fixture->sql, "SELECT count(*) FROM jobs WHERE due IS NULL") == 1);
  g_assert_cmpuint(runs_of(&work, "b"), ==, 0);
  jobs_free(jobs);
  work_clear(&work);
}

/* A process that is alone with the database waits for no lease of one that was killed, and still
 * counts what it lost. */
static void
test_alone(Fixture *fixture, gconstpointer data)
{
  const JobKind *const kinds[] = {&kept, NULL};
  Work work;
  work_init(&work);
  ask(fixture->sql, &kept, "a", NULL);
  ask(fixture->sql, &kept, "b", NULL);
  change(fixture->sql, "UPDATE jobs SET owner = 'gone', due = 9000000000000000");
  change(fixture->sql, "UPDATE jobs SET losses = 20 WHERE key = 'b'");
  Jobs *jobs = jobs_new(fixture->sql, 1);
  jobs_add(jobs, kinds, &work);
  jobs_alone(jobs);
  g_assert_true(jobs_start(jobs, NULL));
  WAIT_FOR(runs_of(&work, "a") == 1);
  WAIT_FOR(number_of(fixture->sql, "SELECT count(*) FROM jobs WHERE due IS NULL") == 1);
  g_assert_cmpuint(runs_of(&work, "b"), ==, 0);
  jobs_free(jobs);
  work_clear(&work);
}

/* Kinds without `at_once` share the threads; others are beside them. */
static void
test_at_once(Fixture *fixture, gconstpointer data)
{
  static const JobKind first = {.kind = "first", .run = do_work};
  static const JobKind beside = {.kind = "beside", .at_once = 1, .run = do_work};
  const JobKind *const kinds[] = {&first, &light, &beside, NULL};
  Work work;
  work_init(&work);
  work.hold = 1;
  Jobs *jobs = start(fixture->sql, kinds, &work);
  for (int i = 0; i < 10; i++) {
    g_autofree char *key = g_strdup_printf("%d", i);
    for (size_t kind = 0; kinds[kind] != NULL; kind++)
      jobs_ask(jobs, kinds[kind], key);
  }
  WAIT_FOR(work.at_work == 3);
  g_autoptr(GPtrArray) status = jobs_status(jobs, 10, NULL);
  const JobStatus *alone = g_ptr_array_index(status, 2);
  g_assert_cmpuint(alone->running->len, ==, 1);
  g_assert_cmpuint(((const JobRunning *)g_ptr_array_index(alone->running, 0))->total, ==, 2);
  g_assert_cmpuint(alone->waiting, ==, 9);
  g_assert_cmpuint(alone->listed->len, ==, 9);
  g_assert_cmpint(alone->oldest, >, 0);
  g_atomic_int_set(&work.hold, 0);
  WAIT_FOR(ended_of(&work) == 30);
  g_assert_cmpuint(work.most_at_work, ==, 3);
  jobs_free(jobs);
  work_clear(&work);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add("/jobs/" name, Fixture, NULL, set_up, function, tear_down)
  ADD("kill", test_kill); /* first: it forks */
  ADD("alone", test_alone);
  ADD("done", test_done);
  ADD("one-key-at-a-time", test_one_key_at_a_time);
  ADD("back-off", test_back_off);
  ADD("more-to-do", test_more_to_do);
  ADD("later-in-memory", test_later_in_memory);
  ADD("schedule", test_schedule);
  ADD("cancel", test_cancel);
  ADD("cancel-and-run-again", test_cancel_and_run_again);
  ADD("two-pools", test_two_pools);
  ADD("stop", test_stop);
  ADD("at-once", test_at_once);
  return g_test_run();
}
