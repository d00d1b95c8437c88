/* A layer as a stream of entries: inflate (gzip by ISA-L, zstd, plain; concatenated members too),
 * hash the unpacked bytes, walk the tar as runtimes do (tar.h). Bounded in unpacked bytes, ratio,
 * entries, path length and depth, and bytes of a file kept in memory.
 *
 * Untrusted bytes: only the caged worker and the fuzz targets call this. Nothing is written, no
 * path is opened; a name is only a name. Pure: no log, no global state. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/settings.h"
#include "base/slice.h"
#include "oci/digest.h"

/* Small layers compress by more than the limit without harm. */
#define LAYER_RATIO_AFTER ((uint64_t)1024 * 1024)

/* Keys of `limits` in the configuration. */
typedef struct {
  uint64_t unpacked_bytes; /* of the whole layer */
  uint32_t ratio;          /* unpacked : packed, once LAYER_RATIO_AFTER bytes are unpacked */
  uint32_t entries;
  uint32_t path_bytes;
  uint32_t path_depth;
  uint64_t file_bytes; /* one file kept in memory */
} LayerLimits;
extern const Section layer_limits_section;

typedef enum {
  LAYER_ENTRY_FILE,
  LAYER_ENTRY_FOLDER,
  LAYER_ENTRY_SYMLINK,
  LAYER_ENTRY_HARDLINK,
  LAYER_ENTRY_DEVICE,   /* character or block device */
  LAYER_ENTRY_OTHER,    /* FIFO, socket */
  LAYER_ENTRY_WHITEOUT, /* .wh.NAME: `path` is the path that it removes */
  LAYER_ENTRY_OPAQUE,   /* .wh..wh..opq: `path` is the folder whose lower content it hides */
  LAYER_ENTRY_GLOBAL,   /* a global header: no file, but some runtimes remove what has its name, or
                           what that removes as a whiteout's: `path` is that */
} LayerEntryKind;

typedef struct {
  LayerEntryKind kind;
  const char *path;   /* normalised: no leading "/" or "./", no "." or empty parts; valid UTF-8 */
  const char *target; /* of a link, as written; else NULL */
  uint64_t size;
  uint32_t mode; /* permission bits with setuid, setgid, sticky */
  uint32_t uid, gid;
  Slice capabilities; /* of a file, as the kernel keeps them (struct vfs_cap_data); or empty */
  bool escapes;       /* the name as written holds ".." that leaves the root, where `path` stays */
  const char *doubt;  /* why nobody can say what unpackers make of it, to be said of the path; or
                         NULL */
} LayerEntry;

typedef struct LayerReader LayerReader;

/* Reads bytes of the packed layer: up to @size into @buffer; 0 at the end, -1 with *error. */
typedef gssize (*LayerRead)(void *data, void *buffer, size_t size, GError **error);

/* (transfer full) */
LayerReader *layer_reader_new(LayerRead read, void *read_data, const LayerLimits *limits);
void layer_reader_free(LayerReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LayerReader, layer_reader_free)

/* How the message of ASSAY_ERROR_UNSUPPORTED begins: what was unpacked is no tar. */
#define LAYER_WITHOUT_TAR "not a layer: there is no tar inside"

/* The next entry, or NULL at the end or on error (tell apart by *error). ASSAY_ERROR_LIMIT names
 * the setting, ASSAY_ERROR_INVALID what is broken. Valid until the next call. (transfer none) */
const LayerEntry *layer_reader_next(LayerReader *reader, GError **error);
/* The content of the present entry, with zeros for the holes of a sparse file; more than
 * limits.file_bytes is ASSAY_ERROR_LIMIT. (transfer full) */
GBytes *layer_reader_read_file(LayerReader *reader, GError **error);

/* The same in pieces, without that bound: up to @size bytes into @buffer; 0 at the end, -1 with
 * *error. */
gssize layer_reader_read(LayerReader *reader, void *buffer, size_t size, GError **error);

/* For who has no need of the zeros in the holes of a sparse file: goes on to the last @keep bytes
 * of the present one. The number of zeros passed over. */
uint64_t layer_reader_skip_hole(LayerReader *reader, uint64_t keep);

/* After the end: reads on to the last byte and gives the digest of all unpacked bytes (the
 * diff_id). */
bool layer_reader_finish(LayerReader *reader, Digest *diff_id, uint64_t *unpacked, GError **error);
