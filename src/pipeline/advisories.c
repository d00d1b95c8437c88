/* The live advisory database: opened, watched, replaced; and its updates by the server itself. */
#include <errno.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "advisory/update.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "pipeline/pipeline-private.h"

/* Where the kernel tells of a new file it is seen at once. This is for the rest: a network file
   system on which another machine wrote, and what failed and is tried again. */
#define WATCH_SECONDS 60
/* So that a server that was just started is left in peace, and one that restarts often asks rarely.
 */
#define FIRST_UPDATE_SECONDS 60

AdvisoryDatabase *
pipeline_advisories(Pipeline *pipeline)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->lock);
  return pipeline->advisories == NULL ? NULL : advisory_database_ref(pipeline->advisories);
}

bool
pipeline_has_advisories(Pipeline *pipeline)
{
  g_autoptr(AdvisoryDatabase) advisories = pipeline_advisories(pipeline);
  return advisories != NULL;
}

/* Opens what lies at the path now. False without *error when there is none. */
static bool
open_database(Pipeline *pipeline, GError **error)
{
  g_autofree char *path = advisory_database_path(pipeline->data_folder);
  g_autoptr(GError) failure = NULL;
  AdvisoryDatabase *opened = advisory_database_open(path, &failure);
  if (opened == NULL) {
    if (!g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND))
      g_propagate_error(error, g_steal_pointer(&failure));
    return false;
  }
  g_mutex_lock(&pipeline->lock);
  AdvisoryDatabase *former = pipeline->advisories;
  pipeline->advisories = opened;
  g_mutex_unlock(&pipeline->lock);
  advisory_database_unref(former);
  return true;
}

static void
set_recount(Pipeline *pipeline, bool recount)
{
  g_mutex_lock(&pipeline->lock);
  pipeline->recount = recount;
  g_mutex_unlock(&pipeline->lock);
}

bool
pipeline_rematch(Pipeline *pipeline, unsigned *images, GError **error)
{
  g_autoptr(GError) failure = NULL;
  int64_t started = g_get_monotonic_time();
  *images = 0;
  if (!open_database(pipeline, &failure)) {
    if (failure == NULL)
      return true;
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
  }
  /* Pulls are judged by the new database from here on; the counts for lists follow. */
  pipeline_rejudge(pipeline);
  set_recount(pipeline, true);
  g_autoptr(AdvisoryDatabase) advisories = pipeline_advisories(pipeline);
  if (!rematch_all(pipeline->sql, advisories, pipeline->stop, images, error))
    return false;
  set_recount(pipeline, false);
  g_mutex_lock(&pipeline->lock);
  pipeline->rematches++;
  pipeline->rematch_seconds = (double)(g_get_monotonic_time() - started) / G_USEC_PER_SEC;
  g_mutex_unlock(&pipeline->lock);
  return true;
}

/* The advisories may have been replaced while nobody served, or the last count broke off. */
static bool
needs_recount(Pipeline *pipeline)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->lock);
  return pipeline->recount;
}

static void
look_at_counts(Pipeline *pipeline)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(AdvisoryDatabase) advisories = pipeline_advisories(pipeline);
  bool stale = false;
  if (advisories == NULL)
    return;
  if (rematch_is_due(pipeline->sql, advisories, &stale, &error))
    set_recount(pipeline, stale);
  else
    log_error("the counts of findings cannot be read", "error", error->message, NULL);
}

static void
look_at_database(Pipeline *pipeline)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *path = advisory_database_path(pipeline->data_folder);
  g_autoptr(AdvisoryDatabase) advisories = pipeline_advisories(pipeline);
  bool changed = advisories == NULL ? g_file_test(path, G_FILE_TEST_EXISTS)
                                    : advisory_database_is_stale(advisories);
  unsigned images = 0;
  if (!changed && !needs_recount(pipeline))
    return;
  if (!pipeline_rematch(pipeline, &images, &error)) {
    if (g_cancellable_is_cancelled(pipeline->stop))
      return;
    log_error("the new advisory database cannot be used", "error", error->message, NULL);
    return;
  }
  char count[16];
  g_snprintf(count, sizeof count, "%u", images);
  log_info("advisories changed, images matched again", "images", count, NULL);
}

