/* The scrub; see the header. */
#include "registry/scrub.h"

#include <fcntl.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/metrics.h"
#include "registry/registry-private.h"

#define PLACE_NAME "scrub"
#define PLACE_MAX  64
#define FOLDERS    512u /* 256 of each algorithm */
#define ROUND      ((int64_t)24 * 3600 * G_USEC_PER_SEC)
/* At once, of those that were served; the round comes to the others. */
#define ASKED_MAX 256u
#define KNOWN_MAX 20000u

METRIC(blobs_checked, COUNTER("assay_blobs_checked_total", "Stored blobs read again."));
METRIC(blobs_damaged,
       COUNTER("assay_blobs_damaged_total", "Of these, found damaged and set aside."));

struct Scrub {
  Registry *registry;
  char *data_folder;
  uint64_t rate;
  Jobs *jobs;
  /* The job's: the folder that is next, and when its round may begin (g_get_monotonic_time()). */
  unsigned folder;
  int64_t begins;
  bool rests;        /* the round before is over */
  GMutex lock;       /* guards the rest */
  GQueue asked;      /* char *: digests */
  GHashTable *known; /* digests that were asked for or looked at in this round */
};

/* What registry_check_blob() paces itself by. */
typedef struct {
  Job *job;
  uint64_t rate;
} Pace;

static bool
pace(size_t bytes, void *data)
{
  const Pace *pace = data;
  double seconds = (double)bytes / (double)pace->rate;
  return job_sleep(pace->job, g_get_monotonic_time() + (int64_t)(seconds * G_USEC_PER_SEC));
}

static void
check(Scrub *scrub, Job *job, const Digest *digest)
{
  g_autoptr(GError) error = NULL;
  Pace at = {job, scrub->rate};
  BlobCheck result = registry_check_blob(scrub->registry, digest, pace, &at, &error);
  metric_add(&blobs_checked, result == BLOB_WHOLE || result == BLOB_DAMAGED);
  metric_add(&blobs_damaged, result == BLOB_DAMAGED);
  if (result == BLOB_DAMAGED)
    log_error("a blob is damaged and was set aside; push it again", "digest", digest->text, "error",
              error->message, NULL);
  else if (result == BLOB_UNCHECKED && error != NULL)
    log_warning("a blob could not be checked", "digest", digest->text, "error", error->message,
                NULL);
}

/* True when it was not known yet. */
static bool
note_known(Scrub *scrub, const char *digest)
{
  if (g_hash_table_size(scrub->known) >= KNOWN_MAX)
    g_hash_table_remove_all(scrub->known);
  return g_hash_table_add(scrub->known, g_strdup(digest));
}

static void
check_asked(Scrub *scrub, Job *job)
{
  for (;;) {
    Digest digest;
    g_mutex_lock(&scrub->lock);
    g_autofree char *text = job_cancelled(job) ? NULL : g_queue_pop_head(&scrub->asked);
    g_mutex_unlock(&scrub->lock);
    if (text == NULL)
      return;
    if (digest_parse(text, &digest, NULL))
      check(scrub, job, &digest);
  }
}

/* False when it was cancelled. */
static bool
check_folder(Scrub *scrub, Job *job)
{
  unsigned folder = scrub->folder;
  DigestAlgorithm algorithm = folder < FOLDERS / 2 ? DIGEST_SHA256 : DIGEST_SHA512;
  g_autoptr(GArray) blobs =
      blob_store_list(scrub->registry->blobs, algorithm, (uint8_t)(folder % (FOLDERS / 2)));
  for (guint i = 0; i < blobs->len; i++) {
    const Digest *digest = &g_array_index(blobs, Digest, i);
    check_asked(scrub, job);
    g_mutex_lock(&scrub->lock);
    bool fresh = note_known(scrub, digest->text);
    g_mutex_unlock(&scrub->lock);
    if (job_cancelled(job))
      return false;
    if (fresh)
      check(scrub, job, digest);
  }
  return !job_cancelled(job);
}

