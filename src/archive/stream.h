/* The unpacked bytes of a layer as blocks: inflated on a thread of its own where there are many, so
 * that reading the tar goes on meanwhile; hashed by either thread; bounded in bytes and ratio. */
#pragma once

#include "archive/layer.h"

typedef struct LayerStream LayerStream;

LayerStream *layer_stream_new(LayerRead read, void *read_data, const LayerLimits *limits);
void layer_stream_free(LayerStream *stream);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LayerStream, layer_stream_free)

/* The next block; empty at the end. Valid until the next call. False with *error. */
bool layer_stream_next(LayerStream *stream, Slice *block, GError **error);

/* Of all bytes, once the end was given. */
Digest layer_stream_digest(const LayerStream *stream);
/* Of all blocks given so far. */
uint64_t layer_stream_size(const LayerStream *stream);
