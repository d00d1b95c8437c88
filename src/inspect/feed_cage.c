/* The clean side of unpacking for feeds; worker_feed.c is the caged one. */
#include "inspect/feed_cage.h"

#include <errno.h>
#include <sys/stat.h>

#include "advisory/feeds/unpack.h"
#include "base/error.h"
#include "base/json.h"
#include "inspect/worker_process.h"

static struct {
  uint64_t memory_bytes;
  uint32_t seconds;
  bool allow_uncaged;
} settings;

static void
set_number(json_t *job, const char *key, uint64_t value)
{
  json_object_set_new(job, key, json_integer((json_int_t)MIN(value, (uint64_t)INT64_MAX)));
}

static bool
unpack_in_cage(const UnpackJob *unpack, int from, int to, GCancellable *cancellable, GError **error)
{
  struct stat status;
  if (fstat(from, &status) < 0)
    return error_set_errno(error, errno, "the archive");
  g_autoptr(json_t) job = json_object();
  json_set_string(job, "job", "feed");
  json_set_string(job, "kind", unpack->kind);
  json_set_string(job, "pattern", unpack->pattern);
  set_number(job, "limit", unpack->limit);
  set_number(job, "members", unpack->members);
  set_number(job, "size", (uint64_t)status.st_size);
  set_number(job, "memory_bytes", settings.memory_bytes);
  set_number(job, "cpu_seconds", settings.seconds);
  json_object_set_new(job, "allow_uncaged", json_boolean(settings.allow_uncaged));
  g_autoptr(json_t) answer = worker_run(job, from, to, settings.seconds, cancellable, error);
  return answer != NULL;
}

void
feed_cage_open(const ConfigLimits *limits, bool allow_uncaged)
{
  settings.memory_bytes = limits->worker_memory_bytes;
  settings.seconds = limits->layer_seconds;
  settings.allow_uncaged = allow_uncaged;
  unpack_set_door(unpack_in_cage);
}
