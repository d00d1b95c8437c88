/* Building the database from the feeds' copies. A feed whose new copy cannot be read keeps its
 * statements of the last build. */
#include <string.h>

#include "advisory/kept_reading-private.h"
#include "advisory/update-private.h"
#include "base/error.h"

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
  g_autoptr(FeedSkips) skips = feed_skips_new();
  const FeedSink sink = {give_range,       give_details, give_ecosystem,
                         give_source_date, builder,      skips};
  FeedContext context = update_make_context(update, feed);
  context.sink = &sink;
  if (feed->settings_changed)
    return keep_feed(builder, last, feed->config.name, error);
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
  if (kept_reading_read(feed, &context, path, &failure))
    return note_problem(feed, NULL, error);
  /* Of what was kept, and not of the feed. */
  if (g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_CHANGED)) {
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
  }
  update_tell_failure(update, feed->config.name, failure->message);
  advisory_builder_drop_feed(builder);
  return note_problem(feed, failure->message, error) &&
         keep_feed(builder, last, feed->config.name, error);
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

/* Whether a copy is newer than the database. */
static bool
has_news(const Update *update)
{
  bool news = update->changed;
  for (guint i = 0; i < update->feeds->len; i++)
    news |= ((const StoredFeed *)update->feeds->pdata[i])->unbuilt;
  return news;
}

/* What cannot be noted is built again next time. */
static void
note_built(const Update *update)
{
  for (guint i = 0; i < update->feeds->len; i++) {
    StoredFeed *feed = update->feeds->pdata[i];
    if (!feed->unbuilt || feed->settings_changed)
      continue;
    feed->unbuilt = false;
    stored_feed_save(feed, NULL);
  }
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
    if (built == NULL || built->updated != imported->updated)
      return false;
    count++;
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
    if (cancellable_is_cancelled(update->cancellable))
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

guint
update_count_copies(const Update *update)
{
  guint copies = 0;
  for (guint i = 0; i < update->feeds->len; i++)
    copies += ((const StoredFeed *)update->feeds->pdata[i])->updated != 0;
  return copies;
}

/* A whole database, or NULL; *damaged: there is one, which cannot be built on. */
static AdvisoryDatabase *
open_whole(Update *update, const char *path, bool *damaged)
{
  g_autoptr(GError) error = NULL;
  AdvisoryDatabase *database = advisory_database_open_verified(path, &error);
  *damaged = database == NULL && !g_error_matches(error, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND);
  if (*damaged)
    g_ptr_array_add(update->outcome->messages,
                    g_strdup_printf("%s; it is not built on", error->message));
  return database;
}

bool
update_build(Update *update, GError **error)
{
  if (cancellable_is_cancelled(update->cancellable))
    return error_set(error, ASSAY_ERROR_CANCELLED, "cancelled");
  bool damaged, base_damaged;
  g_autofree char *path = advisory_database_path(update->data_folder);
  g_autofree char *base_path = update_base_path(update->data_folder);
  g_autoptr(AdvisoryDatabase) last = open_whole(update, path, &damaged);
  g_autoptr(AdvisoryDatabase) base = open_whole(update, base_path, &base_damaged);
  /* The last build has what was imported, too. */
  if (base_damaged && last != NULL)
    base = advisory_database_ref(last);
  g_autoptr(GPtrArray) base_feeds = list_base_feeds(update, base);
  guint copies = update_count_copies(update);
  if (copies == 0 && last == NULL && base != NULL)
    return file_copy_whole(base_path, path, error);
  if (copies == 0 && last == NULL)
    return set_no_feed(update, error);
  /* Nothing new, or nothing to build from: what is there stays. */
  if (copies == 0 ||
      (!has_news(update) && last != NULL && has_same_feeds(update, last, base_feeds)))
    return true;
  g_autoptr(AdvisoryBuilder) builder = advisory_builder_new(path, error);
  if (builder == NULL || !read_all_feeds(update, builder, last, base, base_feeds, error))
    return false;
  if (advisory_builder_feed_count(builder) == 0)
    return set_no_feed(update, error);
  progress_tell(update->progress, "building the database", 0, 0);
  if (!advisory_builder_finish(builder, error))
    return false;
  note_built(update);
  kept_readings_tidy(update->data_folder, update->feeds);
  return true;
}
