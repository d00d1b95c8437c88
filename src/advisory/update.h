/* Bringing the database up to date: fetches what the config names, reads each feed, builds,
 * renames. A feed that cannot be had keeps what the last build knew of it (its cached download),
 * and the update says so; the others go on. Blocks for minutes. */
#pragma once

#include <gio/gio.h>

#include "advisory/database.h"
#include "base/config.h"
#include "base/progress.h"

/* <data folder>/advisories.db. (transfer full) */
char *advisory_database_path(const char *data_folder);

typedef struct {
  unsigned updated, unchanged, failed;
  GPtrArray *messages; /* char *: one line for each feed that failed, with what to do */
} UpdateOutcome;
void update_outcome_free(UpdateOutcome *outcome);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(UpdateOutcome, update_outcome_free)

/* Updates from all enabled feeds of @config, or from those named in @only (NULL-terminated). Builds
 * only when something changed. False only when no database could be built at all. (transfer full
 * outcome) */
bool advisory_update(const Config *config, const char *data_folder, const char *const *only,
                     const Progress *progress, GCancellable *cancellable, UpdateOutcome **outcome,
                     GError **error);

/* Imports a file or folder as feed @feed (type, name, ecosystem set): copied into the cache, then
 * as above. */
bool advisory_import(const Config *config, const char *data_folder, const ConfigFeed *feed,
                     const char *path, const Progress *progress, GCancellable *cancellable,
                     UpdateOutcome **outcome, GError **error);
