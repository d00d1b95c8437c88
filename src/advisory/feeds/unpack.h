/* Unpacking of what feeds publish: compressed files, and members of tar, Debian and zip files.
 *
 * The archives are opened in the caged worker, as all others are: here are only the question and
 * the reading of its answer, which is taken for hostile. */
#pragma once

#include <glib.h>

#include "base/slice.h"
#include "cage/worker_limits.h"

typedef struct {
  const char *kind;    /* UNPACK_* below */
  const char *pattern; /* fnmatch(3) of the members' names without "./", with "|" between several */
  uint64_t limit;      /* bytes of one unpacked member */
  uint64_t members;    /* of a zip file, wanted or not */
} UnpackJob;
extern const JsonTable unpack_job_table;

#define UNPACK_COMPRESSED "compressed" /* one member without a name */
#define UNPACK_TAR        "tar"        /* the first that matches; "*" matches no slash */
#define UNPACK_TAR_ALL    "tar-all"    /* all that match; "*" matches slashes, too */
#define UNPACK_DEB        "deb"        /* likewise of an ar file */
#define UNPACK_ZIP        "zip"        /* all that match; "*" matches slashes, too */

/* What the worker writes: frames of a letter, a length of 4 bytes (least first), and so many bytes.
 * A member is a name, any number of pieces, and an empty end. */
#define UNPACK_FRAME_HEADER ((size_t)5)
#define UNPACK_FRAME_MAX    ((size_t)128 * 1024)
#define UNPACK_NAME         'N'
#define UNPACK_PIECE        'D'
#define UNPACK_END          'E'

/* Workers that unpack have these limits. At the program's start, before the first update: until
 * then nothing is unpacked. */
void unpack_set_limits(const WorkerLimits *limits, bool allow_uncaged);

/* @packed as it is, or unpacked when it is gzip, xz, zstd or bzip2. More than @limit bytes are
 * ASSAY_ERROR_LIMIT, a broken stream is ASSAY_ERROR_INVALID. (transfer full) */
GBytes *unpack_compressed(GBytes *packed, size_t limit, GError **error);

/* The same for a compressed file @from, which is read from its beginning, into the file @to:
 * neither of them in memory. ASSAY_ERROR_LIMIT, _INVALID, _IO or _FULL. */
bool unpack_file(int from, int to, uint64_t limit, GError **error);

/* The first regular file of the (compressed) tar file @bytes whose name matches @pattern. NULL
 * without *error when there is none. (transfer full) */
GBytes *unpack_tar_member(Slice bytes, const char *pattern, size_t limit, GError **error);

/* The packed data.tar of the Debian package @bytes (deb(5)). (transfer full) */
GBytes *unpack_deb_data(Slice bytes, size_t limit, GError **error);

/* Calls @visit for every regular file of the archive @path, which is of @kind (UNPACK_ZIP, or
 * UNPACK_TAR_ALL, compressed or not), whose name matches @pattern; stops when it returns false with
 * *error set. At most @entries_limit members of @limit bytes each. */
typedef bool (*UnpackVisitor)(const char *name, Slice content, void *data, GError **error);
bool unpack_all(const char *kind, const char *path, const char *pattern, size_t limit,
                uint64_t entries_limit, UnpackVisitor visit, void *data, GError **error);
