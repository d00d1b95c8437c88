/* Bringing the database up to date: fetches what the config names, reads each feed, builds,
 * renames. A feed that cannot be had keeps what the last build knew of it (its cached download),
 * and the update says so; the others go on. Blocks for minutes. */
#pragma once

#include <glib.h>

#include "advisory/advisory_settings.h"
#include "advisory/database/database.h"
#include "base/cancellable.h"
#include "base/progress.h"

/* <data folder>/advisories.db. (transfer full) */
char *advisory_database_path(const char *data_folder);

typedef struct {
  unsigned updated, unchanged, failed;
  GPtrArray *messages; /* char *: one line for each feed that failed, with what to do */
  GPtrArray *notes;    /* char *: what is left out of a feed that was taken, and other remarks; each
                          names its feed */
} UpdateOutcome;
void update_outcome_free(UpdateOutcome *outcome);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(UpdateOutcome, update_outcome_free)

/* Updates from all enabled feeds of @settings, or from those named in @only (NULL-terminated).
 * Builds only when something changed. False only when no database could be built at all. (transfer
 * full outcome) */
bool advisory_update(const AdvisorySettings *settings, const char *data_folder,
                     const char *const *only, const Progress *progress, Cancellable *cancellable,
                     UpdateOutcome **outcome, GError **error);

/* The same from all enabled feeds where there is no database yet, after waiting for an update that
 * is running. With one there, nothing is done, and the outcome counts nothing. */
bool advisory_update_missing(const AdvisorySettings *settings, const char *data_folder,
                             const Progress *progress, Cancellable *cancellable,
                             UpdateOutcome **outcome, GError **error);

/* Imports a file or folder as feed @feed (name, type, and what the type needs): copied into the
 * cache, then as above. With @path NULL the feed's url is fetched. The feed stays, without being in
 * the config: an update builds with it, and fetches it again when it has a url. */
bool advisory_import(const AdvisorySettings *settings, const char *data_folder,
                     const FeedSettings *feed, const char *path, const Progress *progress,
                     Cancellable *cancellable, UpdateOutcome **outcome, GError **error);

/* Builds the database anew from the copies that are here, asking nobody: for one that was damaged.
 * ASSAY_ERROR_NETWORK: there are none, nor an imported database. (transfer full outcome) */
bool advisory_rebuild(const AdvisorySettings *settings, const char *data_folder,
                      Cancellable *cancellable, UpdateOutcome **outcome, GError **error);

/* Copies the database to the file @path, whole: for sites without a network. */
bool advisory_export(const char *data_folder, const char *path, GError **error);
/* Takes an exported database, after checking that every byte is as it was: ASSAY_ERROR_MISMATCH,
 * _INVALID. Its feeds stay until another database is imported; a feed that this data folder has a
 * copy of takes the place of the one of the same name. (transfer full outcome) */
bool advisory_import_database(const AdvisorySettings *settings, const char *data_folder,
                              const char *path, const Progress *progress, UpdateOutcome **outcome,
                              GError **error);

/* A database that somebody else has, and that is fetched into a file of ours. */
typedef struct {
  const char *name;       /* for messages */
  const char *generation; /* as it is told; or NULL */
  bool force;             /* also one that is older, or is here already */
  /* Writes it to the empty file @fd, whole. */
  bool (*fetch)(int fd, void *data, GError **error);
  void *data;
} AdvisoryOffer;
/* Fetches it under the lock of updates, checks it as above, and takes it. One that was taken before
 * is not fetched again, and counts as unchanged; one whose newest feed is older than that of the
 * database that was taken last is ASSAY_ERROR_DENIED. What fails
 * leaves everything as it was. (transfer full outcome) */
bool advisory_take_database(const AdvisorySettings *settings, const char *data_folder,
                            const AdvisoryOffer *offer, const Progress *progress,
                            Cancellable *cancellable, UpdateOutcome **outcome, GError **error);
/* When the newest of its feeds was taken; 0: it has none. Microseconds since 1970. */
int64_t advisory_newest_feed(AdvisoryDatabase *database);
bool advisory_is_database_file(const char *path);
