/* What the inspection of a small layer costs: usage: worker-load ASSAY JOBS THREADS < LAYER. Prints
 * the processor's microseconds of a job, of all processes together, and its microseconds on the
 * clock. */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/settings.h"
#include "cage/worker_process.h"
#include "inspect/inspection.h"

static unsigned jobs, threads;
static uint64_t layer_bytes;

static void *
inspect(void *limits)
{
  for (unsigned i = 0; i < jobs / threads; i++) {
    g_autoptr(GError) error = NULL;
    const InspectionInput input = {.fd = STDIN_FILENO, .size = layer_bytes};
    g_autoptr(LayerInventory) inventory = inspect_layer(&input, limits, NULL, &error);
    if (inventory == NULL) {
      fprintf(stderr, "worker-load: %s\n", error->message);
      exit(1);
    }
  }
  return NULL;
}

static double
microseconds(int who)
{
  struct rusage usage;
  getrusage(who, &usage);
  return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
         (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

int
main(int argc, char **argv)
{
  struct stat layer;
  if (argc != 4 || fstat(STDIN_FILENO, &layer) != 0)
    return 2;
  jobs = (unsigned)atoi(argv[2]);
  threads = (unsigned)atoi(argv[3]);
  layer_bytes = (uint64_t)layer.st_size;
  InspectionLimits limits;
  settings_defaults(&inspection_limits_section, &limits);
  worker_set_program(argv[1]);
  g_autofree GThread **running = g_new0(GThread *, threads);
  int64_t start = g_get_monotonic_time();
  for (unsigned i = 0; i < threads; i++)
    running[i] = g_thread_new("inspect", inspect, &limits);
  for (unsigned i = 0; i < threads; i++)
    g_thread_join(running[i]);
  double wall = (double)(g_get_monotonic_time() - start);
  /* Nothing of it runs any more, and all has been waited for. */
  worker_set_program(NULL);
  printf("%.1f %.1f\n", (microseconds(RUSAGE_SELF) + microseconds(RUSAGE_CHILDREN)) / jobs,
         wall / jobs);
  return 0;
}
