/* When images are scanned that come at some moment. */
#include "registry/scan_time.h"

#include <glib.h>

static const struct {
  const char *text, *now, *when; /* NULL: no text of the setting */
} cases[] = {
    {"02:30", "2026-11-28T01:00:00Z", "2026-11-28T02:30:00Z"},
    {"02:30", "2026-11-28T02:30:00Z", "2026-11-29T02:30:00Z"},
    {"02:30", "2026-11-28T02:29:59Z", "2026-11-28T02:30:00Z"},
    {"00:00", "2026-12-31T00:00:01Z", "2027-01-01T00:00:00Z"},
    {"23:59", "2026-02-28T23:59:30Z", "2026-03-01T23:59:00Z"},
    {"", NULL, NULL},
    {"2:30", NULL, NULL},
    {"02:3", NULL, NULL},
    {"02:300", NULL, NULL},
    {"02-30", NULL, NULL},
    {"24:00", NULL, NULL},
    {"12:60", NULL, NULL},
    {"-1:00", NULL, NULL},
    {"pushes", NULL, NULL},
    {"Manual", NULL, NULL},
};

static int64_t
moment(const char *text)
{
  g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(text, NULL);
  return g_date_time_to_unix(time) * G_USEC_PER_SEC;
}

static void
test_times(void)
{
  int64_t when = 1;
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    bool good = cases[i].when != NULL;
    bool read = scan_time_parse(cases[i].text, good ? moment(cases[i].now) : 0, &when);
    if (read != good || (good && when != moment(cases[i].when)))
      g_error("%s at %s", cases[i].text, cases[i].now);
  }
  g_assert_true(scan_time_parse("push", 7, &when) && when == 0);
  g_assert_true(scan_time_parse("manual", 7, &when) && when == INT64_MAX);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/scan-time/times", test_times);
  return g_test_run();
}
