/* The live advisory database: opened, checked, replaced; and what becomes of one that is damaged.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "advisory/update.h"
#include "base/error.h"
#include "base/log.h"
#include "base/metrics.h"
#include "jobs/event.h"
#include "pipeline/pipeline-private.h"

/* At the start, a database of that size is read whole before it is used, which takes some
 * hundredths of a second; a larger one while it is used, for what is looked up is checked anyway.
 */
#define VERIFIED_FIRST ((uint64_t)64 * 1024 * 1024)
/* Of damaged files; older ones are removed. */
#define SET_ASIDE_MOST 3u
/* Since it was written to, before a file that is not whole is moved aside. */
#define SETTLED_SECONDS 2
/* When somebody may be writing it. */
#define LOOK_SOON      ((int64_t)G_USEC_PER_SEC)
#define DAMAGED_PREFIX "advisories.db.damaged-"

METRIC(rematches,
       COUNTER("assay_rematches_total", "Times that all images were matched with new advisories."));
METRIC(rematch_seconds, GAUGE("assay_rematch_seconds", "How long the last of them took."));
METRIC(advisories_damaged,
       COUNTER("assay_advisories_damaged_total", "Databases found damaged and moved aside."));

AdvisoryDatabase *
pipeline_advisories(Pipeline *pipeline)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->live.lock);
  return pipeline->live.open == NULL ? NULL : advisory_database_ref(pipeline->live.open);
}

bool
pipeline_has_advisories(Pipeline *pipeline)
{
  g_autoptr(AdvisoryDatabase) advisories = pipeline_advisories(pipeline);
  return advisories != NULL;
}

char *
pipeline_describe_advisories(Pipeline *pipeline)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->live.lock);
  const char *damage = pipeline->live.damage, *problem = pipeline->live.problem;
  if (pipeline->live.open != NULL)
    return damage == NULL ? g_strdup("ok")
                          : g_strconcat("ok, but there was damage: ", damage, NULL);
  return problem != NULL  ? g_strdup(problem)
         : damage != NULL ? g_strdup(damage)
                          : g_strdup("none yet: run `assay db update` or `assay db import`");
}

static void
set_flag(Pipeline *pipeline, bool *flag, bool value)
{
  g_mutex_lock(&pipeline->live.lock);
  *flag = value;
  g_mutex_unlock(&pipeline->live.lock);
}

/* --- damage --- */

/* Names of damaged files end in their time: the oldest go. */
static void
remove_old_ones(const char *folder)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GDir) entries = g_dir_open(folder, 0, NULL);
  for (const char *name = entries == NULL ? NULL : g_dir_read_name(entries); name != NULL;
       name = g_dir_read_name(entries))
    if (g_str_has_prefix(name, DAMAGED_PREFIX))
      g_ptr_array_add(names, g_strdup(name));
  g_ptr_array_sort(names, text_compare);
  for (guint i = 0; i + SET_ASIDE_MOST < names->len; i++) {
    g_autofree char *path = g_build_filename(folder, g_ptr_array_index(names, i), NULL);
    if (remove(path) < 0)
      errno = 0; /* a folder with something in it is somebody's */
  }
}

/* Moves what lies at @path and is @status out of the way; *name (transfer full) is what it is
 * called now. What took its place meanwhile is left where it is. */
static bool
set_aside(const Pipeline *pipeline, const char *path, const struct stat *status, char **name,
          GError **error)
{
  g_autoptr(GDateTime) now = g_date_time_new_now_utc();
  g_autofree char *time = g_date_time_format(now, "%Y%m%dT%H%M%SZ");
  g_autofree char *moved_name =
      g_strdup_printf(DAMAGED_PREFIX "%s-%04x", time, g_random_int() & 0xffff);
  g_autofree char *moved = g_build_filename(pipeline->data_folder, moved_name, NULL);
  struct stat moved_status;
  if (renameat2(AT_FDCWD, path, AT_FDCWD, moved, RENAME_NOREPLACE) < 0)
    return error_set_errno(error, errno, "it cannot be moved aside");
  if (lstat(moved, &moved_status) == 0 &&
      (moved_status.st_ino != status->st_ino || moved_status.st_dev != status->st_dev)) {
    if (renameat2(AT_FDCWD, moved, AT_FDCWD, path, RENAME_NOREPLACE) < 0)
      return error_set_errno(error, errno, "it cannot be moved back");
    return error_set(error, ASSAY_ERROR_EXISTS, "another one took its place");
  }
  remove_old_ones(pipeline->data_folder);
  *name = g_steal_pointer(&moved_name);
  return true;
}

