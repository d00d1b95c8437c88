/* What was deleted, for as long as `registry.undelete` says: a manifest that is deleted by its
 * digest (or by retention) is no longer pulled or listed, but its bytes, its tags and what it needs
 * are kept, so that it can be brought back. After that time it is purged, and the collector takes
 * what nothing else needs. Whoever pushes it again has it again, too.
 *
 * A deleted manifest keeps nobody from deleting a blob or manifest that it needs: then it is
 * brought back only after that is pushed again.
 *
 * Calls block on the database; any thread. */
#pragma once

#include "base/json_table.h"
#include "registry/registry.h"

typedef struct {
  char *repository;
  Digest digest;
  char *media_type;
  char *artifact_type;     /* or NULL */
  char **tags;             /* that it had; NULL: none */
  int64_t pushed, deleted; /* microseconds since 1970 */
  int64_t until;           /* it is purged then */
} DeletedManifest;
void deleted_manifest_free(DeletedManifest *manifest);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DeletedManifest, deleted_manifest_free)

/* As the API has it. */
extern const JsonTable deleted_manifest_table;

/* Those of @repository (NULL: of all), by repository and digest, after @last ("REPOSITORY@DIGEST";
 * NULL: from the first), at most @limit; *more: there are others. (transfer full):
 * DeletedManifest */
GPtrArray *registry_deleted(Registry *registry, const char *repository, const char *last,
                            unsigned limit, bool *more, GError **error);

/* One that was brought back. */
typedef struct {
  Digest digest;
  Manifest *manifest;
  char **tags; /* that it has again */
} RestoredManifest;
/* Brings one back with its tags, except those that name something else by now, and with the deleted
 * members of an index, which come first in the list. REGISTRY_MANIFEST_UNKNOWN: it is not among the
 * deleted; REGISTRY_MANIFEST_BLOB_UNKNOWN: what it needs is gone. (transfer full):
 * RestoredManifest */
GPtrArray *registry_restore(Registry *registry, const char *repository, const Digest *digest,
                            GError **error);

/* Forgets some of those whose time is over, or of @all, and what they need; *more: call again. */
bool registry_purge_deleted(Registry *registry, bool all, unsigned *purged, bool *more,
                            GError **error);
