/* Collection: what nobody needs any more goes while pushes and pulls go on.
 *
 * A blob of a repository is needed while a manifest there refers to it (manifest_references), and
 * kept while it is pinned (pins-private.h): for the grace after a client was last told that it is
 * there. Rows decide, never the times of files. What is neither loses its link to the repository,
 * in a transaction that looks once more; a push that meanwhile named the blob in a manifest has
 * won, and one that comes later is told to send it. With its last link the blob's row goes to the
 * trash (blob_trash) in the same transaction, and after the commit the file goes, unless the same
 * blob was stored again: that has a row, of the next generation. So a crash between any two steps
 * leaves a row in the trash, which the next run works off, and never a manifest without its blob.
 *
 * All of it blocks on the disk. Two at once do no harm, they are only slower. */
#pragma once

#include "registry/registry.h"

typedef struct {
  uint64_t blobs, bytes;                 /* whose files went, or would */
  uint64_t waiting_blobs, waiting_bytes; /* that nobody needs either, but are within the grace */
  uint64_t referrers;    /* signatures and the like of what is gone, that were deleted */
  uint64_t repositories; /* that held nothing, and went */
  uint64_t failed;       /* files that could not be removed; they are tried again by the next run */
} Collected;

typedef struct {
  uint32_t grace; /* seconds for which what is pinned stays */
  /* Also what was deleted and could still be brought back (deleted.h): where room is needed. */
  bool forget_deleted;
} CollectAsked;

typedef struct {
  /* Called between batches: @done of @total links have been looked at. False ends the run there. */
  bool (*step)(const Collected *so_far, uint64_t done, uint64_t total, void *data);
  void *data;
} CollectWatch;

/* Collects: first what was deleted and need not be
 * kept any longer, then referrers of what went so long ago, then blobs, then repositories that hold
 * nothing. On a full disk it uses the room that is kept for deletions. False: it was ended early,
 * with *error unless @watch ended it; *collected tells what was done until then. */
bool registry_collect(Registry *registry, const CollectAsked *asked, const CollectWatch *watch,
                      Collected *collected, GError **error);
/* What a run would remove now, and what waits for the grace. Only reads. */
bool registry_collect_preview(Registry *registry, const CollectAsked *asked, Collected *collected,
                              GError **error);
/* Removes the files that a deletion or a run has left in the trash. */
bool registry_empty_trash(Registry *registry, Collected *collected, GError **error);
