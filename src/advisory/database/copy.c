/* Taking over a feed from a database that was built before, where its source cannot be read now. */
#include <string.h>

#include "advisory/database/database-private.h"
#include "advisory/database/record-private.h"

typedef struct {
  AdvisoryDatabase *database;
  AdvisoryBuilder *builder;
  const AdvisoryFeedStatus *feed;
  GError **error;
  bool failed;
} FeedCopy;

/* Of what is known, that which is no overlay's. */
static bool
copy_details(FeedCopy *copy, const char *id)
{
  g_autoptr(AdvisoryDetails) known =
      id != NULL ? advisory_database_details(copy->database, id, NULL) : NULL;
  if (known == NULL)
    return true;
  AdvisoryDetails details = *known;
  details.epss_score = details.epss_percentile = -1;
  details.known_exploited = false;
  details.known_exploited_due = NULL;
  return advisory_builder_add_details(copy->builder, &details, copy->error);
}

static bool
copy_range(const AdvisoryRange *range, void *data)
{
  FeedCopy *copy = data;
  if (strcmp(range->feed, copy->feed->feed) != 0)
    return true;
  copy->failed = !advisory_builder_add_range(copy->builder, range, copy->error) ||
                 !copy_details(copy, range->id) || !copy_details(copy, range->vendor_id);
  return !copy->failed;
}

static bool
copy_package(Slice key, Slice record, void *data, GError **error)
{
  FeedCopy *copy = data;
  Slice ecosystem;
  /* A key that was too long does not tell its package's name any more. */
  if (key.size + 1 == RECORD_KEY_KEPT + RECORD_KEY_DIGEST || !slice_next_field(&key, 0, &ecosystem))
    return true;
  g_autofree char *name = slice_to_string(ecosystem);
  if (!database_speaks_of(copy->database, name))
    return true;
  g_autofree char *package = slice_to_string(key);
  return record_decode_ranges(record, name, package, copy_range, copy, error) && !copy->failed;
}

static bool
copy_overlay(Slice key, Slice record, void *data, GError **error)
{
  FeedCopy *copy = data;
  g_autofree char *id = slice_to_string(key);
  g_autoptr(AdvisoryDetails) known = record_decode_details(record, id, error);
  if (known == NULL)
    return false;
  AdvisoryDetails details = {.id = id, .cvss_score = -1, .epss_score = -1, .epss_percentile = -1};
  if (strcmp(copy->feed->type, "kev") == 0) {
    details.known_exploited = known->known_exploited;
    details.known_exploited_due = known->known_exploited_due;
    if (known->known_exploited) /* of all sources: which are this one's own is not kept */
      details.cwes = known->cwes;
  } else {
    details.epss_score = known->epss_score;
    details.epss_percentile = known->epss_percentile;
  }
  return advisory_builder_add_details(copy->builder, &details, error);
}

bool
advisory_builder_copy_feed(AdvisoryBuilder *builder, AdvisoryDatabase *database,
                           const AdvisoryFeedStatus *feed, GError **error)
{
  FeedCopy copy = {database, builder, feed, error, false};
  bool overlay = g_strcmp0(feed->type, "kev") == 0 || g_strcmp0(feed->type, "epss") == 0;
  return advisory_builder_begin_feed(builder, feed, error) &&
         database_visit_records(database, overlay ? 'D' : 'R',
                                overlay ? copy_overlay : copy_package, &copy, error);
}
