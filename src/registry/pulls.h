/* Pulls of images: how often, when last, and by whom in which hour. A pull is an answer to GET of a
 * manifest; one that asks by If-None-Match and has it already counts, for it is in use there.
 *
 * Counts are taken in memory, where no pull waits for the disk, and written by a job within
 * seconds. What a killed process had not written is lost. An image's sum and last pull are kept as
 * long as the image; the counts by hour and name for `registry.pull_counts`.
 *
 * All but registry_note_pull() block on the database; any thread. */
#pragma once

#include "base/json_table.h"
#include "registry/registry.h"

/* What is new between two writings: more is not counted (assay_pulls_uncounted_total). */
#define PULLS_NOTED_MOST 50000u

/* The present thread's actor (jobs/actor.h) pulls the image. Never blocks; nothing happens where
 * nothing can be written. */
void registry_note_pull(Registry *registry, const char *repository, const Digest *digest);
/* Writes what was noted until now. What cannot be written stays noted. */
bool registry_write_pulls(Registry *registry, GError **error);
/* Forgets the counts of hours that are older than is kept. */
bool registry_cut_pulls(Registry *registry, GError **error);

/* What one name pulled in one hour. */
typedef struct {
  int64_t hour; /* its begin, microseconds since 1970 */
  char *who;    /* as in the audit; "" never */
  Digest digest;
  uint64_t pulls;
} PullCount;
void pull_count_free(PullCount *count);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PullCount, pull_count_free)

/* As the API has it. */
extern const JsonTable pull_count_table;

/* Of @repository, and of one image there (@digest; NULL: all); newest hour first, at most @limit
 * from @offset on. What is only noted yet is written before. (transfer full): PullCount */
GPtrArray *registry_pulls(Registry *registry, const char *repository, const char *digest,
                          int64_t limit, int64_t offset, uint64_t *total, GError **error);
