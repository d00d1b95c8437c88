/* What the two halves of an update share: update.c gets the feeds' copies, update_build.c builds
 * the database from them. */
#pragma once

#include "advisory/feed_store-private.h"
#include "advisory/feeds/feed.h"
#include "advisory/update.h"

/* One update's state. */
typedef struct {
  const char *data_folder;
  const char *ca_file;
  const Progress *progress;
  Cancellable *cancellable;
  GPtrArray *feeds; /* StoredFeed */
  UpdateOutcome *outcome;
  bool changed; /* build, whatever the copies are */
} Update;

/* The database that was imported last: its feeds are in every build that has no copy of them.
 * (transfer full) */
char *update_base_path(const char *data_folder);

void update_tell_failure(Update *update, const char *feed, const char *problem);
FeedContext update_make_context(const Update *update, const StoredFeed *feed);

/* How many feeds have a copy. */
guint update_count_copies(const Update *update);

/* Builds the database and puts it in place, if a copy is newer than what it has, or other feeds
 * have one. */
bool update_build(Update *update, GError **error);