/* Keeps @message for /readyz, in *where; tells the log when it is another than before. */
static void
note_problem(Pipeline *pipeline, char **where, char *message)
{
  g_mutex_lock(&pipeline->live.lock);
  bool known = g_strcmp0(message, *where) == 0;
  g_free(*where);
  *where = message;
  g_autofree char *logged = known ? NULL : g_strdup(message);
  bool none = pipeline->live.open == NULL;
  g_mutex_unlock(&pipeline->live.lock);
  if (logged != NULL)
    log_error(none ? "there are no advisories: images are judged as unscanned"
                   : "the advisories that are open stay in use",
              "error", logged, NULL);
}

/* Whether it is the file itself that is no good, and will not become so. */
static bool
is_damage(const GError *failure)
{
  return g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_MISMATCH) ||
         g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_INVALID);
}

/* A file that somebody is still writing will be whole. */
static bool
is_settled(const struct stat *status)
{
  int64_t age = g_get_real_time() / G_USEC_PER_SEC - (int64_t)status->st_mtim.tv_sec;
  return age < 0 || age > SETTLED_SECONDS;
}

static void
remove_damaged(Pipeline *pipeline, const char *path, const struct stat *status,
               const GError *failure)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *name = NULL;
  if (!set_aside(pipeline, path, status, &name, &error)) {
    note_problem(pipeline, &pipeline->live.problem,
                 g_strdup_printf("%s; %s", failure->message, error->message));
    return;
  }
  metric_add(&advisories_damaged, 1);
  g_mutex_lock(&pipeline->live.lock);
  g_clear_pointer(&pipeline->live.problem, g_free);
  g_mutex_unlock(&pipeline->live.lock);
  jobs_ask(pipeline->jobs, &rebuild_job, "");
  note_problem(pipeline, &pipeline->live.damage,
               g_strdup_printf("%s; moved to %s", failure->message, name));
}

/* @failure: why what lies at @path, @status, cannot be used. */
static void
handle_failure(Pipeline *pipeline, const char *path, const struct stat *status,
               const GError *failure)
{
  if (!is_damage(failure)) {
    /* One of another version is in nobody's way: what is built anew takes its place. */
    g_mutex_lock(&pipeline->live.lock);
    bool rebuild = g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_UNSUPPORTED) &&
                   g_strcmp0(failure->message, pipeline->live.problem) != 0;
    g_mutex_unlock(&pipeline->live.lock);
    if (rebuild)
      jobs_ask(pipeline->jobs, &rebuild_job, "");
    note_problem(pipeline, &pipeline->live.problem, g_strdup(failure->message));
    return;
  }
  if (pipeline->live.watched && !is_settled(status))
    jobs_ask_at(pipeline->jobs, &look_job, "", g_get_real_time() + LOOK_SOON);
  else
    remove_damaged(pipeline, path, status, failure);
}

void
pipeline_lose_advisories(Pipeline *pipeline, AdvisoryDatabase *database, const GError *failure)
{
  g_autofree char *path = advisory_database_path(pipeline->data_folder);
  struct stat status;
  g_mutex_lock(&pipeline->live.lock);
  bool ours = pipeline->live.open == database;
  if (ours)
    pipeline->live.open = NULL;
  g_mutex_unlock(&pipeline->live.lock);
  if (!ours)
    return;
  note_problem(pipeline, &pipeline->live.problem, g_strdup(failure->message));
  if (lstat(path, &status) == 0 && advisory_database_is_at(database, path))
    handle_failure(pipeline, path, &status, failure);
  advisory_database_unref(database); /* the pipeline's */
  pipeline_rejudge(pipeline);
}

