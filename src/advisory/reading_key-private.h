/* What the reading of a feed's copy depends on, as one digest: the bytes of the copy, the feed's
 * settings, and this program. Reads all of the copy. */
#pragma once

#include "advisory/feed_store-private.h"

/* Of the copy at @path, a file or a folder. NULL: it cannot be told, for something cannot be read,
 * is no file, or is a folder behind a link. (transfer full) */
char *reading_key_new(const StoredFeed *feed, const char *path);
