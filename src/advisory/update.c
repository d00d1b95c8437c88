/* Bringing the database up to date: which feeds there are, fetching them, building from their
 * copies. A feed whose new copy cannot be read keeps its statements of the last build. */
#include "advisory/update.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "advisory/feed_store-private.h"
#include "advisory/feeds/feed.h"
#include "advisory/file-private.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"

char *
advisory_database_path(const char *data_folder)
{
  return g_build_filename(data_folder, "advisories.db", NULL);
}

/* The database that was imported last: its feeds are in every build that has no copy of them. */
static char *
base_database_path(const char *data_folder)
{
  return g_build_filename(data_folder, FEED_STORE_FOLDER, ".imported.db", NULL);
}

void
update_outcome_free(UpdateOutcome *outcome)
{
  if (outcome == NULL)
    return;
  g_clear_pointer(&outcome->messages, g_ptr_array_unref);
  g_free(outcome);
}

static UpdateOutcome *
new_outcome(void)
{
  UpdateOutcome *outcome = g_new0(UpdateOutcome, 1);
  outcome->messages = g_ptr_array_new_with_free_func(g_free);
  return outcome;
}

/* One update's state. */
typedef struct {
  const char *data_folder;
  const char *ca_file;
  const Progress *progress;
  GCancellable *cancellable;
  GPtrArray *feeds; /* StoredFeed */
  UpdateOutcome *outcome;
  bool changed; /* a copy is newer than the database */
} Update;

static void
tell_failure(Update *update, const char *feed, const char *problem)
{
  update->outcome->failed++;
  g_ptr_array_add(update->outcome->messages, g_strdup_printf("%s: %s", feed, problem));
}

static FeedContext
make_context(const Update *update, const StoredFeed *feed)
{
  return (FeedContext){.config = &feed->config,
                       .folder = feed->folder,
                       .ca_file = update->ca_file,
                       .progress = update->progress,
                       .cancellable = update->cancellable,
                       .messages = update->outcome->messages};
}

/* Fetches one feed; a failure is told and counted, and leaves its last copy in use. */
static void
fetch_feed(Update *update, StoredFeed *feed)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(HttpClient) client = http_client_new(update->ca_file);
  FeedContext context = make_context(update, feed);
  context.client = client;
  bool changed = false, fetched = true;
  auto_fd int folder = directory_open(feed->folder, &error);
  if (folder < 0)
    fetched = false;
  else if (feed->config.url != NULL)
    fetched = feed_type_find(feed->config.type)->fetch(&context, &changed, &error);
  else
    fetched = stored_feed_look_at_path(feed, &changed, &error);
  /* A copy that was made by other settings is another copy. */
  changed |= feed->updated == 0 || feed->settings_changed;
  if (fetched) {
    feed->updated = g_get_real_time();
    fetched = stored_feed_save(feed, &error);
  }
  if (!fetched) {
    tell_failure(update, feed->config.name, error->message);
    return;
  }
  update->changed |= changed;
  if (!changed && feed->problem != NULL)
    tell_failure(update, feed->config.name, feed->problem);
  else if (changed)
    update->outcome->updated++;
  else
    update->outcome->unchanged++;
}

static bool
give_range(const AdvisoryRange *range, void *builder, GError **error)
{
  return advisory_builder_add_range(builder, range, error);
}

static bool
give_details(const AdvisoryDetails *details, void *builder, GError **error)
{
  return advisory_builder_add_details(builder, details, error);
}

static void
give_ecosystem(const char *ecosystem, void *builder)
{
  advisory_builder_add_ecosystem(builder, ecosystem);
}

static void
give_source_date(const char *date, void *builder)
{
  advisory_builder_set_source_date(builder, date);
}

static AdvisoryFeedStatus *
find_status(const GPtrArray *feeds, const char *name)
{
  for (guint i = 0; feeds != NULL && i < feeds->len; i++) {
    AdvisoryFeedStatus *status = feeds->pdata[i];
    if (strcmp(status->feed, name) == 0)
      return status;
  }
  return NULL;
}

/* What @last had of a feed whose copy cannot be read, as old as it was; nothing without it. */
static bool
keep_feed(AdvisoryBuilder *builder, AdvisoryDatabase *last, const char *name, GError **error)
{
  g_autoptr(GPtrArray) known = last != NULL ? advisory_database_feeds(last, NULL) : NULL;
  const AdvisoryFeedStatus *status = find_status(known, name);
  advisory_builder_drop_feed(builder);
  return status == NULL || advisory_builder_copy_feed(builder, last, status, error);
}

