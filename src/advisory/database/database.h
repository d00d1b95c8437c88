/* The advisory database: one file, read where it is (table-private.h). It is never changed in
 * place: a builder writes a new file beside the live one and renames it, so that readers never
 * block and never see half of it. Opening reads one part in sixty; finding what concerns a package
 * is one read, checked. Damage is ASSAY_ERROR_MISMATCH of whatever meets it. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "advisory/advisory.h"

typedef struct AdvisoryDatabase AdvisoryDatabase;

/* Opens @path (a file). A missing file is ASSAY_ERROR_NOT_FOUND that tells to run `assay db
 * update`; what is no database, or cut, is _INVALID; one of another version is _UNSUPPORTED. Any
 * number of threads may read one handle. (transfer full: one reference) */
AdvisoryDatabase *advisory_database_open(const char *path, GError **error);
/* Whether the file holds, to the byte, what was built: _MISMATCH. Reads all of it, 0.1 s for 200
 * MiB; without it damage shows when something is looked up that it concerns. */
bool advisory_database_verify(AdvisoryDatabase *database, GError **error);
/* Both. (transfer full) */
AdvisoryDatabase *advisory_database_open_verified(const char *path, GError **error);
uint64_t advisory_database_size(const AdvisoryDatabase *database);
/* Some read found damage, or failed: what is looked up from here on may be an error. */
bool advisory_database_is_damaged(const AdvisoryDatabase *database);
AdvisoryDatabase *advisory_database_ref(AdvisoryDatabase *database);
void advisory_database_unref(AdvisoryDatabase *database);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AdvisoryDatabase, advisory_database_unref)

/* Identifies the content: changes whenever a build is renamed into place. */
const char *advisory_database_generation(const AdvisoryDatabase *database);
/* The version of the file's format; and whether this program reads that @format. */
const char *advisory_database_format(const AdvisoryDatabase *database);
bool advisory_format_is_known(const char *format);
/* True when the file at the path is no longer the one that is open here, or was written to: open it
 * again. */
bool advisory_database_is_stale(const AdvisoryDatabase *database);
/* Whether the file of that name, wherever it was moved, is the one that is open here. */
bool advisory_database_is_at(const AdvisoryDatabase *database, const char *path);

/* Calls @visit for every statement about @package in @ecosystem; stops when it returns false. The
 * range's strings are valid during the call only. */
typedef bool (*AdvisoryVisitor)(const AdvisoryRange *range, void *data);
bool advisory_database_lookup(AdvisoryDatabase *database, const char *ecosystem,
                              const char *package, AdvisoryVisitor visit, void *data,
                              GError **error);

/* What is known of a vulnerability; NULL without *error when the database has no entry.
 * (transfer full) */
AdvisoryDetails *advisory_database_details(AdvisoryDatabase *database, const char *id,
                                           GError **error);

/* Whether any feed speaks of @ecosystem, and of packages of @architecture (NULL: of any): tells
 * "nothing found" from "nothing known". */
bool advisory_database_covers(AdvisoryDatabase *database, const char *ecosystem,
                              const char *architecture);

typedef struct {
  const char *feed, *type, *source; /* name, type, URL or path */
  int64_t updated;                  /* microseconds since 1970: when it was taken */
  const char *source_date;          /* what the source says of itself, or NULL */
  uint64_t count;                   /* statements; counted by the builder */
} AdvisoryFeedStatus;
void advisory_feed_status_free(AdvisoryFeedStatus *status);
/* (transfer full): AdvisoryFeedStatus */
GPtrArray *advisory_database_feeds(AdvisoryDatabase *database, GError **error);

/* Building. Not thread-safe. A build that is freed without finish leaves the live file as it was.
 */
typedef struct AdvisoryBuilder AdvisoryBuilder;
AdvisoryBuilder *advisory_builder_new(const char *path, GError **error);
/* Statements and details of the feed that advisory_builder_begin_feed() named last. Details are
 * merged: the first non-empty member wins, lists are united; overlays (KEV, EPSS) only set their
 * members; details that no statement leads to are left out of the build. A number that is not known
 * is negative. Copied. */
bool advisory_builder_begin_feed(AdvisoryBuilder *builder, const AdvisoryFeedStatus *feed,
                                 GError **error);
/* What the source says of its own date, once its content told. */
void advisory_builder_set_source_date(AdvisoryBuilder *builder, const char *source_date);
/* The feed speaks of @ecosystem, though perhaps of no package in it. */
void advisory_builder_add_ecosystem(AdvisoryBuilder *builder, const char *ecosystem);
/* @range's own `feed` is not looked at. A derived statement is left out of the build when another
 * feed speaks of the same id and package. */
bool advisory_builder_add_range(AdvisoryBuilder *builder, const AdvisoryRange *range,
                                GError **error);
bool advisory_builder_add_details(AdvisoryBuilder *builder, const AdvisoryDetails *details,
                                  GError **error);
/* Takes back the feed that was begun last, and its statements; what it said of details stays. */
void advisory_builder_drop_feed(AdvisoryBuilder *builder);
unsigned advisory_builder_feed_count(const AdvisoryBuilder *builder);
/* Begins the feed @feed as @database has it: its age, its statements and what is known of their
 * vulnerabilities; of an overlay what it alone says. */
bool advisory_builder_copy_feed(AdvisoryBuilder *builder, AdvisoryDatabase *database,
                                const AdvisoryFeedStatus *feed, GError **error);
bool advisory_builder_finish(AdvisoryBuilder *builder, GError **error);
void advisory_builder_free(AdvisoryBuilder *builder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AdvisoryBuilder, advisory_builder_free)
