/* A blob of another registry, to a file: its digest is checked as it comes, and a broken transfer
 * is resumed. */
#pragma once

#include "oci/digest.h"
#include "remote/client.h"

/* Writes the blob's @size bytes to @fd, which is empty and the caller's. Fewer or more bytes, and
 * others than the digest's, are ASSAY_ERROR_MISMATCH or _NETWORK; a file that takes no more is
 * _IO, _FULL. What was written by then may be there. */
bool remote_download(Remote *remote, const Digest *digest, uint64_t size, int fd,
                     const Progress *progress, Cancellable *cancellable, GError **error);
