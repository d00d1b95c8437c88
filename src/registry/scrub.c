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
  GThread *thread;
  GMutex lock; /* guards the rest */
  GCond wake;
  bool stopping;
  GQueue asked;      /* char *: digests */
  GHashTable *known; /* digests that were asked for or looked at in this round */
};

/* False when it is time to stop. */
static bool
sleep_until(Scrub *scrub, int64_t end, bool also_when_asked)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&scrub->lock);
  while (!scrub->stopping && !(also_when_asked && scrub->asked.length > 0) &&
         g_get_monotonic_time() < end)
    g_cond_wait_until(&scrub->wake, &scrub->lock, end);
  return !scrub->stopping;
}

static bool
pace(size_t bytes, void *data)
{
  Scrub *scrub = data;
  double seconds = (double)bytes / (double)scrub->rate;
  return sleep_until(scrub, g_get_monotonic_time() + (int64_t)(seconds * G_USEC_PER_SEC), false);
}

static void
check(Scrub *scrub, const Digest *digest)
{
  g_autoptr(GError) error = NULL;
  BlobCheck result = registry_check_blob(scrub->registry, digest, pace, scrub, &error);
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
check_asked(Scrub *scrub)
{
  for (;;) {
    Digest digest;
    g_mutex_lock(&scrub->lock);
    g_autofree char *text = scrub->stopping ? NULL : g_queue_pop_head(&scrub->asked);
    g_mutex_unlock(&scrub->lock);
    if (text == NULL)
      return;
    if (digest_parse(text, &digest, NULL))
      check(scrub, &digest);
  }
}

/* False when it is time to stop. */
static bool
check_folder(Scrub *scrub, unsigned folder)
{
  DigestAlgorithm algorithm = folder < FOLDERS / 2 ? DIGEST_SHA256 : DIGEST_SHA512;
  g_autoptr(GArray) blobs =
      blob_store_list(scrub->registry->blobs, algorithm, (uint8_t)(folder % (FOLDERS / 2)));
  for (guint i = 0; i < blobs->len; i++) {
    const Digest *digest = &g_array_index(blobs, Digest, i);
    check_asked(scrub);
    g_mutex_lock(&scrub->lock);
    bool stopping = scrub->stopping, fresh = note_known(scrub, digest->text);
    g_mutex_unlock(&scrub->lock);
    if (stopping)
      return false;
    if (fresh)
      check(scrub, digest);
  }
  return true;
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

static void *
run(void *data)
{
  Scrub *scrub = data;
  file_remove_remains(AT_FDCWD, scrub->data_folder, PLACE_NAME);
  unsigned folder = read_place(scrub);
  int64_t begun = g_get_monotonic_time();
  while (check_folder(scrub, folder)) {
    check_asked(scrub);
    folder = (folder + 1) % FOLDERS;
    if (folder % 16 == 0)
      write_place(scrub, folder);
    if (folder != 0)
      continue;
    for (int64_t next = begun + ROUND; g_get_monotonic_time() < next;) {
      if (!sleep_until(scrub, next, true))
        return NULL;
      check_asked(scrub);
    }
    begun = g_get_monotonic_time();
    g_mutex_lock(&scrub->lock);
    g_hash_table_remove_all(scrub->known);
    g_mutex_unlock(&scrub->lock);
  }
  return NULL;
}

Scrub *
scrub_new(Registry *registry, const char *data_folder, uint64_t bytes_per_second)
{
  Scrub *scrub = g_new0(Scrub, 1);
  scrub->registry = registry;
  scrub->data_folder = g_strdup(data_folder);
  scrub->rate = bytes_per_second;
  g_mutex_init(&scrub->lock);
  g_cond_init(&scrub->wake);
  g_queue_init(&scrub->asked);
  scrub->known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  if (scrub->rate != 0)
    scrub->thread = g_thread_new("scrub", run, scrub);
  return scrub;
}

void
scrub_ask(Scrub *scrub, const Digest *digest)
{
  if (scrub->thread == NULL)
    return;
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&scrub->lock);
  if (scrub->asked.length >= ASKED_MAX || !note_known(scrub, digest->text))
    return;
  g_queue_push_tail(&scrub->asked, g_strdup(digest->text));
  g_cond_signal(&scrub->wake);
}

void
scrub_free(Scrub *scrub)
{
  if (scrub == NULL)
    return;
  g_mutex_lock(&scrub->lock);
  scrub->stopping = true;
  g_cond_signal(&scrub->wake);
  g_mutex_unlock(&scrub->lock);
  if (scrub->thread != NULL)
    g_thread_join(scrub->thread);
  g_queue_clear_full(&scrub->asked, g_free);
  g_hash_table_unref(scrub->known);
  g_mutex_clear(&scrub->lock);
  g_cond_clear(&scrub->wake);
  g_free(scrub->data_folder);
  g_free(scrub);
}
