/* Bringing the database up to date: which feeds there are, fetching them, importing them; building
 * from their copies is in update_build.c. */
#include "advisory/update.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "advisory/feeds/feed.h"
#include "advisory/update-private.h"
#include "base/error.h"
#include "base/fd.h"

#define LOCK_WAIT (G_USEC_PER_SEC / 5)

void
update_outcome_free(UpdateOutcome *outcome)
{
  if (outcome == NULL)
    return;
  g_clear_pointer(&outcome->messages, g_ptr_array_unref);
  g_clear_pointer(&outcome->notes, g_ptr_array_unref);
  g_free(outcome);
}

static UpdateOutcome *
new_outcome(void)
{
  UpdateOutcome *outcome = g_new0(UpdateOutcome, 1);
  outcome->messages = g_ptr_array_new_with_free_func(g_free);
  outcome->notes = g_ptr_array_new_with_free_func(g_free);
  return outcome;
}

/* Notes that the copy may be newer than the database from here on, so that an update that is killed
 * is resumed. A copy that is not there yet, or is of other settings, needs no note. */
static bool
begin_fetch(StoredFeed *feed, GError **error)
{
  if (feed->updated == 0 || feed->settings_changed)
    return true;
  feed->unbuilt = true;
  return stored_feed_save(feed, error);
}

/* Takes note of what a fetch brought, which may be a part of it. */
static bool
end_fetch(StoredFeed *feed, bool fetched, bool unbuilt, GError **error)
{
  if (!fetched && (feed->updated == 0 || feed->settings_changed))
    return false;
  feed->unbuilt = unbuilt;
  if (!fetched) {
    stored_feed_save(feed, NULL);
    return false;
  }
  feed->updated = g_get_real_time();
  feed->settings_changed = false;
  g_clear_pointer(&feed->source, g_free); /* of a former import */
  return stored_feed_save(feed, error);
}

/* Fetches one feed; a failure is told and counted, and leaves its last copy in use. */
static void
fetch_feed(Update *update, StoredFeed *feed)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(HttpClient) client = http_client_new(update->ca_file);
  FeedContext context = update_make_context(update, feed);
  context.client = client;
  /* A copy that was made by other settings is another copy. */
  bool other = feed->updated == 0 || feed->settings_changed, was_unbuilt = feed->unbuilt;
  bool changed = false, fetched = true;
  auto_fd int folder = directory_open(feed->folder, &error);
  if (folder < 0 || !begin_fetch(feed, &error))
    fetched = false;
  else if (feed->config.url != NULL)
    fetched = feed_type_find(feed->config.type)->fetch(&context, &changed, &error);
  else
    fetched = stored_feed_look_at_path(feed, &changed, &error);
  changed |= was_unbuilt || (fetched && other);
  fetched = end_fetch(feed, fetched, changed, &error);
  stored_feed_note_error(feed, fetched ? NULL : error->message);
  if (!fetched) {
    update_tell_failure(update, feed->config.name, error->message);
    return;
  }
  if (!changed && feed->problem != NULL)
    update_tell_failure(update, feed->config.name, feed->problem);
  else if (changed)
    update->outcome->updated++;
  else
    update->outcome->unchanged++;
}

/* Reads what is at @path, and gives it to nobody. */
static bool
try_to_read(const Update *update, const StoredFeed *feed, const char *path, GError **error)
{
  const FeedSink nowhere = {0};
  FeedContext context = update_make_context(update, feed);
  context.sink = &nowhere;
  context.notes = NULL; /* the build tells it */
  if (feed_type_find(feed->config.type)->read(&context, path, error))
    return true;
  g_prefix_error(error, "%s: ", feed->config.name);
  return false;
}

/* What a killed build or import left in the data folder or among the feeds. Only called under the
 * lock. */
static void
remove_remains(const char *folder)
{
  g_autoptr(GDir) entries = g_dir_open(folder, 0, NULL);
  for (const char *name = entries != NULL ? g_dir_read_name(entries) : NULL; name != NULL;
       name = g_dir_read_name(entries)) {
    g_autofree char *path = g_build_filename(folder, name, NULL);
    if ((g_str_has_prefix(name, "advisories.db.") || name[0] == '.') &&
        g_str_has_suffix(name, ".new"))
      directory_remove(AT_FDCWD, path, NULL);
  }
}

