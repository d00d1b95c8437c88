/* The threads that keep the advisories fresh: one watches the data folder for a new database, one
 * updates it. */
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
/* When somebody may be writing it. */
#define LOOK_SOON_SECONDS 1
/* So that a server that was just started is left in peace, and one that restarts often asks rarely.
 */
#define FIRST_UPDATE_SECONDS 60

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
      inotify_add_watch(fd, pipeline->data_folder,
                        IN_MOVED_TO | IN_CREATE | IN_CLOSE_WRITE | IN_ATTRIB | IN_ONLYDIR) >= 0)
    return fd_steal(&fd);
  log_warning("new advisories are seen late: the data folder cannot be watched", "error",
              g_strerror(errno), NULL);
  return -1;
}

/* The file at the path itself, too: nobody should write to it, and who cuts it closes nothing. */
static void
watch_file(const Pipeline *pipeline, int notify_fd)
{
  g_autofree char *path = advisory_database_path(pipeline->data_folder);
  if (notify_fd >= 0 && inotify_add_watch(notify_fd, path, IN_MODIFY) < 0)
    errno = 0; /* there is none */
}

/* Returns when a file came into the folder, or some time passed. False when the pipeline stops. */
static bool
wait_for_file(Pipeline *pipeline, int notify_fd)
{
  GPollFD polled[2] = {pipeline->stop_poll, {.fd = notify_fd, .events = G_IO_IN}};
  bool soon = advisories_take_look_soon(pipeline);
  g_poll(polled, notify_fd < 0 ? 1 : 2, (soon ? LOOK_SOON_SECONDS : WATCH_SECONDS) * 1000);
  char events[4096];
  while (notify_fd >= 0 && read(notify_fd, events, sizeof events) > 0)
    ; /* which file it was does not matter: the database is looked at */
  return !g_cancellable_is_cancelled(pipeline->stop);
}

static void
log_messages(const UpdateOutcome *outcome)
{
  for (guint i = 0; i < outcome->messages->len; i++)
    log_warning("a feed could not be updated", "detail", g_ptr_array_index(outcome->messages, i),
                NULL);
}

/* A database that was damaged is built anew from the feeds' copies; it is seen as any new one. */
static void
rebuild(Pipeline *pipeline)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(UpdateOutcome) outcome = NULL;
  if (!advisories_take_rebuild(pipeline))
    return;
  if (advisory_rebuild(pipeline->options.advisories, pipeline->data_folder, pipeline->stop,
                       &outcome, &error)) {
    log_messages(outcome);
    log_info("the advisory database was built anew from the feeds' copies", NULL);
  } else if (!g_cancellable_is_cancelled(pipeline->stop)) {
    log_warning("the advisory database cannot be built anew: run `assay db update`, or import it "
                "again",
                "error", error->message, NULL);
  }
}

static void *
watch(void *data)
{
  Pipeline *pipeline = data;
  /* From before the first look, so that nothing falls between. */
  auto_fd int notify_fd = watch_folder(pipeline);
  pipeline_catch_up(pipeline);
  advisories_verify(pipeline);
  advisories_look_at_counts(pipeline);
  do {
    watch_file(pipeline, notify_fd);
    advisories_look(pipeline);
    rebuild(pipeline);
  } while (wait_for_file(pipeline, notify_fd));
  return NULL;
}

static void
update_once(Pipeline *pipeline)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(UpdateOutcome) outcome = NULL;
  if (!advisory_update(pipeline->options.advisories, pipeline->data_folder, NULL, NULL,
                       pipeline->stop, &outcome, &error)) {
    log_warning("advisories could not be updated", "error", error->message, NULL);
    return;
  }
  log_messages(outcome);
}

static void *
update(void *data)
{
  Pipeline *pipeline = data;
  if (!sleep_seconds(pipeline, FIRST_UPDATE_SECONDS))
    return NULL;
  do
    update_once(pipeline);
  while (sleep_seconds(pipeline, pipeline->options.advisories->feed_interval));
  return NULL;
}

void
pipeline_start_watching(Pipeline *pipeline)
{
  advisories_open_first(pipeline);
  pipeline->watcher_runs = true;
  pipeline->watcher = g_thread_new("watch-advisories", watch, pipeline);
  if (pipeline->options.advisories->feed_interval != 0)
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
