/* The feeds of a data folder and their copies: <data>/feeds/NAME/, with a feed.json that says what
 * the copy is of and when it was taken. Feeds are those of the config, and those that were imported
 * by hand, which no config names. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "advisory/advisory_settings.h"

#define FEED_STORE_FOLDER "feeds"

typedef struct {
  FeedSettings config; /* its own strings */
  char *folder;
  char *source;          /* where an import was copied from; NULL: config has url or path */
  char *fingerprint;     /* of a path that is read in place: names, sizes, times */
  char *problem;         /* why the copy cannot be read; NULL: it can */
  int64_t updated;       /* microseconds since 1970; 0: there is no copy yet */
  bool imported;         /* not from the config */
  bool settings_changed; /* the copy was made by other settings: what it means is not known here */
  bool unbuilt;          /* the copy may be newer than what the database has of it */
} StoredFeed;
void stored_feed_free(StoredFeed *feed);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StoredFeed, stored_feed_free)

/* (transfer full) NULL when the name cannot be a folder's. */
StoredFeed *stored_feed_new(const char *data_folder, const FeedSettings *config, GError **error);
/* Notes when the copy was made by others than @config's settings. */
void stored_feed_set_config(StoredFeed *feed, const FeedSettings *config);

/* The config's enabled feeds, and the imported ones. (transfer full): StoredFeed */
GPtrArray *stored_feeds_load(const AdvisorySettings *settings, const char *data_folder,
                             GError **error);

/* Writes feed.json. */
bool stored_feed_save(StoredFeed *feed, GError **error);

/* Keeps why the last try to fetch the feed failed, beside a copy or without one; NULL: it did not.
 * As far as the folder can be written. */
void stored_feed_note_error(const StoredFeed *feed, const char *message);
/* (transfer full) NULL: the last try did not fail, or there was none. */
char *stored_feed_last_error(const StoredFeed *feed);

/* Says something of vulnerabilities that other feeds name. */
bool stored_feed_is_overlay(const StoredFeed *feed);
/* For a feed that is read in place: whether its path is there, and changed since the last look. */
bool stored_feed_look_at_path(StoredFeed *feed, bool *changed, GError **error);

/* Makes the copy hold the file or folder @path and nothing else, with a feed.json that says so. On
 * error the former copy stays. */
bool stored_feed_copy_from(StoredFeed *feed, const char *path, GError **error);

/* The feed whose copy is in @data_folder, by its manifest; NULL when there is none. (transfer full)
 */
StoredFeed *stored_feed_look_up(const char *data_folder, const char *name);

/* The one of that name in @feeds (StoredFeed *), or NULL. (transfer none) */
StoredFeed *stored_feeds_find(const GPtrArray *feeds, const char *name);
/* Whether each of @names (NULL: none) is there; the error says which are.
 * ASSAY_ERROR_NOT_FOUND. */
bool stored_feeds_have(const GPtrArray *feeds, const char *const *names, GError **error);

/* Copies the bytes of @from to @to, whole or not at all. */
bool file_copy_whole(const char *from, const char *to, GError **error);
/* To a place that a person named: whole or not at all, or into what output_open_in_place() opens.
 */
bool file_copy_out(const char *from, const char *to, GError **error);