/* One update at a time: the lock is held while the returned fd is open. */
static int
lock_feeds(const char *data_folder, GError **error)
{
  g_autofree char *feeds = g_build_filename(data_folder, FEED_STORE_FOLDER, NULL);
  g_autofree char *path = g_build_filename(feeds, ".lock", NULL);
  auto_fd int folder = directory_open(feeds, error);
  if (folder < 0)
    return -1;
  auto_fd int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) {
    error_set_errno(error, errno, "%s", path);
    return -1;
  }
  if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
    error_set(error, ASSAY_ERROR_BUSY, "another update of the advisory database is running");
    return -1;
  }
  remove_remains(data_folder);
  remove_remains(feeds);
  return fd_steal(&fd);
}

/* Fetches and builds, under the lock. */
static bool
update_locked(const AdvisorySettings *settings, const char *data_folder, const char *const *only,
              const Progress *progress, Cancellable *cancellable, UpdateOutcome *outcome,
              GError **error)
{
  g_autoptr(GPtrArray) feeds = stored_feeds_load(settings, data_folder, error);
  if (feeds == NULL)
    return false;
  Update update = {.data_folder = data_folder,
                   .ca_file = settings->ca_file,
                   .progress = progress,
                   .cancellable = cancellable,
                   .feeds = feeds,
                   .outcome = outcome};
  if (!stored_feeds_have(feeds, only, error))
    return false;
  for (guint i = 0; i < feeds->len; i++) {
    StoredFeed *feed = feeds->pdata[i];
    if (only != NULL && only[0] != NULL && !g_strv_contains(only, feed->config.name))
      continue;
    if (cancellable_is_cancelled(cancellable))
      return error_set(error, ASSAY_ERROR_CANCELLED, "cancelled");
    /* What was imported by hand stays as it is until it is imported again. */
    if (feed->config.url != NULL || feed->config.path != NULL)
      fetch_feed(&update, feed);
  }
  return update_build(&update, error);
}

bool
advisory_update(const AdvisorySettings *settings, const char *data_folder, const char *const *only,
                const Progress *progress, Cancellable *cancellable, UpdateOutcome **outcome,
                GError **error)
{
  g_autoptr(UpdateOutcome) result = new_outcome();
  auto_fd int lock = lock_feeds(data_folder, error);
  if (lock < 0 || !update_locked(settings, data_folder, only, progress, cancellable, result, error))
    return false;
  *outcome = g_steal_pointer(&result);
  return true;
}

/* The lock, however long another has it. -1 as lock_feeds(). */
static int
wait_for_feeds(const char *data_folder, const Progress *progress, Cancellable *cancellable,
               GError **error)
{
  for (;;) {
    g_autoptr(GError) failure = NULL;
    int lock = lock_feeds(data_folder, &failure);
    if (lock >= 0)
      return lock;
    if (!g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_BUSY)) {
      g_propagate_error(error, g_steal_pointer(&failure));
      return -1;
    }
    if (cancellable_is_cancelled(cancellable)) {
      error_set(error, ASSAY_ERROR_CANCELLED, "cancelled");
      return -1;
    }
    progress_tell(progress, "waiting for another update of the advisories", 0, 0);
    g_usleep(LOCK_WAIT);
  }
}

bool
advisory_update_missing(const AdvisorySettings *settings, const char *data_folder,
                        const Progress *progress, Cancellable *cancellable, UpdateOutcome **outcome,
                        GError **error)
{
  g_autoptr(UpdateOutcome) result = new_outcome();
  auto_fd int lock = wait_for_feeds(data_folder, progress, cancellable, error);
  if (lock < 0)
    return false;
  g_autofree char *path = advisory_database_path(data_folder);
  if (!g_file_test(path, G_FILE_TEST_EXISTS) &&
      !update_locked(settings, data_folder, NULL, progress, cancellable, result, error))
    return false;
  *outcome = g_steal_pointer(&result);
  return true;
}

/* An import under a name that another one has, which nobody may have meant: the names of those that
 * have none are those of their types. */
static void
tell_replaced(UpdateOutcome *outcome, const StoredFeed *stored, const char *url, const char *path)
{
  g_autofree char *absolute = path != NULL ? g_canonicalize_filename(path, NULL) : NULL;
  const char *from = stored->source != NULL ? stored->source : stored->config.url;
  if (stored->updated != 0 && from != NULL && g_strcmp0(from, path != NULL ? absolute : url) != 0)
    g_ptr_array_add(outcome->notes,
                    g_strdup_printf("%s: takes the place of what came from %s; with another --name "
                                    "both are kept",
                                    stored->config.name, from));
}

