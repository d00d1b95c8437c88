/* Unpacking one stream, of gzip, zstd, xz, bzip2, LZMA or raw deflate, as people's tools do it:
 * several members follow each other, and what follows the last is not looked at. What comes before
 * an error is given before it is told; a wrong checksum is none, for some tools go on. inflate.h,
 * which layers are read by, is stricter.
 *
 * Untrusted bytes: only in the caged worker and in fuzz targets. Pure. */
#pragma once

#include "archive/layer.h"

typedef enum {
  UNPACK_GZIP,
  UNPACK_ZSTD,
  UNPACK_XZ,
  UNPACK_BZIP2,
  UNPACK_LZMA, /* as `lzma` writes files; it may end without a mark */
  UNPACK_DEFLATE,
} UnpackKind;

typedef struct Unpacker Unpacker;

/* NULL: there is no memory. (transfer full) */
Unpacker *unpacker_new(UnpackKind kind, LayerRead read, void *read_data);
void unpacker_free(Unpacker *unpacker);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Unpacker, unpacker_free)

/* Up to @size bytes; 0 at the end; -1 with ASSAY_ERROR_INVALID (broken, or it ends too early),
 * _LIMIT (more memory than it may take), or the reader's error. */
gssize unpacker_read(Unpacker *unpacker, void *buffer, size_t size, GError **error);

/* Packed bytes that were taken so far. */
uint64_t unpacker_consumed(const Unpacker *unpacker);
