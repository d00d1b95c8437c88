/* The table of contents of a layer for lazy pulls: zstd:chunked (containers/storage,
 * pkg/chunked) and eStargz (stargz-snapshotter, docs/estargz.md; packed by gzip or zstd). Clients
 * that pull lazily make the file system from it and not from the tar. This finds the one that the
 * end of a layer names, and compares it with the tar entry by entry: names, kinds, targets, sizes
 * and the digests of contents and of their pieces, all in the tar's order, as every writer has it.
 *
 * Untrusted bytes: only the caged worker and fuzz targets call this. Pure. */
#pragma once

#include "archive/layer.h"

/* The packed bytes of a layer, read anywhere: up to @size bytes at @at into @buffer; 0 at the end,
 * -1 with *error. */
typedef struct {
  gssize (*read_at)(void *data, uint64_t at, void *buffer, size_t size, GError **error);
  void *data;
  uint64_t size;
} PackedLayer;

typedef struct ContentsTable ContentsTable;

/* Whether the end of the layer names a table. False with *error: it cannot be read. */
bool contents_table_is_named(const PackedLayer *layer, bool *named, GError **error);

/* NULL with *error: it is none, or broken, or larger than is read. (transfer full) */
ContentsTable *contents_table_new(const PackedLayer *layer, const LayerLimits *limits,
                                  GError **error);
void contents_table_free(ContentsTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ContentsTable, contents_table_free)

/* The next entry of the tar; and for a file, its content in pieces, and its end. False with
 * ASSAY_ERROR_INVALID, a sentence about the first difference: then it is over. */
bool contents_table_take(ContentsTable *table, const LayerEntry *entry, GError **error);
void contents_table_feed(ContentsTable *table, Slice content);
bool contents_table_end_file(ContentsTable *table, GError **error);
/* After the last: whether the table names nothing more. */
bool contents_table_end(ContentsTable *table, GError **error);

/* char *: digests by which a manifest may name this table: of its bytes, and of these packed.
 * (transfer none) */
const GPtrArray *contents_table_digests(const ContentsTable *table);
