/* Having a layer inspected: starts a caged worker on a file descriptor and gives back the
 * inventory. This is the clean side of rule 1; worker.h is the caged side. Blocks until the worker
 * ends: call it on a thread that may wait. Any number of threads may inspect at once. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "archive/layer.h"
#include "archive/tar_index.h"
#include "base/cancellable.h"
#include "cage/worker_limits.h"
#include "cage/worker_process.h"
#include "inventory/layer.h"

typedef struct {
  LayerLimits layer;
  WorkerLimits worker;
} InspectionLimits;
extern const Section inspection_limits_section;

typedef struct {
  int fd;              /* a regular file or memfd; not closed here; read with pread from @offset */
  uint64_t offset;     /* where the layer starts in it */
  uint64_t size;       /* of the packed bytes */
  const Digest *layer; /* the packed digest, or NULL */
  const Digest *expected_diff_id; /* checked when not NULL: ASSAY_ERROR_MISMATCH */
  const GPtrArray *links;         /* LayerInventory.links, or NULL: none */
  uint64_t
      java_table; /* set by inspect_layer(): how many bytes WORKER_EXTRA_FD has (java_table.h) */
  WorkerGrowth *growth; /* of a file that is still being written: `size` is 0; or NULL */
  bool growing;         /* set by inspect_layer(), for the worker, as the next */
  bool clamav;          /* files for ClamAV go to WORKER_STREAM_FD */
  bool rules;           /* WORKER_RULES_FD has rules of a team (team_rules.h) */
  bool allow_uncaged;   /* go on where the kernel lacks Landlock or seccomp */
} InspectionInput;

/* gzip, zstd, or a tar's "ustar" at its place, by the file's first bytes, which are compared and
 * not parsed: everything else (configs, signatures, charts' metadata) is worth a worker only when a
 * manifest calls it a layer. */
bool inspect_looks_like_layer(int fd);
/* Whether some runtime might unpack it, whatever it is called: it begins as a tar does, or as what
 * is packed in any way that one of them reads. What cannot be read may. */
bool inspect_may_unpack(int fd);

/* ASSAY_ERROR_LIMIT or _INVALID or _MISMATCH: what the worker found; _TIMEOUT: it was killed at
 * limits.layer_seconds; _FAILED: it died (the message names the signal); _UNSUPPORTED: not a layer
 * (no tar inside). (transfer full) */
LayerInventory *inspect_layer(const InspectionInput *input, const InspectionLimits *limits,
                              Cancellable *cancellable, GError **error);

/* A member of an outer archive (oci-archive, docker-archive), as tar_index.h describes it. */
typedef TarMember ArchiveMember;

/* Lists an uncompressed tar of @size bytes, in the cage. Every member lies within the file.
 * (transfer full): ArchiveMember */
GPtrArray *inspect_archive_index(int fd, uint64_t size, const InspectionLimits *limits,
                                 bool allow_uncaged, Cancellable *cancellable, GError **error);

/* Writes the unpacked bytes (gzip, zstd, or as they are) of @fd to @to, in the cage. */
bool inspect_unpack(int fd, uint64_t size, int to, const InspectionLimits *limits,
                    bool allow_uncaged, Cancellable *cancellable, GError **error);

/* What a worker is told besides WorkerJob and the limits of a layer, and what it answers. */
extern const JsonTable inspection_input_table;
typedef struct {
  GPtrArray *members; /* ArchiveMember */
} ArchiveIndex;
extern const JsonTable archive_index_table;
