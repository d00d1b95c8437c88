/* When the images of a namespace are scanned; see the header. */
#include "registry/scan_time.h"

#include <glib.h>
#include <string.h>

#define MINUTE ((int64_t)60 * G_USEC_PER_SEC)
#define DAY    (24 * 60 * MINUTE)

static int64_t
minutes_of(const char *text)
{
  for (int i = 0; i < 5; i++)
    if (i == 2 ? text[i] != ':' : !g_ascii_isdigit(text[i]))
      return -1;
  int64_t hours = (text[0] - '0') * 10 + text[1] - '0',
          minutes = (text[3] - '0') * 10 + text[4] - '0';
  return text[5] == '\0' && hours < 24 && minutes < 60 ? hours * 60 + minutes : -1;
}

bool
scan_time_parse(const char *text, int64_t now, int64_t *when)
{
  if (strcmp(text, "push") == 0 || strcmp(text, "manual") == 0) {
    *when = *text == 'p' ? 0 : INT64_MAX;
    return true;
  }
  int64_t minutes = minutes_of(text);
  if (minutes < 0)
    return false;
  *when = now / DAY * DAY + minutes * MINUTE;
  if (*when <= now)
    *when += DAY;
  return true;
}
