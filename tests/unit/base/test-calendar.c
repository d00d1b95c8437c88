/* Moments as the calendar has them. */
#include <glib.h>
#include <string.h>

#include "base/calendar.h"

static void
test_moments(void)
{
  const struct {
    int64_t seconds;
    const char *expected;
  } rows[] = {{0, "1970-01-01T00:00:00Z"},
              {951782399, "2000-02-28T23:59:59Z"},
              {951782400, "2000-02-29T00:00:00Z"},
              {-1, "1969-12-31T23:59:59Z"},
              {INT64_MAX, NULL},
              {INT64_MIN, NULL}};
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autofree char *moment = calendar_moment(rows[i].seconds);
    g_assert_cmpstr(moment, ==, rows[i].expected);
  }
}

/* Around midnight, too. */
static void
test_today(void)
{
  g_autofree char *before = calendar_moment(g_get_real_time() / G_USEC_PER_SEC);
  g_autofree char *today = calendar_today();
  g_autofree char *after = calendar_moment(g_get_real_time() / G_USEC_PER_SEC);
  g_assert_cmpuint(strlen(today), ==, strlen("2026-11-26"));
  g_assert_true(g_str_has_prefix(before, today) || g_str_has_prefix(after, today));
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/calendar/moments", test_moments);
  g_test_add_func("/calendar/today", test_today);
  return g_test_run();
}
