/* Bytes in memory as a source that is read in pieces of any size: for tests and fuzz targets. */
#pragma once

#include <string.h>

#include "base/slice.h"

typedef struct {
  Slice rest;
  size_t piece; /* bytes a read gives at most */
} Pieces;

static inline gssize
pieces_read(void *data, void *buffer, size_t size, GError **error)
{
  Pieces *pieces = data;
  Slice piece = slice_sub(pieces->rest, 0, MIN(size, pieces->piece));
  if (piece.size > 0)
    memcpy(buffer, piece.data, piece.size);
  pieces->rest = slice_sub(pieces->rest, piece.size, SIZE_MAX);
  return (gssize)piece.size;
}
