/* What every feed is: a way to keep a copy of its source in a folder (fetch), and a way to read
 * that copy into statements (read). Parsing is pure: from bytes to the callbacks of a FeedSink, so
 * that each parser is a fuzz target. A record that cannot be understood is skipped and counted; a
 * file that is not what it should be at all is an error. */
#pragma once

#include <glib.h>

#include "advisory/advisory.h"
#include "advisory/advisory_settings.h"
#include "advisory/feeds/skips.h"
#include "base/cancellable.h"
#include "base/http_client.h"
#include "base/progress.h"
#include "base/slice.h"

/* Takes what a parser finds. What is passed is valid during the call. */
typedef struct {
  bool (*range)(const AdvisoryRange *range, void *data, GError **error);
  bool (*details)(const AdvisoryDetails *details, void *data, GError **error);
  /* The feed speaks of @ecosystem, though perhaps of no package in it. */
  void (*ecosystem)(const char *ecosystem, void *data);
  void (*source_date)(const char *date, void *data);
  void *data;
  FeedSkips *skips; /* why records were skipped; NULL: nobody asks */
} FeedSink;

typedef struct {
  const FeedSettings *config;
  const char *folder; /* the feed's own, below <data>/feeds; exists */
  const char *ca_file;
  HttpClient *client;
  const Progress *progress;
  Cancellable *cancellable;
  const FeedSink *sink; /* for read */
  uint64_t skipped;     /* records that could not be understood */
  GPtrArray *notes;     /* char *: what is left out of a feed that is taken; or NULL: tell nobody */
} FeedContext;

/* A public source of a type of feed, which the server reads unless the configuration has a list. */
typedef struct {
  const char *name; /* NULL: the end of the list */
  const char *url;
} FeedSource;

typedef struct {
  const char *type;
  /* Brings the copy in context->folder up to date; it stays as it was on error. */
  bool (*fetch)(FeedContext *context, bool *changed, GError **error);
  /* Reads the copy at @path: the folder, or a file or folder that the operator named. */
  bool (*read)(FeedContext *context, const char *path, GError **error);
  const FeedSource *sources; /* or NULL */
} FeedType;

/* NULL-terminated. */
extern const FeedType *const feed_types[];
/* "debian-tracker, osv or kev". (transfer full) */
char *feed_types_in_words(void);

/* NULL when there is no such type. */
const FeedType *feed_type_find(const char *type);

/* The largest file that a feed may be, packed or unpacked. */
#define FEED_FILE_MAX      ((size_t)2 << 30)
#define FEED_RETRIES       3
#define FEED_FILES_MAX     2000000u
#define FEED_DEPTH_MAX     4u
#define FEED_MANIFEST_NAME "feed.json"  /* update.c's note on where the copy is from */
#define FEED_DATA_NAME     "data"       /* the one file of a feed that has one */
#define FEED_ERROR_NAME    "last-error" /* why the last fetch failed; absent when it did not */
#define FEED_LISTING_NAME  "listing"    /* what leads to the feed's files */

/* What one advisory may come to: its vulnerabilities times its packages and their intervals. Five
 * million take a gigabyte while the database is built, and a few lines may ask for billions. */
#define FEED_STATEMENTS_MAX 5000000u

bool feed_sink_add_range(const FeedSink *sink, const AdvisoryRange *range, GError **error);
bool feed_sink_add_details(const FeedSink *sink, const AdvisoryDetails *details, GError **error);
void feed_sink_add_ecosystem(const FeedSink *sink, const char *ecosystem);
void feed_sink_set_source_date(const FeedSink *sink, const char *date);

/* A record, or a part of one, that could not be understood: @format says why. Always true: the feed
 * is read on. */
bool feed_skip(const FeedSink *sink, uint64_t *skipped, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/* Details with every number unknown. */
#define ADVISORY_DETAILS_UNKNOWN                                                                   \
  ((AdvisoryDetails){.cvss_score = -1, .epss_score = -1, .epss_percentile = -1})

/* Fetches the config's url into <folder>/data. */
bool feed_fetch_one_file(FeedContext *context, bool *changed, GError **error);

/* The bytes of a short file at @url that leads to others, kept as <folder>/listing. (transfer full)
 */
GBytes *feed_fetch_listing(FeedContext *context, const char *url, size_t limit, GError **error);

/* The bytes of @path, or of its file FEED_DATA_NAME when it is a folder, unpacked when they are
 * gzip, xz, zstd or bzip2. (transfer full) */
GBytes *feed_read_one_file(const char *path, GError **error);

/* Parses what feed_read_one_file() gives of @path, with the feed's own ecosystem. */
typedef bool (*FeedParser)(Slice text, const char *ecosystem, const FeedSink *sink,
                           uint64_t *skipped, GError **error);
bool feed_parse_file(FeedContext *context, const char *path, FeedParser parse, GError **error);

/* Calls @read for @path when it is a file, for its FEED_DATA_NAME when it has one, else for each
 * file below it whose name ends in @suffix, in the order of their names. */
typedef bool (*FeedFileReader)(FeedContext *context, const char *path, GError **error);
bool feed_read_each_file(const char *path, const char *suffix, FeedFileReader read,
                         FeedContext *context, GError **error);
