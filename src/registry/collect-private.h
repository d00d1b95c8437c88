/* Of the collection, what the registry's other files use. */
#pragma once

#include "registry/collect.h"

/* A blob that went to the trash. */
typedef struct {
  bool is; /* it did */
  Digest digest;
  int64_t generation, size; /* the size also of one that stayed; 0: there was none */
} Trashed;

/* Moves the blob's row to the trash, unless a repository has it. */
bool collect_trash_unlinked(SqlConnection *db, const Digest *digest, Trashed *trashed,
                            GError **error);
/* After the commit of that: removes the file. ABSENT: the same blob is there anew, and stays. The
 * row in the trash is left for registry_empty_trash(). */
Found collect_remove(Registry *registry, const Trashed *trashed, GError **error);

/* Takes away links and blobs that nothing needs and that were not pinned in the last @grace
 * seconds. */
bool collect_blobs(Registry *registry, uint32_t grace, const CollectWatch *watch,
                   Collected *collected, GError **error);
/* Deletes what was left of manifests that went so many seconds ago, unless something holds it. */
bool collect_referrers(Registry *registry, uint32_t grace, const CollectWatch *watch,
                       Collected *collected, GError **error);
bool collect_repositories(Registry *registry, const CollectWatch *watch, Collected *collected,
                          GError **error);
