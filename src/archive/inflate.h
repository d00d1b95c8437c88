/* Unpacking a stream of bytes: gzip by ISA-L (several members too), zstd (several frames too), or
 * none, told apart by their first bytes. Untrusted bytes: only in the caged worker and in fuzz
 * targets. */
#pragma once

#include "archive/layer.h"

typedef struct Inflater Inflater;

Inflater *inflater_new(LayerRead read, void *read_data);
/* A LayerRead of bytes in memory; @data is a Slice, of which it takes what it gave. */
gssize inflater_read_slice(void *data, void *buffer, size_t size, GError **error);
void inflater_free(Inflater *inflater);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Inflater, inflater_free)

/* Up to @size unpacked bytes into @buffer; 0 at the end, -1 with ASSAY_ERROR_INVALID for a broken
 * stream or the error of the reader. Garbage after the last member is broken, zeros are not (tape
 * padding). */
gssize inflater_read(Inflater *inflater, uint8_t *buffer, size_t size, GError **error);

/* Packed bytes consumed so far. */
uint64_t inflater_consumed(const Inflater *inflater);

/* All of a zlib stream, or of one member of gzip, in memory. NULL: it is broken, or more than @most
 * bytes. (transfer full) */
GByteArray *inflate_zlib(Slice packed, size_t most);
GByteArray *inflate_gzip(Slice packed, size_t most);
