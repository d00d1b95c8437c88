/* Why records of a feed could not be understood: an update names the reasons, and how many records
 * there are for each. Not thread-safe. */
#pragma once

#include <glib.h>
#include <stdint.h>

typedef struct FeedSkips FeedSkips;
FeedSkips *feed_skips_new(void);
void feed_skips_free(FeedSkips *skips);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FeedSkips, feed_skips_free)

/* @reason may hold what the feed says; it is cut and made printable. */
void feed_skips_add(FeedSkips *skips, const char *reason);

/* "9079 records could not be understood: the release sarge is not known (1611), ..."; NULL when
 * there are none. (transfer full) */
char *feed_skips_in_words(const FeedSkips *skips);