/* Remembers whether the copy can be read, for updates that find it unchanged. */
static bool
note_problem(StoredFeed *feed, const char *problem, GError **error)
{
  if (g_strcmp0(feed->problem, problem) == 0)
    return true;
  g_free(feed->problem);
  feed->problem = g_strdup(problem);
  return stored_feed_save(feed, error);
}

/* Reads one feed's copy into the build. */
static bool
read_feed(Update *update, AdvisoryBuilder *builder, AdvisoryDatabase *last, StoredFeed *feed,
          GError **error)
{
  g_autoptr(GError) failure = NULL;
  const FeedSink sink = {give_range, give_details, give_ecosystem, give_source_date, builder};
  FeedContext context = make_context(update, feed);
  context.sink = &sink;
  AdvisoryFeedStatus status = {
      .feed = feed->config.name,
      .type = feed->config.type,
      .source = feed->source != NULL
                    ? feed->source
                    : (feed->config.url != NULL ? feed->config.url : feed->config.path),
      .updated = feed->updated};
  progress_tell(update->progress, feed->config.name, 0, 0);
  if (!advisory_builder_begin_feed(builder, &status, error))
    return false;
  const char *path = feed->config.path != NULL ? feed->config.path : feed->folder;
  if (feed_type_find(feed->config.type)->read(&context, path, &failure)) {
    if (context.skipped > 0)
      g_ptr_array_add(update->outcome->messages,
                      g_strdup_printf("%s: %" G_GUINT64_FORMAT " records could not be understood",
                                      feed->config.name, context.skipped));
    return note_problem(feed, NULL, error);
  }
  tell_failure(update, feed->config.name, failure->message);
  return note_problem(feed, failure->message, error) &&
         keep_feed(builder, last, feed->config.name, error);
}

/* Reads what is at @path, and gives it to nobody. */
static bool
try_to_read(const Update *update, const StoredFeed *feed, const char *path, GError **error)
{
  const FeedSink nowhere = {0};
  FeedContext context = make_context(update, feed);
  context.sink = &nowhere;
  if (feed_type_find(feed->config.type)->read(&context, path, error))
    return true;
  g_prefix_error(error, "%s: ", feed->config.name);
  return false;
}

/* Which feeds of @base, an imported database, no copy takes the place of. (transfer full):
 * AdvisoryFeedStatus */
static GPtrArray *
list_base_feeds(const Update *update, AdvisoryDatabase *base)
{
  GPtrArray *feeds = base != NULL ? advisory_database_feeds(base, NULL) : NULL;
  for (guint i = 0; feeds != NULL && i < update->feeds->len; i++) {
    const StoredFeed *feed = update->feeds->pdata[i];
    AdvisoryFeedStatus *status = find_status(feeds, feed->config.name);
    if (status != NULL && feed->updated != 0)
      g_ptr_array_remove(feeds, status);
  }
  return feeds;
}

/* Whether @last was built from exactly the feeds that have a copy now, and those of the base. */
static bool
has_same_feeds(const Update *update, AdvisoryDatabase *last, const GPtrArray *base_feeds)
{
  g_autoptr(GPtrArray) known = advisory_database_feeds(last, NULL);
  guint count = 0;
  for (guint i = 0; known != NULL && i < update->feeds->len; i++) {
    const StoredFeed *feed = update->feeds->pdata[i];
    bool found = find_status(known, feed->config.name) != NULL;
    if (feed->updated != 0 && !found && feed->problem == NULL)
      return false;
    count += feed->updated != 0 && found;
  }
  for (guint i = 0; known != NULL && base_feeds != NULL && i < base_feeds->len; i++) {
    const AdvisoryFeedStatus *imported = base_feeds->pdata[i];
    const AdvisoryFeedStatus *built = find_status(known, imported->feed);
    count += built != NULL && built->updated == imported->updated;
  }
  return known != NULL && known->len == count;
}

