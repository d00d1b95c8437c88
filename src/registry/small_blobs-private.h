/* What a push does with a small blob; see small_blobs.h. */
#pragma once

#include "registry/small_blobs.h"

/* At most so many bytes. */
#define SMALL_BLOB_MAX ((size_t)32 * 1024)

/* In the transaction that makes the blob known: keeps its bytes until its file is on the disk. */
bool small_blob_keep(SqlConnection *db, const Digest *digest, GBytes *bytes, GError **error);
