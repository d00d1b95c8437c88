/* Files that are as a package of the distribution brought them: whoever wants one gets it from the
 * distribution's archive, so a secret in it is none of the image's.
 *
 * Of a file with secrets the digests are remembered, and of each database of packages in the layer
 * what it says of its files. Where a database names the very file, and says that the distribution
 * made the package, what was found in the file is dropped; a package of somebody else keeps it. So
 * it stays, too, in a file that is longer than secrets are looked for in at once, and in one whose
 * database is in another layer.
 *
 * Of this layer; a worker reads one. One thread. */
#pragma once

#include "base/slice.h"
#include "inventory/layer.h"

/* A layer begins. */
void own_files_begin(void);

/* Of a file with this path, with or without a slash before it, and this digest: hex, of which
 * SUM_DIGITS count. */
uint64_t own_file_key(Slice path, Slice digest);

/* A database has these @files (own_file_key()) of @package. */
void own_files_add(const char *package, const GArray *files);

/* Something was found in the file at @path, which has these bytes, or more than are known (empty).
 */
void own_files_note(const char *path, Slice bytes);

/* Drops the secrets of @inventory that are in such files. Its packages are known. */
void own_files_drop(LayerInventory *inventory);