bool
advisory_import(const AdvisorySettings *settings, const char *data_folder, const FeedSettings *feed,
                const char *path, const Progress *progress, Cancellable *cancellable,
                UpdateOutcome **outcome, GError **error)
{
  g_autoptr(UpdateOutcome) result = new_outcome();
  if (feed_type_find(feed->type) == NULL) {
    g_autofree char *types = feed_types_in_words();
    return error_set(error, ASSAY_ERROR_INVALID, "there is no feed type \"%s\", but %s",
                     feed->type != NULL ? feed->type : "", types);
  }
  auto_fd int lock = lock_feeds(data_folder, error);
  if (lock < 0)
    return false;
  g_autoptr(GPtrArray) feeds = stored_feeds_load(settings, data_folder, error);
  if (feeds == NULL)
    return false;
  StoredFeed *stored = stored_feeds_find(feeds, feed->name);
  if (stored == NULL || !stored->imported) {
    if (stored != NULL)
      g_ptr_array_remove(feeds, stored);
    stored = stored_feed_new(data_folder, feed, error);
    if (stored == NULL)
      return false;
    g_ptr_array_add(feeds, stored);
  }
  tell_replaced(result, stored, feed->url, path);
  stored_feed_set_config(stored, feed);
  stored->imported = true;
  g_clear_pointer(&stored->problem, g_free); /* a new try */
  Update update = {.data_folder = data_folder,
                   .ca_file = settings->ca_file,
                   .progress = progress,
                   .cancellable = cancellable,
                   .feeds = feeds,
                   .outcome = result,
                   .changed = true};
  if (path != NULL) {
    /* What cannot be read must not take the place of a copy that can. */
    if (!try_to_read(&update, stored, path, error) || !stored_feed_copy_from(stored, path, error))
      return false;
    result->updated++;
  } else {
    fetch_feed(&update, stored);
  }
  if (!update_build(&update, error))
    return false;
  *outcome = g_steal_pointer(&result);
  return true;
}

bool
advisory_export(const char *data_folder, const char *path, GError **error)
{
  g_autofree char *live = advisory_database_path(data_folder);
  g_autoptr(AdvisoryDatabase) database = advisory_database_open_verified(live, error);
  /* The file at the path never changes, it is only replaced: an open copy is one content. */
  return database != NULL && file_copy_out(live, path, error);
}

bool
advisory_import_database(const AdvisorySettings *settings, const char *data_folder,
                         const char *path, const Progress *progress, UpdateOutcome **outcome,
                         GError **error)
{
  g_autoptr(UpdateOutcome) result = new_outcome();
  auto_fd int lock = lock_feeds(data_folder, error);
  if (lock < 0)
    return false;
  g_autoptr(AdvisoryDatabase) readable = advisory_database_open_verified(path, error);
  g_autoptr(GPtrArray) feeds = stored_feeds_load(settings, data_folder, error);
  g_autofree char *live = advisory_database_path(data_folder);
  g_autofree char *base = update_base_path(data_folder);
  if (readable == NULL || feeds == NULL || !file_copy_whole(path, base, error))
    return false;
  Update update = {.data_folder = data_folder,
                   .progress = progress,
                   .feeds = feeds,
                   .outcome = result,
                   .changed = true};
  /* With the feeds that are here besides; until they are joined, what was live is not worse. A
   * copy, and no second name: what befalls one file leaves the other. */
  if (update_count_copies(&update) > 0 ? !update_build(&update, error)
                                       : !file_copy_whole(base, live, error))
    return false;
  *outcome = g_steal_pointer(&result);
  return true;
}

/* --- a database that is fetched --- */

int64_t
advisory_newest_feed(AdvisoryDatabase *database)
{
  int64_t newest = 0;
  g_autoptr(GPtrArray) feeds = advisory_database_feeds(database, NULL);
  for (guint i = 0; feeds != NULL && i < feeds->len; i++)
    newest = MAX(newest, ((const AdvisoryFeedStatus *)feeds->pdata[i])->updated);
  return newest;
}

static bool
check_newer(AdvisoryDatabase *offered, AdvisoryDatabase *present, const AdvisoryOffer *offer,
            GError **error)
{
  int64_t made = advisory_newest_feed(offered), had = advisory_newest_feed(present);
  if (offer->force || made >= had)
    return true;
  g_autoptr(GDateTime) then = g_date_time_new_from_unix_utc(made / G_USEC_PER_SEC);
  g_autoptr(GDateTime) now = g_date_time_new_from_unix_utc(had / G_USEC_PER_SEC);
  g_autofree char *offered_time = then == NULL ? NULL : g_date_time_format_iso8601(then);
  g_autofree char *present_time = now == NULL ? NULL : g_date_time_format_iso8601(now);
  return error_set(error, ASSAY_ERROR_DENIED,
                   "it is of %s, and older than what is here, which is of %s (--force takes it)",
                   offered_time, present_time);
}

