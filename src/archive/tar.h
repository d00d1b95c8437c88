/* A tar as a stream of entries, by the rules of Go's archive/tar: docker, podman, buildah,
 * containerd, umoci and kaniko unpack images by it. What it reads is what a container gets, and
 * what it refuses is never unpacked. Headers of v7, ustar, pax, star and GNU; long names, records,
 * numbers of base 256; sparse files of GNU's old format and of pax 0.0, 0.1 and 1.0.
 * tests/differential/tars.py compares it with Go itself.
 *
 * It is stricter than Go in two places: a name that holds a NUL is refused, since no file can be
 * called so, and so is a global header of which a number is none, since Go takes some of its other
 * records at random.
 *
 * Content is handed through without a copy. What is kept is a header with its extensions, each of
 * 1 MiB at most. Untrusted bytes: only in the caged worker and in fuzz targets. Pure. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* Whether a tar begins so, by the checksum of its first header: v7's have no magic number. */
bool tar_begins(Slice head);

typedef enum {
  TAR_FILE, /* and whatever has content and no other kind */
  TAR_HARDLINK,
  TAR_SYMLINK,
  TAR_CHARACTER_DEVICE,
  TAR_BLOCK_DEVICE,
  TAR_FOLDER,
  TAR_PIPE,
  TAR_GLOBAL, /* a global header of pax's: for Go an entry, of nothing but a name */
} TarKind;

typedef struct {
  TarKind kind;
  uint8_t type;       /* the flag as it is written; 0 is '0' or '5' by the end of the name */
  const char *name;   /* as written, in any encoding */
  const char *target; /* likewise; of all but links it says nothing */
  uint64_t size;      /* of the content, with the holes of a sparse file */
  int64_t mode, uid, gid;
  bool sparse;
  bool stray;    /* a lenient reader gives what is no entry; the size is not known */
  Slice records; /* of pax, for tar_next_record(); of a global header for a lenient reader */
} TarHeader;

/* Gives the next bytes of the tar: any number, none at the end. Valid until the next call. */
typedef bool (*TarSource)(void *data, Slice *bytes, GError **error);

typedef struct TarReader TarReader;

/* (transfer full) */
TarReader *tar_reader_new(TarSource source, void *data);
/* As much as any unpacker gets of a tar, to look through it (GNU's tar, libarchive, Python): blocks
 * of zeros, and the end, are passed over; numbers and times that are none, and records that are
 * broken, are left out; an extended header may have 16 MiB. What stands where a header should, up
 * to the next one, is given as a file of no name, or as that of the hard link before it, which says
 * to have content; so is a header of broken records. (transfer full) */
TarReader *tar_reader_new_lenient(TarSource source, void *data);
void tar_reader_free(TarReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TarReader, tar_reader_free)

/* A lenient one took a size for what the digits say before something else: others may not. */
bool tar_reader_has_guessed(const TarReader *reader);

/* Goes on to the next entry, past what is left of this one. NULL at the end or on error (tell apart
 * by *error): ASSAY_ERROR_INVALID, or ASSAY_ERROR_UNSUPPORTED when there never was a header, or the
 * source's. After an error each call gives the same one. (transfer none): until the next call */
const TarHeader *tar_reader_next(TarReader *reader, GError **error);

/* The next @most bytes of the content at most, the zeros of holes too; none at its end. Valid until
 * the next call. False with *error. */
bool tar_reader_content(TarReader *reader, uint64_t most, Slice *piece, GError **error);

/* Within a hole of a sparse file: goes on to its last @keep bytes. The number of zeros passed over;
 * elsewhere none. */
uint64_t tar_reader_skip_hole(TarReader *reader, uint64_t keep);

/* Bytes of the tar that were read: right after tar_reader_next(), where the content begins. */
uint64_t tar_reader_offset(const TarReader *reader);

/* Splits the next record off @records. False when none is left. */
bool tar_next_record(Slice *records, Slice *key, Slice *value);
