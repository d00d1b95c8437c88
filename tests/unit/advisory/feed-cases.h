/* A table of what a parser makes of a text, in one line a statement or details, and how it is run.
 */
#pragma once

#include "advisory/feeds/feeds.h"

typedef struct {
  const char *name;
  FeedParser parse;
  const char *text, *expected; /* NULL: the whole is an error */
  uint64_t skipped;
} FeedCase;

/* Callbacks of a FeedSink whose data is a GString. */
bool feed_case_write_range(const AdvisoryRange *range, void *data, GError **error);
bool feed_case_write_details(const AdvisoryDetails *details, void *data, GError **error);

void feed_cases_run(const FeedCase *cases, size_t count);
/* Archives are unpacked by the program $ASSAY_PROGRAM, as in the real one. */
void feed_cases_open_cage(void);

void feed_cases_run_against_errors(const FeedCase *cases, size_t count);