/* Has it written to @path, checks it, and puts it to the imported one's place. */
static bool
take_offer(const char *path, const char *base_path, AdvisoryDatabase *present,
           const AdvisoryOffer *offer, GError **error)
{
  auto_fd int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0)
    return error_set_errno(error, errno, "%s", path);
  if (!offer->fetch(fd, offer->data, error))
    return false;
  g_autoptr(AdvisoryDatabase) offered = advisory_database_open_verified(path, error);
  if (offered == NULL || (present != NULL && !check_newer(offered, present, offer, error)))
    return false;
  if (fsync(fd) < 0 || rename(path, base_path) < 0)
    return error_set_errno(error, errno, "%s", base_path);
  g_autofree char *folder = g_path_get_dirname(base_path);
  return directory_sync(AT_FDCWD, folder, error);
}

/* What was taken last; where no feed has a copy, that may have been put there by hand. Feeds with a
 * copy are built from it, whatever is taken. NULL: nothing, or nothing whole. */
static AdvisoryDatabase *
open_present(const Update *update, const char *base_path, const char *live_path)
{
  AdvisoryDatabase *base = advisory_database_open(base_path, NULL);
  return base != NULL || update_count_copies(update) > 0 ? base
                                                         : advisory_database_open(live_path, NULL);
}

bool
advisory_take_database(const AdvisorySettings *settings, const char *data_folder,
                       const AdvisoryOffer *offer, const Progress *progress,
                       Cancellable *cancellable, UpdateOutcome **outcome, GError **error)
{
  g_autoptr(UpdateOutcome) result = new_outcome();
  auto_fd int lock = lock_feeds(data_folder, error);
  g_autoptr(GPtrArray) feeds = lock < 0 ? NULL : stored_feeds_load(settings, data_folder, error);
  if (feeds == NULL)
    return false;
  g_autofree char *live = advisory_database_path(data_folder);
  g_autofree char *base = update_base_path(data_folder);
  g_autofree char *fetched = g_strdup_printf("%s.%08x.new", base, g_random_int());
  Update update = {.data_folder = data_folder,
                   .progress = progress,
                   .cancellable = cancellable,
                   .feeds = feeds,
                   .outcome = result};
  g_autoptr(AdvisoryDatabase) present = open_present(&update, base, live);
  bool known = present != NULL && offer->generation != NULL && !offer->force &&
               strcmp(advisory_database_generation(present), offer->generation) == 0;
  if (!known && !take_offer(fetched, base, present, offer, error)) {
    unlink(fetched);
    g_prefix_error(error, "%s: ", offer->name);
    return false;
  }
  result->updated = known ? 0 : 1;
  result->unchanged = known ? 1 : 0;
  update.changed = !known;
  if (known || update_count_copies(&update) > 0 ? !update_build(&update, error)
                                                : !file_copy_whole(base, live, error))
    return false;
  *outcome = g_steal_pointer(&result);
  return true;
}

bool
advisory_rebuild(const AdvisorySettings *settings, const char *data_folder,
                 Cancellable *cancellable, UpdateOutcome **outcome, GError **error)
{
  g_autoptr(UpdateOutcome) result = new_outcome();
  auto_fd int lock = lock_feeds(data_folder, error);
  g_autoptr(GPtrArray) feeds = lock < 0 ? NULL : stored_feeds_load(settings, data_folder, error);
  if (feeds == NULL)
    return false;
  Update update = {.data_folder = data_folder,
                   .cancellable = cancellable,
                   .feeds = feeds,
                   .outcome = result,
                   .changed = true};
  if (!update_build(&update, error))
    return false;
  *outcome = g_steal_pointer(&result);
  return true;
}

/* Damaged or of another version, too, so that it is not taken for a feed's file. */
bool
advisory_is_database_file(const char *path)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(AdvisoryDatabase) database = advisory_database_open(path, &error);
  return database != NULL || g_error_matches(error, ASSAY_ERROR, ASSAY_ERROR_MISMATCH) ||
         g_error_matches(error, ASSAY_ERROR, ASSAY_ERROR_UNSUPPORTED);
}