bool
advisories_lost(Pipeline *pipeline, AdvisoryDatabase *database, GError **failure)
{
  if (database == NULL || !advisory_database_is_damaged(database))
    return false;
  /* What is damaged may have been asked where there is no error to set. */
  if (*failure == NULL)
    error_set(failure, ASSAY_ERROR_MISMATCH, "the advisory database is damaged");
  pipeline_lose_advisories(pipeline, database, *failure);
  g_clear_error(failure);
  return true;
}

GPtrArray *
pipeline_feeds(Pipeline *pipeline, char **generation, GError **error)
{
  g_autoptr(AdvisoryDatabase) advisories = pipeline_advisories(pipeline);
  *generation = NULL;
  if (advisories == NULL)
    return g_ptr_array_new();
  *generation = g_strdup(advisory_database_generation(advisories));
  return advisory_database_feeds(advisories, error);
}

/* --- opening --- */

static void
use_database(Pipeline *pipeline, AdvisoryDatabase *opened)
{
  g_mutex_lock(&pipeline->live.lock);
  AdvisoryDatabase *former = pipeline->live.open;
  pipeline->live.open = opened;
  pipeline->live.recount = true; /* until it turns out that they are the same */
  /* That there was damage is told until the next start. */
  g_clear_pointer(&pipeline->live.problem, g_free);
  g_mutex_unlock(&pipeline->live.lock);
  advisory_database_unref(former);
}

/* Opens what lies at the path now; @verify: and reads all of it. False when there is none that can
 * be used. */
static bool
open_database(Pipeline *pipeline, bool verify)
{
  g_autofree char *path = advisory_database_path(pipeline->data_folder);
  g_autoptr(GError) failure = NULL;
  struct stat status;
  bool there = lstat(path, &status) == 0;
  g_autoptr(AdvisoryDatabase) opened = advisory_database_open(path, &failure);
  if (opened != NULL && (verify || advisory_database_size(opened) <= VERIFIED_FIRST) &&
      !advisory_database_verify(opened, &failure))
    g_clear_pointer(&opened, advisory_database_unref);
  if (opened != NULL) {
    use_database(pipeline, g_steal_pointer(&opened));
    return true;
  }
  if (!there || g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND))
    return false;
  /* The one that is open may be that same file, written to since. */
  g_autoptr(AdvisoryDatabase) open = pipeline_advisories(pipeline);
  if (open != NULL && advisory_database_is_at(open, path))
    pipeline_lose_advisories(pipeline, open, failure);
  else
    handle_failure(pipeline, path, &status, failure);
  return false;
}

void
advisories_open_first(Pipeline *pipeline)
{
  open_database(pipeline, false);
}

/* Reads the open database whole, where that was not done when it was opened. */
static void
verify(Pipeline *pipeline)
{
  g_autoptr(GError) failure = NULL;
  g_autoptr(AdvisoryDatabase) advisories = pipeline_advisories(pipeline);
  if (advisories != NULL && advisory_database_size(advisories) > VERIFIED_FIRST &&
      !advisory_database_verify(advisories, &failure))
    pipeline_lose_advisories(pipeline, advisories, failure);
}

/* --- matching again --- */

static void
tell_rematch(int64_t started, unsigned images)
{
  char count[16];
  g_snprintf(count, sizeof count, "%u", images);
  metric_set(&rematch_seconds, (double)(g_get_monotonic_time() - started) / G_USEC_PER_SEC);
  metric_add(&rematches, 1);
  log_info("advisories changed, images matched again", "images", count, NULL);
}

