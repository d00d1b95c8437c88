/* Unpacking of what feeds publish: compressed files, and one member of a tar file, by libarchive.
 *
 * This is the one place outside of the worker's cage that unpacks, and why that is right: the bytes
 * come from the sources that the operator chose and over TLS, or, for package suites, hold the
 * SHA-256 of an index that the distribution signed; what we would gain by a cage we would lose, for
 * who forges an advisory needs no memory error to make an image pass. Everything is bounded. */
#pragma once

#include "base/slice.h"

/* @packed as it is, or unpacked when it is gzip, xz, zstd or bzip2. More than @limit bytes are
 * ASSAY_ERROR_LIMIT, a broken stream is ASSAY_ERROR_INVALID. (transfer full) */
GBytes *unpack_compressed(GBytes *packed, size_t limit, GError **error);

/* The first regular file of the (compressed) tar file @bytes whose name @is_wanted, told without a
 * leading "./". NULL without *error when there is none. (transfer full) */
typedef bool (*UnpackMatch)(const char *name);
GBytes *unpack_tar_member(Slice bytes, UnpackMatch is_wanted, size_t limit, GError **error);

/* The packed data.tar of the Debian package @bytes (deb(5)). (transfer full) */
GBytes *unpack_deb_data(Slice bytes, size_t limit, GError **error);

/* Calls @visit for every regular file of the zip file @path whose name ends in @suffix; stops when
 * it returns false with *error set. At most @entries_limit members of @limit bytes each. */
typedef bool (*UnpackVisitor)(const char *name, Slice content, void *data, GError **error);
bool unpack_zip(const char *path, const char *suffix, size_t limit, uint64_t entries_limit,
                UnpackVisitor visit, void *data, GError **error);
