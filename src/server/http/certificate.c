/* Whether a certificate is valid; see the header. */
#include "server/http/certificate.h"

#include <glib.h>

#define DAY ((int64_t)24 * 60 * 60)

static char *
date_of(int64_t seconds)
{
  g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(seconds);
  return time == NULL ? g_strdup("a date far away")
                      : g_date_time_format(time, "%Y-%m-%d %H:%M UTC");
}

/* Clients may know another way to an authority, and not need it. */
static char *
chain_problem(int64_t until, int64_t now)
{
  g_autofree char *date = date_of(until);
  if (until - now > CERTIFICATE_WARNING_DAYS * DAY)
    return NULL;
  return g_strdup_printf("another certificate of its file %s on %s: clients that need it refuse "
                         "the server's from then on",
                         now >= until ? "expired" : "expires", date);
}

char *
certificate_problem(CertificateTimes times, int64_t now)
{
  g_autofree char *from = date_of(times.from), *until = date_of(times.until);
  if (now < times.from)
    return g_strdup_printf(
        "not valid before %s: clients refuse it until then (is the clock right?)", from);
  if (now >= times.until)
    return g_strdup_printf("expired on %s: clients refuse it; replace it and send SIGHUP", until);
  if (times.until - now > CERTIFICATE_WARNING_DAYS * DAY)
    return chain_problem(times.chain_until, now);
  int64_t days = (times.until - now) / DAY;
  return g_strdup_printf("expires on %s, in %" G_GINT64_FORMAT " %s: replace it and send SIGHUP",
                         until, days, days == 1 ? "day" : "days");
}
