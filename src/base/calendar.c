/* Moments as the calendar has them. */
#include "base/calendar.h"

#include <glib.h>

char *
calendar_today(void)
{
  g_autoptr(GDateTime) now = g_date_time_new_now_utc();
  return g_date_time_format(now, "%Y-%m-%d");
}

char *
calendar_moment(int64_t seconds)
{
  g_autoptr(GDateTime) moment = g_date_time_new_from_unix_utc(seconds);
  return moment == NULL ? NULL : g_date_time_format(moment, "%Y-%m-%dT%H:%M:%SZ");
}
