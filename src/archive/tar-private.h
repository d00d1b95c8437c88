/* The parts of the tar reader: the fields of a header's block, the records of pax, the maps of
 * sparse files. Where rules are Go's, the function of its archive/tar is named. */
#pragma once

#include "archive/tar.h"
#include "base/error.h"

#define TAR_BLOCK ((size_t)512)
/* Of a long name, of all records of an entry, of a sparse file's map. */
#define TAR_SPECIAL_MAX ((size_t)1024 * 1024)
/* Likewise, of a lenient reader. */
#define TAR_LENIENT_MAX ((size_t)16 * 1024 * 1024)

#define tar_broken(error, ...)                                                                     \
  error_set(error, ASSAY_ERROR_INVALID, "the tar is broken: " __VA_ARGS__)

/* --- tar_bytes.c --- */

/* Of the tar, taken in order. */
typedef struct {
  TarSource source;
  void *data;
  Slice rest;  /* of what the source gave */
  Slice again; /* of `block`, given back */
  bool dry;    /* it gives no more */
  uint64_t offset;
  uint64_t left; /* of what is stored of the entry */
  uint8_t block[TAR_BLOCK];
} TarBytes;

/* The next @most bytes at most, where they are; none at the end. */
bool tar_take(TarBytes *bytes, uint64_t most, Slice *taken, GError **error);
/* A block, where it is or copied. *got: fewer than its bytes at the end; the rest is zeros then. */
bool tar_take_block(TarBytes *bytes, const uint8_t **block, size_t *got, GError **error);
/* Gives a whole block back: it is taken once more. */
void tar_untake_block(TarBytes *bytes, const uint8_t *block);
/* *whole: so many were there. */
bool tar_skip(TarBytes *bytes, uint64_t count, bool *whole, GError **error);
/* tar_take() of what is stored of the entry. */
bool tar_take_stored(TarBytes *bytes, uint64_t most, Slice *taken, GError **error);
/* Appends the next @size bytes of it to @into; that there are fewer is an error. */
bool tar_read_stored(TarBytes *bytes, size_t size, GByteArray *into, GError **error);

/* --- tar_fields.c --- */

#define TAR_NUMBER_BYTES ((size_t)12)

typedef enum { TAR_V7, TAR_USTAR, TAR_STAR, TAR_GNU } TarFormat;

/* Of one block; pax's records may have overridden some. */
typedef struct {
  TarFormat format;
  uint8_t type;
  GString *name, *target;
  int64_t size, mode, uid, gid;
  bool guessed; /* the size, from its digits */
} TarFields;

bool tar_is_zero(const uint8_t *block);
/* @lenient: whatever follows the digits of it. */
bool tar_has_checksum(const uint8_t *block, bool lenient);
bool tar_has_magic(const uint8_t *block);
/* Of a block with a checksum. @lenient: numbers are what their digits say, or 0; false: the size is
 * none that way either. */
bool tar_fields_read(TarFields *fields, const uint8_t *block, bool lenient, GError **error);

/* A field (parseNumeric): octal digits among blanks and NULs, or with the first bit set two's
 * complement, big-endian. False when it is none. */
bool tar_number(const uint8_t *bytes, size_t size, int64_t *value);
/* Text (strconv.ParseInt): decimal digits, perhaps after a sign. */
bool tar_decimal(Slice text, int64_t *value);

/* --- tar_stray.c --- */

/* For a lenient reader, what is no entry and no end. */
typedef struct {
  Slice rest;    /* that was read */
  uint64_t left; /* at most, with that */
} TarStray;

typedef enum { TAR_FOUND_HEADER, TAR_FOUND_STRAY, TAR_FOUND_END, TAR_FOUND_ERROR } TarFound;
/* Past zeros and broken headers: the next block, of *got bytes. @fields: of a header. */
TarFound tar_find_header(TarBytes *bytes, TarFields *fields, const uint8_t **block, size_t *got,
                         GError **error);
/* Its next @most bytes at most, up to the next header; none at its end. */
bool tar_stray_next(TarStray *stray, TarBytes *bytes, uint64_t most, Slice *piece, GError **error);
/* Goes on past what is left of it. */
bool tar_stray_leave(TarStray *stray, TarBytes *bytes, GError **error);

/* --- tar_records.c --- */

typedef enum {
  TAR_KEY_PATH,
  TAR_KEY_LINKPATH,
  TAR_KEY_UNAME,
  TAR_KEY_GNAME, /* up to here: texts without NULs */
  TAR_KEY_SIZE,
  TAR_KEY_UID,
  TAR_KEY_GID, /* from the size: numbers */
  TAR_KEY_MTIME,
  TAR_KEY_ATIME,
  TAR_KEY_CTIME, /* from mtime: times */
  TAR_KEY_SPARSE_MAJOR,
  TAR_KEY_SPARSE_MINOR,
  TAR_KEY_SPARSE_NAME,
  TAR_KEY_SPARSE_SIZE,
  TAR_KEY_SPARSE_REALSIZE,
  TAR_KEY_SPARSE_NUMBLOCKS,
  TAR_KEY_SPARSE_MAP,
  TAR_KEYS,
} TarKey;

typedef struct {
  GByteArray *text;       /* as it is written */
  Slice values[TAR_KEYS]; /* in `text` or `map`; an empty one takes nothing's place */
  GString *map;           /* of sparse files 0.0, whose numbers are records of their own */
} TarRecords;

void tar_records_clear(TarRecords *records);
/* Reads `text` (parsePAX). After an error those before the broken one are there. */
bool tar_records_read(TarRecords *records, GError **error);
/* Overrides what the header says (mergePAX). @lenient: by what can be read. */
bool tar_records_apply(const TarRecords *records, TarFields *fields, bool lenient, GError **error);

/* --- tar_sparse.c --- */

/* What of a sparse file is stored; the rest is zeros. */
typedef struct {
  int64_t at, size;
} TarPart;

typedef enum { TAR_NOT_SPARSE, TAR_SPARSE_0, TAR_SPARSE_1 } TarSparseVersion;

/* By the records (readGNUSparsePAXHeaders). */
TarSparseVersion tar_sparse_version(const TarRecords *records);

/* Each appends to @parts (TarPart): those of the old format, in the header's @block and in blocks
 * that follow it, which also gives the size; */
bool tar_sparse_read_old(GArray *parts, TarBytes *bytes, TarFields *fields, const uint8_t *block,
                         GError **error);
/* those of the records of version 0; */
bool tar_sparse_read_records(GArray *parts, const TarRecords *records, GError **error);
/* those of version 1: lines before the content. */
bool tar_sparse_read_lines(GArray *parts, TarBytes *bytes, GError **error);

/* That they are in order, within @size, and together the @stored bytes (validateSparseEntries, and
 * what Go finds at the end of the content). */
bool tar_sparse_check(const GArray *parts, int64_t size, uint64_t stored, const char *name,
                      GError **error);