/* --- the place in the round --- */

static unsigned
read_place(const Scrub *scrub)
{
  uint64_t place = 0;
  g_autofree char *path = g_build_filename(scrub->data_folder, PLACE_NAME, NULL);
  g_autoptr(GBytes) bytes = file_read(AT_FDCWD, path, PLACE_MAX, NULL);
  if (bytes == NULL || !slice_to_uint64(slice_strip(slice_from_bytes(bytes)), &place))
    return 0;
  return (unsigned)(place % FOLDERS);
}

static void
write_place(const Scrub *scrub, unsigned folder)
{
  char text[16];
  g_autofree char *path = g_build_filename(scrub->data_folder, PLACE_NAME, NULL);
  g_snprintf(text, sizeof text, "%u\n", folder);
  /* Without it the next start begins anew. */
  file_replace(AT_FDCWD, path, slice_from_string(text), 0600, NULL);
}

static const JobKind scrub_job;

static void
begin_round(Scrub *scrub)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&scrub->lock);
  g_hash_table_remove_all(scrub->known);
  scrub->rests = false;
}

/* One folder. Between two rounds, only what is asked for. */
static JobOutcome
run(Job *job, void *room, GError **error)
{
  Scrub *scrub = room;
  check_asked(scrub, job);
  int64_t left = scrub->begins - g_get_monotonic_time();
  if (left > 0) {
    jobs_ask_at(scrub->jobs, &scrub_job, "", g_get_real_time() + left);
    return JOB_DONE;
  }
  if (scrub->rests)
    begin_round(scrub);
  if (!check_folder(scrub, job))
    return JOB_AGAIN;
  scrub->folder = (scrub->folder + 1) % FOLDERS;
  if (scrub->folder % 16 == 0)
    write_place(scrub, scrub->folder);
  job_progress(job, scrub->folder, FOLDERS);
  if (scrub->folder == 0) {
    scrub->rests = true;
    /* A day after it began, or at once: what took longer is not made up for. */
    scrub->begins = MAX(scrub->begins + ROUND, g_get_monotonic_time());
  }
  return JOB_AGAIN;
}

static const JobKind scrub_job = {.kind = "scrub", .at_once = 1, .run = run};

Scrub *
scrub_new(Registry *registry, const char *data_folder, uint64_t bytes_per_second, Jobs *jobs)
{
  static const JobKind *const kinds[] = {&scrub_job, NULL};
  Scrub *scrub = g_new0(Scrub, 1);
  scrub->registry = registry;
  scrub->data_folder = g_strdup(data_folder);
  scrub->rate = bytes_per_second;
  g_mutex_init(&scrub->lock);
  g_queue_init(&scrub->asked);
  scrub->known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  scrub->jobs = jobs;
  scrub->begins = g_get_monotonic_time();
  if (scrub->rate == 0)
    return scrub;
  scrub->folder = read_place(scrub);
  jobs_add(jobs, kinds, scrub);
  jobs_ask(jobs, &scrub_job, "");
  return scrub;
}

void
scrub_ask(Scrub *scrub, const Digest *digest)
{
  if (scrub->rate == 0)
    return;
  g_mutex_lock(&scrub->lock);
  bool fresh = scrub->asked.length < ASKED_MAX && note_known(scrub, digest->text);
  if (fresh)
    g_queue_push_tail(&scrub->asked, g_strdup(digest->text));
  g_mutex_unlock(&scrub->lock);
  if (fresh)
    jobs_ask(scrub->jobs, &scrub_job, "");
}

void
scrub_free(Scrub *scrub)
{
  if (scrub == NULL)
    return;
  g_queue_clear_full(&scrub->asked, g_free);
  g_hash_table_unref(scrub->known);
  g_mutex_clear(&scrub->lock);
  g_free(scrub->data_folder);
  g_free(scrub);
}