/* True when the time passed, false when the pipeline stops. */
static bool
sleep_seconds(const Pipeline *pipeline, uint32_t seconds)
{
  GPollFD poll_fd = pipeline->stop_poll;
  /* A long sleep in steps: g_poll() counts milliseconds in an int. */
  bool stopped = false;
  while (seconds > 0 && !stopped) {
    uint32_t step = MIN(seconds, 3600u);
    stopped = g_poll(&poll_fd, 1, (int)step * 1000) > 0;
    seconds -= step;
  }
  return !stopped;
}

/* A new database is renamed into the data folder, the first may be copied there. -1, and a line in
   the log, when it cannot be watched: it is looked at now and then all the same. */
static int
watch_folder(const Pipeline *pipeline)
{
  auto_fd int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (fd >= 0 &&
      inotify_add_watch(fd, pipeline->data_folder, IN_MOVED_TO | IN_CLOSE_WRITE | IN_ONLYDIR) >= 0)
    return fd_steal(&fd);
  log_warning("new advisories are seen late: the data folder cannot be watched", "error",
              g_strerror(errno), NULL);
  return -1;
}

/* Returns when a file came into the folder, or WATCH_SECONDS passed. False when the pipeline
   stops. */
static bool
wait_for_file(const Pipeline *pipeline, int notify_fd)
{
  GPollFD polled[2] = {pipeline->stop_poll, {.fd = notify_fd, .events = G_IO_IN}};
  g_poll(polled, notify_fd < 0 ? 1 : 2, WATCH_SECONDS * 1000);
  char events[4096];
  while (notify_fd >= 0 && read(notify_fd, events, sizeof events) > 0)
    ; /* which file it was does not matter: the database is looked at */
  return !g_cancellable_is_cancelled(pipeline->stop);
}

static void *
watch(void *data)
{
  /* From before the first look, so that nothing falls between. */
  auto_fd int notify_fd = watch_folder(data);
  pipeline_catch_up(data);
  look_at_counts(data);
  do
    look_at_database(data);
  while (wait_for_file(data, notify_fd));
  return NULL;
}

static void
update_once(Pipeline *pipeline)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(UpdateOutcome) outcome = NULL;
  if (!advisory_update(pipeline->config, pipeline->data_folder, NULL, NULL, pipeline->stop,
                       &outcome, &error)) {
    log_warning("advisories could not be updated", "error", error->message, NULL);
    return;
  }
  for (guint i = 0; i < outcome->messages->len; i++)
    log_warning("a feed could not be updated", "detail", g_ptr_array_index(outcome->messages, i),
                NULL);
}

static void *
update(void *data)
{
  Pipeline *pipeline = data;
  if (!sleep_seconds(pipeline, FIRST_UPDATE_SECONDS))
    return NULL;
  do
    update_once(pipeline);
  while (sleep_seconds(pipeline, pipeline->config->feed_interval));
  return NULL;
}

void
pipeline_start_watching(Pipeline *pipeline)
{
  g_autoptr(GError) error = NULL;
  if (!open_database(pipeline, &error) && error != NULL)
    log_error("the advisory database cannot be used", "error", error->message, NULL);
  pipeline->watcher = g_thread_new("watch-advisories", watch, pipeline);
  if (pipeline->config->feed_interval != 0)
    pipeline->updater = g_thread_new("update-advisories", update, pipeline);
}

void
pipeline_end_watching(Pipeline *pipeline)
{
  if (pipeline->watcher != NULL)
    g_thread_join(pipeline->watcher);
  if (pipeline->updater != NULL)
    g_thread_join(pipeline->updater);
  pipeline->watcher = pipeline->updater = NULL;
}
