/* Until when there are advisories; the dates are in end_of_life_dates.c. */
#include "inventory/end_of_life.h"

#include <string.h>

#include "base/calendar.h"
#include "base/slice.h"
#include "inventory/ecosystem.h"
#include "inventory/end_of_life-private.h"

#define NAME_SHOWN ((size_t)80) /* bytes */

const EndOfLife *
end_of_life_of(const OsRelease *os)
{
  g_autofree char *release = NULL;
  const Ecosystem *row = os != NULL ? ecosystem_row_of_image(os, &release) : NULL;
  if (row == NULL || row->life == NULL)
    return NULL;
  for (size_t i = 0; i < end_of_life_dates_count; i++)
    if (strcmp(end_of_life_dates[i].product, row->life) == 0 &&
        strcmp(end_of_life_dates[i].release, release) == 0)
      return &end_of_life_dates[i];
  return NULL;
}

bool
end_of_life_is_past(const EndOfLife *life, const char *day)
{
  return strcmp(life->end, day) < 0;
}

int64_t
end_of_life_after(const char *last)
{
  g_autofree char *day = g_strconcat(last, "T00:00:00Z", NULL);
  g_autoptr(GDateTime) begins = g_date_time_new_from_iso8601(day, NULL);
  return begins == NULL ? 0 : (g_date_time_to_unix(begins) + 86400) * G_USEC_PER_SEC;
}

int64_t
end_of_life_moment(const OsRelease *os)
{
  const EndOfLife *life = end_of_life_of(os);
  return life == NULL ? 0 : end_of_life_after(life->end);
}

/* What those get who pay, by product. */
static const char *
paid_name(const char *product)
{
  static const struct {
    const char *product, *name;
  } names[] = {{"ubuntu", "Ubuntu Pro"},
               {"rhel", "Extended Life Cycle Support"},
               {"sles", "LTSS"},
               {"oracle-linux", "Extended Support"}};
  for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
    if (strcmp(names[i].product, product) == 0)
      return names[i].name;
  return "paid support";
}

char *
end_of_life_in_words(const OsRelease *os)
{
  const EndOfLife *life = end_of_life_of(os);
  g_autofree char *day = calendar_today();
  if (life == NULL || !end_of_life_is_past(life, day))
    return NULL;
  g_autofree char *plain = g_strdup_printf("%s %s", os->id, life->release);
  g_autofree char *name = slice_to_printable(
      slice_from_string(os->pretty_name != NULL ? os->pretty_name : plain), NAME_SHOWN);
  bool paid = life->paid_end != NULL && strcmp(life->paid_end, day) >= 0;
  g_autofree char *longer = paid ? g_strdup_printf(" (except to those with %s, until %s)",
                                                   paid_name(life->product), life->paid_end)
                                 : g_strdup("");
  return g_strdup_printf("%s reached its end of life on %s: advisories for it are no longer "
                         "published%s, so it may have vulnerabilities that are not found",
                         name, life->end, longer);
}
