/* What keeps the advisories fresh: a job that watches the data folder for a new database, one that
 * updates it from the feeds or a registry, one that builds a damaged one anew. */
#include <errno.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "advisory/update.h"
#include "artifact/advisories.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "pipeline/pipeline-private.h"

/* --- watching --- */

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
  if (inotify_add_watch(notify_fd, path, IN_MODIFY) < 0)
    errno = 0; /* there is none */
}

/* Runs until the stop. */
static JobOutcome
watch(Job *job, void *room, GError **error)
{
  Pipeline *pipeline = room;
  char events[4096];
  auto_fd int notify_fd = watch_folder(pipeline);
  GPollFD polled[2] = {{.fd = cancellable_descriptor(job_cancellable(job)), .events = G_IO_IN},
                       {.fd = notify_fd, .events = G_IO_IN}};
  if (notify_fd < 0 || polled[0].fd < 0)
    return JOB_DONE;
  while (!job_cancelled(job)) {
    /* Before the look, so that nothing falls between. */
    watch_file(pipeline, notify_fd);
    jobs_ask(pipeline->jobs, &look_job, "");
    g_poll(polled, G_N_ELEMENTS(polled), -1);
    while (read(notify_fd, events, sizeof events) > 0)
      ; /* which file it was does not matter: the database is looked at */
  }
  return JOB_DONE;
}

const JobKind watch_job = {.kind = "watch-advisories", .at_once = 1, .run = watch};

/* --- updating --- */

static void
log_messages(const UpdateOutcome *outcome)
{
  for (guint i = 0; i < outcome->messages->len; i++)
    log_warning("a feed could not be updated", "detail", g_ptr_array_index(outcome->messages, i),
                NULL);
  for (guint i = 0; i < outcome->notes->len; i++)
    log_info("a feed was taken, with a remark", "detail", g_ptr_array_index(outcome->notes, i),
             NULL);
}

/* A database that was damaged is built anew from the feeds' copies; it is seen as any new one. */
static JobOutcome
rebuild(Job *job, void *room, GError **error)
{
  const Pipeline *pipeline = room;
  g_autoptr(UpdateOutcome) outcome = NULL;
  if (!advisory_rebuild(pipeline->options.advisories, pipeline->data_folder, job_cancellable(job),
                        &outcome, error)) {
    bool others_update = g_error_matches(*error, ASSAY_ERROR, ASSAY_ERROR_BUSY);
    g_prefix_error(error, "the advisory database cannot be built anew%s: ",
                   others_update ? "" : ": run `assay db update`, or import it again");
    return others_update ? JOB_AGAIN : JOB_FAILED;
  }
  log_messages(outcome);
  log_info("the advisory database was built anew from the feeds' copies", NULL);
  return JOB_DONE;
}

const JobKind rebuild_job = {
    .kind = "rebuild-advisories", .at_once = 1, .back_off = 10, .run = rebuild};

static void
tell_progress(const char *what, uint64_t done, uint64_t total, void *job)
{
  job_progress(job, done, total);
}

static JobOutcome
update(Job *job, void *room, GError **error)
{
  const Pipeline *pipeline = room;
  const Progress progress = {tell_progress, job};
  g_autoptr(UpdateOutcome) outcome = NULL;
  if (!advisories_update(pipeline->options.advisories, pipeline->data_folder, NULL, &progress,
                         job_cancellable(job), &outcome, error)) {
    g_prefix_error(error, "advisories could not be updated: ");
    return JOB_AGAIN;
  }
  log_messages(outcome);
  return JOB_DONE;
}

static uint32_t
feed_interval(const void *room)
{
  return ((const Pipeline *)room)->options.advisories->feed_interval;
}

/* A server that was just started is left in peace, and one that restarts often asks rarely. */
const JobKind update_job = {.kind = "update",
                            .at_once = 1,
                            .attempts = 3,
                            .lease = 300,
                            .back_off = 300,
                            .first = 60,
                            .every = feed_interval,
                            .kept = true,
                            .run = update};
