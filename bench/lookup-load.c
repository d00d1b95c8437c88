/* How long a look-up of a package in the advisory database takes: usage: lookup-load DATABASE <
 * NAMES, lines of an ecosystem as OSV writes it, a tab, and a package. Prints hits, misses, and the
 * processor's microseconds of one of each. The database is in the cache of the system. */
#include <stdio.h>
#include <time.h>

#include "advisory/database/database.h"
#include "base/slice.h"
#include "inventory/ecosystem.h"

#define LOOKUPS 400000u /* of each kind */

typedef struct {
  char *ecosystem, *package;
} Name;

static void
fail(const GError *error)
{
  fprintf(stderr, "lookup-load: %s\n", error->message);
  exit(1);
}

static bool
count(const AdvisoryRange *range, void *found)
{
  (*(unsigned *)found)++;
  return true;
}

static unsigned
look_up(AdvisoryDatabase *database, const Name *name)
{
  g_autoptr(GError) error = NULL;
  unsigned found = 0;
  if (!advisory_database_lookup(database, name->ecosystem, name->package, count, &found, &error))
    fail(error);
  return found;
}

static double
microseconds(void)
{
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* The mean of one look-up; 0 where there are none. */
static double
time_lookups(AdvisoryDatabase *database, const GArray *names)
{
  if (names->len == 0)
    return 0;
  double start = microseconds();
  for (unsigned i = 0; i < LOOKUPS; i++)
    look_up(database, &g_array_index(names, Name, i % names->len));
  return (microseconds() - start) / LOOKUPS;
}

int
main(int argc, char **argv)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GArray) hits = g_array_new(false, false, sizeof(Name));
  g_autoptr(GArray) misses = g_array_new(false, false, sizeof(Name));
  char line[4096];
  AdvisoryDatabase *database = advisory_database_open(argc > 1 ? argv[1] : "", &error);
  if (database == NULL)
    fail(error);
  while (fgets(line, sizeof line, stdin) != NULL) {
    g_auto(GStrv) parts = g_strsplit(g_strchomp(line), "\t", 2);
    if (g_strv_length(parts) != 2)
      continue;
    Name name = {ecosystem_from_osv(parts[0]), g_strdup(parts[1])};
    if (name.ecosystem != NULL)
      g_array_append_val(*(look_up(database, &name) > 0 ? &hits : &misses), name);
  }
  printf("%u %u %.3f %.3f\n", hits->len, misses->len, time_lookups(database, hits),
         time_lookups(database, misses));
  advisory_database_unref(database);
  return 0;
}
