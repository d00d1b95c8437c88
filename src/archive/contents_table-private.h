/* Between contents_table.c and contents_table_find.c. */
#pragma once

#include "archive/contents_table.h"

/* Adds the table's digests to @digests. (transfer full): JSON text, or NULL with *error. */
GBytes *contents_table_find(const PackedLayer *layer, const LayerLimits *limits, GPtrArray *digests,
                            bool *in_tar, GError **error);

/* Where a table that is a member of its own tar is there, at the end. */
#define TABLE_NAME "stargz.index.json"
