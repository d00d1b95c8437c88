/* The memory of the process; see the header. */
#include "server/memory.h"

#include <glib.h>
#include <malloc.h>
#include <stdio.h>
#include <unistd.h>

#define GROWN_BYTES ((uint64_t)16 * 1024 * 1024)
#define PAUSE       3

uint64_t
memory_resident(void)
{
  unsigned long pages = 0, resident = 0;
  FILE *file = fopen("/proc/self/statm", "re");
  if (file == NULL)
    return 0;
  if (fscanf(file, "%lu %lu", &pages, &resident) != 2)
    resident = 0;
  fclose(file);
  return (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

void
memory_give_back(void)
{
  /* The one caller's: the least that the process ever came down to, and how often it is not worth
   * while to try again. */
  static uint64_t least = 0;
  static unsigned pause = 0;
  uint64_t before = memory_resident();
  if (before <= least + GROWN_BYTES || (pause > 0 && --pause > 0))
    return;
  malloc_trim(0);
  uint64_t after = memory_resident();
  least = least == 0 ? after : MIN(least, after);
  pause = before - MIN(before, after) < GROWN_BYTES / 16 ? PAUSE : 0;
}
