/* The progress line; see the header. */
#include "cli/terminal_progress.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "report/report.h"

#define WHAT_WIDTH 50u /* of what is being done; counts follow it */

static GMutex lock; /* guards the line and when it was written */
static gint64 shown;

static void
show(const char *name, uint64_t done, uint64_t total, void *data)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&lock);
  gint64 now = g_get_monotonic_time();
  if (now - shown < G_USEC_PER_SEC / 10 && done != 0 && done != total)
    return;
  shown = now;
  /* The end of an address tells more than its beginning. */
  size_t length = strlen(name);
  g_autofree char *what =
      report_clean_text(length > WHAT_WIDTH ? name + length - WHAT_WIDTH : name);
  if (total > 0)
    fprintf(stderr, "\r\033[K%s: %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT, what, done, total);
  else
    fprintf(stderr, "\r\033[K%s", what);
}

const Progress *
terminal_progress(void)
{
  static const Progress progress = {.tell = show};
  return isatty(STDERR_FILENO) ? &progress : NULL;
}

void
terminal_progress_end(void)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&lock);
  if (shown != 0)
    fputs("\r\033[K", stderr);
  shown = 0;
}