static bool
read_all_feeds(Update *update, AdvisoryBuilder *builder, AdvisoryDatabase *last,
               AdvisoryDatabase *base, const GPtrArray *base_feeds, GError **error)
{
  for (guint i = 0; base_feeds != NULL && i < base_feeds->len; i++) {
    progress_tell(update->progress, "copying the imported database", i, base_feeds->len);
    if (!advisory_builder_copy_feed(builder, base, base_feeds->pdata[i], error))
      return false;
  }
  /* Overlays last: the first text about a vulnerability is kept, and theirs are the shortest. */
  guint count = update->feeds->len;
  for (guint i = 0; i < 2 * count; i++) {
    StoredFeed *feed = update->feeds->pdata[i % count];
    if (g_cancellable_is_cancelled(update->cancellable))
      return error_set(error, ASSAY_ERROR_CANCELLED, "cancelled");
    if (feed->updated != 0 && stored_feed_is_overlay(feed) == (i >= count) &&
        !read_feed(update, builder, last, feed, error)) {
      g_prefix_error(error, "%s: ", feed->config.name);
      return false;
    }
  }
  return true;
}

static bool
set_no_feed(const Update *update, GError **error)
{
  const GPtrArray *messages = update->outcome->messages;
  return error_set(
      error, ASSAY_ERROR_NETWORK, "no feed could be had, so there is no advisory database%s%s",
      messages->len > 0 ? ": " : "", messages->len > 0 ? (const char *)messages->pdata[0] : "");
}

static bool
build(Update *update, GError **error)
{
  g_autofree char *path = advisory_database_path(update->data_folder);
  g_autofree char *base_path = base_database_path(update->data_folder);
  g_autoptr(AdvisoryDatabase) last = advisory_database_open(path, NULL);
  g_autoptr(AdvisoryDatabase) base = advisory_database_open(base_path, NULL);
  g_autoptr(GPtrArray) base_feeds = list_base_feeds(update, base);
  guint copies = 0;
  for (guint i = 0; i < update->feeds->len; i++)
    copies += ((const StoredFeed *)update->feeds->pdata[i])->updated != 0;
  if (copies == 0 && last == NULL)
    return set_no_feed(update, error);
  /* Nothing new, or nothing to build from: what is there stays. */
  if (copies == 0 || (!update->changed && last != NULL && has_same_feeds(update, last, base_feeds)))
    return true;
  g_autoptr(AdvisoryBuilder) builder = advisory_builder_new(path, error);
  if (builder == NULL || !read_all_feeds(update, builder, last, base, base_feeds, error))
    return false;
  if (advisory_builder_feed_count(builder) == 0)
    return set_no_feed(update, error);
  progress_tell(update->progress, "building the database", 0, 0);
  return advisory_builder_finish(builder, error);
}

