/* What the reading of a feed gives, as bytes: the calls that a parser makes of a FeedSink, one
 * after the other, so that they can be made again without the feed. Pure; bytes may be any. */
#pragma once

#include "advisory/feeds/feed.h"

void feed_log_add_range(GByteArray *log, const AdvisoryRange *range);
void feed_log_add_details(GByteArray *log, const AdvisoryDetails *details);
void feed_log_add_ecosystem(GByteArray *log, const char *ecosystem);
void feed_log_add_source_date(GByteArray *log, const char *date);
/* One of the context's notes. */
void feed_log_add_note(GByteArray *log, const char *note);

/* Makes the calls of @log, which holds whole ones, and adds the notes to @notes. False with *error
 * set: a call failed, or the log is none (ASSAY_ERROR_CHANGED). */
bool feed_log_replay(Slice log, const FeedSink *sink, GPtrArray *notes, GError **error);
