/* What a data folder has of each feed that it is to have: of the config's, of the imported ones,
 * and of those that came with an imported database. */
#pragma once

#include "advisory/advisory_settings.h"
#include "advisory/database/database.h"

typedef struct {
  char *name, *type, *source; /* the source: URL or path */
  char *source_date;          /* what the source says of itself, or NULL */
  uint64_t count;             /* statements in the database */
  int64_t updated;            /* microseconds since 1970: when it was taken; 0: never */
  int64_t checked;            /* when its source was last asked with success; 0: never */
  char *problem;              /* why its copy cannot be read, or NULL */
  char *last_error;           /* why the last try to fetch it failed, or NULL: it did not */
} FeedState;

/* (transfer full): FeedState, those that the database has first. Where a database was imported, a
 * feed of the config counts from its first update on: another machine may fetch for this one. */
GPtrArray *feed_states_load(const AdvisorySettings *settings, const char *data_folder,
                            AdvisoryDatabase *database, GError **error);