/* Asked for again while it runs, for newer advisories, it runs once more. */
static JobOutcome
rematch(Job *job, void *room, GError **error)
{
  Pipeline *pipeline = room;
  g_autoptr(GError) failure = NULL;
  int64_t started = g_get_monotonic_time();
  unsigned images = 0;
  set_flag(pipeline, &pipeline->live.recount, false);
  g_autoptr(AdvisoryDatabase) advisories = pipeline_advisories(pipeline);
  if (advisories == NULL)
    return JOB_DONE;
  if (rematch_all(pipeline->sql, advisories, job_cancellable(job), &images, &failure)) {
    tell_rematch(started, images);
    keeper_ask_all(pipeline);
    return JOB_DONE;
  }
  if (advisories_lost(pipeline, advisories, &failure))
    return JOB_DONE;
  set_flag(pipeline, &pipeline->live.recount, true);
  g_propagate_error(error, g_steal_pointer(&failure));
  return JOB_AGAIN;
}

const JobKind rematch_job = {.kind = "rematch", .at_once = 1, .back_off = 10, .run = rematch};

/* --- looking --- */

/* The advisories may have been replaced while nobody served. */
static bool
look_at_counts(Pipeline *pipeline, GError **error)
{
  g_autoptr(AdvisoryDatabase) advisories = pipeline_advisories(pipeline);
  bool stale = false;
  if (advisories == NULL)
    return true;
  if (!rematch_is_due(pipeline->sql, advisories, &stale, error))
    return false;
  set_flag(pipeline, &pipeline->live.recount, stale);
  keeper_ask_all(pipeline);
  return true;
}

static bool
has_changed(Pipeline *pipeline)
{
  g_autofree char *path = advisory_database_path(pipeline->data_folder);
  g_autoptr(AdvisoryDatabase) advisories = pipeline_advisories(pipeline);
  return advisories == NULL ? g_file_test(path, G_FILE_TEST_EXISTS)
                            : advisory_database_is_stale(advisories);
}

static bool
needs_recount(Pipeline *pipeline)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->live.lock);
  return pipeline->live.recount;
}

/* A SqlWork. The file is in use already: whoever takes the event finds it so. */
static bool
tell_updated(SqlConnection *db, void *data, GError **error)
{
  return event_tell(db, "advisories.updated", advisory_database_generation(data), NULL, error);
}

static void
use_new(Pipeline *pipeline)
{
  /* Pulls are judged by it from here on; the counts for lists follow. */
  pipeline_rejudge(pipeline);
  set_flag(pipeline, &pipeline->live.recount, true);
  pipeline->live.untold = true;
}

/* In vain: it is told at the next look. */
static bool
tell_new(Pipeline *pipeline, GError **error)
{
  g_autoptr(AdvisoryDatabase) advisories = pipeline_advisories(pipeline);
  bool told = !pipeline->live.untold || advisories == NULL ||
              sql_transact(pipeline->sql, tell_updated, advisories, error);
  pipeline->live.untold = !told;
  return told;
}

bool
advisories_are_counting(Pipeline *pipeline)
{
  return needs_recount(pipeline) || jobs_count(pipeline->jobs, &rematch_job) > 0;
}

static JobOutcome
look(Job *job, void *room, GError **error)
{
  Pipeline *pipeline = room;
  bool looked = true;
  if (!pipeline->live.verified) {
    verify(pipeline);
    looked = look_at_counts(pipeline, error);
    pipeline->live.verified = looked;
  }
  if (has_changed(pipeline) && open_database(pipeline, true))
    use_new(pipeline);
  looked = tell_new(pipeline, looked ? error : NULL) && looked;
  /* It may have been in vain. */
  if (needs_recount(pipeline))
    jobs_ask(pipeline->jobs, &rematch_job, "");
  return looked ? JOB_DONE : JOB_AGAIN;
}

/* Where the kernel tells of a new file it is seen at once. This is for the rest: a network file
 * system on which another machine wrote, and what failed and is tried again. */
static uint32_t
every_minute(const void *room)
{
  return 60;
}

const JobKind look_job = {.kind = "look-at-advisories",
                          .at_once = 1,
                          .attempts = 20,
                          .back_off = 10,
                          .every = every_minute,
                          .run = look};
