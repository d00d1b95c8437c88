/* What the reading of a feed's copy gave, kept beside the copies so that the next update reads only
 * what has changed: <data>/feeds/.NAME.parsed, compressed.
 *
 * It can be made again at any time, and is trusted only where it is whole (a CRC-32C of every
 * frame), of the very bytes that the copy has now (their SHA-256), of the same settings, and of the
 * same program: another one may understand a feed differently. Everything else is as if it was not
 * there. Nothing is kept where the disk has less than KEPT_READING_SPARE bytes left, nor of a feed
 * that would take more than KEPT_READING_MAX. Only called under the lock of updates. */
#pragma once

#include "advisory/feed_store-private.h"
#include "advisory/feeds/feed.h"

#define KEPT_READING_SPARE ((uint64_t)1 << 30)
#define KEPT_READING_MAX   ((uint64_t)512 * 1024 * 1024)

/* Reads the copy of @feed into @context->sink, whose notes get what is to be told: from what is
 * kept of it, or from the copy at @path, and keeps it then. What cannot be kept is no error. */
bool kept_reading_read(const StoredFeed *feed, FeedContext *context, const char *path,
                       GError **error);

/* Removes what is kept of feeds that are not in @feeds (StoredFeed *), and all of it where the disk
 * is short. */
void kept_readings_tidy(const char *data_folder, const GPtrArray *feeds);