/* What a killed build left beside the database. Only called under the lock. */
static void
remove_remains(const char *folder)
{
  g_autoptr(GDir) entries = g_dir_open(folder, 0, NULL);
  for (const char *name = entries != NULL ? g_dir_read_name(entries) : NULL; name != NULL;
       name = g_dir_read_name(entries)) {
    g_autofree char *path = g_build_filename(folder, name, NULL);
    if ((g_str_has_prefix(name, "advisories.db.") || g_str_has_prefix(name, ".imported.db.")) &&
        g_str_has_suffix(name, ".new"))
      unlink(path);
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

static StoredFeed *
find_feed(const GPtrArray *feeds, const char *name)
{
  for (guint i = 0; i < feeds->len; i++) {
    StoredFeed *feed = feeds->pdata[i];
    if (strcmp(feed->config.name, name) == 0)
      return feed;
  }
  return NULL;
}

bool
advisory_update(const Config *config, const char *data_folder, const char *const *only,
                const Progress *progress, GCancellable *cancellable, UpdateOutcome **outcome,
                GError **error)
{
  g_autoptr(UpdateOutcome) result = new_outcome();
  auto_fd int lock = lock_feeds(data_folder, error);
  if (lock < 0)
    return false;
  g_autoptr(GPtrArray) feeds = stored_feeds_load(config, data_folder, error);
  if (feeds == NULL)
    return false;
  Update update = {.data_folder = data_folder,
                   .ca_file = config->ca_file,
                   .progress = progress,
                   .cancellable = cancellable,
                   .feeds = feeds,
                   .outcome = result};
  for (guint i = 0; only != NULL && only[i] != NULL; i++)
    if (find_feed(feeds, only[i]) == NULL)
      return error_set(error, ASSAY_ERROR_NOT_FOUND,
                       "there is no feed \"%s\" (`assay db status` lists them)", only[i]);
  for (guint i = 0; i < feeds->len; i++) {
    StoredFeed *feed = feeds->pdata[i];
    if (only != NULL && only[0] != NULL && !g_strv_contains(only, feed->config.name))
      continue;
    if (g_cancellable_is_cancelled(cancellable))
      return error_set(error, ASSAY_ERROR_CANCELLED, "cancelled");
    /* What was imported by hand stays as it is until it is imported again. */
    if (feed->config.url != NULL || feed->config.path != NULL)
      fetch_feed(&update, feed);
  }
  if (!build(&update, error))
    return false;
  *outcome = g_steal_pointer(&result);
  return true;
}

bool
advisory_import(const Config *config, const char *data_folder, const ConfigFeed *feed,
                const char *path, const Progress *progress, GCancellable *cancellable,
                UpdateOutcome **outcome, GError **error)
{
  g_autoptr(UpdateOutcome) result = new_outcome();
  if (feed_type_find(feed->type) == NULL)
    return error_set(error, ASSAY_ERROR_INVALID, "there is no feed type \"%s\"",
                     feed->type != NULL ? feed->type : "");
  auto_fd int lock = lock_feeds(data_folder, error);
  if (lock < 0)
    return false;
  g_autoptr(GPtrArray) feeds = stored_feeds_load(config, data_folder, error);
  if (feeds == NULL)
    return false;
  StoredFeed *stored = find_feed(feeds, feed->name);
  if (stored == NULL || !stored->imported) {
    if (stored != NULL)
      g_ptr_array_remove(feeds, stored);
    stored = stored_feed_new(data_folder, feed, error);
    if (stored == NULL)
      return false;
    g_ptr_array_add(feeds, stored);
  }
  stored_feed_set_config(stored, feed);
  stored->imported = true;
  g_clear_pointer(&stored->problem, g_free); /* a new try */
  Update update = {.data_folder = data_folder,
                   .ca_file = config->ca_file,
                   .progress = progress,
                   .cancellable = cancellable,
                   .feeds = feeds,
                   .outcome = result,
                   .changed = true};
  if (path != NULL) {
    /* What cannot be read must not take the place of a copy that can. */
    if (!try_to_read(&update, stored, path, error))
      return false;
    if (!stored_feed_copy_from(stored, path, error))
      return false;
    stored->updated = g_get_real_time();
    if (!stored_feed_save(stored, error))
      return false;
    result->updated++;
  } else {
    fetch_feed(&update, stored);
  }
  if (!build(&update, error))
    return false;
  *outcome = g_steal_pointer(&result);
  return true;
}

bool
advisory_export(const char *data_folder, const char *path, GError **error)
{
  g_autofree char *live = advisory_database_path(data_folder);
  g_autoptr(AdvisoryDatabase) database = advisory_database_open(live, error);
  /* The file at the path never changes, it is only replaced: an open copy is one content. */
  return database != NULL && file_copy_whole(live, path, error);
}

bool
advisory_import_database(const Config *config, const char *data_folder, const char *path,
                         const Progress *progress, UpdateOutcome **outcome, GError **error)
{
  g_autoptr(UpdateOutcome) result = new_outcome();
  auto_fd int lock = lock_feeds(data_folder, error);
  if (lock < 0 || !advisory_database_verify(path, error))
    return false;
  g_autoptr(AdvisoryDatabase) readable = advisory_database_open(path, error);
  g_autoptr(GPtrArray) feeds = stored_feeds_load(config, data_folder, error);
  g_autofree char *live = advisory_database_path(data_folder);
  g_autofree char *base = base_database_path(data_folder);
  if (readable == NULL || feeds == NULL || !file_copy_whole(path, base, error) ||
      !file_link_over(base, live, error))
    return false;
  /* The feeds that are here besides. */
  Update update = {.data_folder = data_folder,
                   .progress = progress,
                   .feeds = feeds,
                   .outcome = result,
                   .changed = true};
  if (!build(&update, error))
    return false;
  *outcome = g_steal_pointer(&result);
  return true;
}

int64_t
advisory_feed_checked(const char *data_folder, const char *name, char **problem)
{
  g_autoptr(StoredFeed) feed = stored_feed_look_up(data_folder, name);
  if (feed == NULL)
    return 0;
  *problem = g_strdup(feed->problem);
  return feed->updated;
}

bool
advisory_is_database_file(const char *path)
{
  auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
  return fd >= 0 && database_file_check_size(fd, path, NULL);
}
