/* A clock that is set back, which a test can only pretend. */
#include "fixture.h"
#include "jobs/jobs-private.h"

#define HOUR ((int64_t)3600 * G_USEC_PER_SEC)

static gint runs; /* atomic */

static JobOutcome
count_run(Job *job, void *room, GError **error)
{
  g_atomic_int_inc(&runs);
  return JOB_DONE;
}

/* What is to run in an hour does not wait for two. */
static void
test_set_back(Fixture *fixture, gconstpointer data)
{
  static const JobKind later = {.kind = "later", .at_once = 1, .run = count_run};
  const JobKind *const kinds[] = {&later, NULL};
  g_autoptr(GError) error = NULL;
  g_autoptr(Jobs) jobs = jobs_new(fixture->sql, 1);
  jobs_add(jobs, kinds, NULL);
  jobs_start(jobs, &error);
  g_assert_no_error(error);
  jobs_ask_at(jobs, &later, "in an hour", g_get_real_time() + HOUR);
  jobs_ask_at(jobs, &later, "in two", g_get_real_time() + 2 * HOUR);
  g_mutex_lock(&jobs->lock);
  jobs->clock += HOUR;
  g_mutex_unlock(&jobs->lock);
  jobs_wake(jobs);
  WAIT_FOR(jobs_count(jobs, &later) == 1);
  g_assert_cmpint(g_atomic_int_get(&runs), ==, 1);
  g_clear_pointer(&jobs, jobs_free);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add("/jobs/clock-set-back", Fixture, NULL, set_up, test_set_back, tear_down);
  return g_test_run();
}
