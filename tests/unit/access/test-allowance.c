/* Requests and bytes a minute, as time passes. */
#include "access/endpoint/allowance.h"

#define SECOND ((int64_t)G_USEC_PER_SEC)

static unsigned
take_all(Allowances *allowances, const char *key, const EndpointLimits *limits, int64_t now)
{
  unsigned count = 0, seconds;
  while (count < 1000 && allowances_take(allowances, key, limits, now, &seconds))
    count++;
  return count;
}

static void
test_requests(void)
{
  const EndpointLimits limits = {.requests_per_minute = 60};
  Allowances *allowances = allowances_new();
  unsigned seconds = 0;
  g_assert_cmpuint(take_all(allowances, "a", &limits, SECOND), ==, 60);
  g_assert_false(allowances_take(allowances, "a", &limits, SECOND, &seconds));
  g_assert_cmpuint(seconds, ==, 1);
  g_assert_cmpuint(take_all(allowances, "b", &limits, SECOND), ==, 60);
  g_assert_cmpuint(take_all(allowances, "a", &limits, 11 * SECOND), ==, 10);
  g_assert_cmpuint(take_all(allowances, "a", &limits, 1000 * SECOND), ==, 60);
  allowances_free(allowances);
}

static void
test_bytes(void)
{
  const EndpointLimits limits = {.bytes_per_minute = 600};
  Allowances *allowances = allowances_new();
  unsigned seconds = 0;
  g_assert_true(allowances_take(allowances, "a", &limits, SECOND, &seconds));
  allowances_spend(allowances, "a", &limits, SECOND, 700);
  g_assert_false(allowances_take(allowances, "a", &limits, SECOND, &seconds));
  g_assert_cmpuint(seconds, ==, 10);
  g_assert_true(allowances_take(allowances, "a", &limits, 12 * SECOND, &seconds));
  allowances_spend(allowances, "a", &limits, 12 * SECOND, UINT64_MAX);
  g_assert_false(allowances_take(allowances, "a", &limits, 12 * SECOND, &seconds));
  g_assert_cmpuint(seconds, <=, 3600);
  allowances_free(allowances);
}

/* More keys than anybody has do not cost more memory. */
static void
test_keys(void)
{
  const EndpointLimits limits = {.requests_per_minute = 1};
  Allowances *allowances = allowances_new();
  unsigned seconds;
  for (unsigned i = 0; i < 250000; i++) {
    char key[16];
    g_snprintf(key, sizeof key, "%u", i);
    g_assert_true(allowances_take(allowances, key, &limits, SECOND + i, &seconds));
  }
  allowances_free(allowances);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/allowance/requests", test_requests);
  g_test_add_func("/allowance/bytes", test_bytes);
  g_test_add_func("/allowance/keys", test_keys);
  return g_test_run();
}
