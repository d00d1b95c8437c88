/* Zip archives in memory, by their central directory: after PKWARE's APPNOTE 6.3, without
 * encryption, with Zip64, and with bytes before the archive (a script that starts it). Hostile
 * bytes: only in the caged worker and in fuzz targets. Pure; nothing is allocated by a size that an
 * archive says but cannot have. */
#pragma once

#include <stdbool.h>

#include "base/slice.h"

typedef struct {
  Slice bytes;     /* the whole archive */
  Slice directory; /* its central directory */
  uint64_t base;   /* where offsets count from */
} ZipFile;

typedef struct {
  Slice name; /* as written; folders end in a slash */
  uint64_t packed, size, offset;
  uint16_t method, flags;
} ZipEntry;

/* False: it is none, or its end is missing. */
bool zip_open(ZipFile *zip, Slice bytes);

/* The next of *@rest, which begins as the directory. False: that was the last, or what follows is
 * broken, and then *@rest is not empty. A name may come more than once. */
bool zip_next(Slice *rest, ZipEntry *entry);

typedef enum {
  ZIP_READ,
  ZIP_LARGE,   /* it has more bytes than is allowed */
  ZIP_UNKNOWN, /* encrypted, or packed in another way than by deflate */
  ZIP_BROKEN,  /* past the end, or not as large as it says */
} ZipOutcome;

#define ZIP_STORED   0u
#define ZIP_DEFLATED 8u
bool zip_is_encrypted(const ZipEntry *entry);
/* The bytes of @entry as they are packed, in the archive. False: they go past its end. */
bool zip_packed(const ZipFile *zip, const ZipEntry *entry, Slice *packed);

/* The content of @entry, of at most @most bytes. *@owned: what it is in, where it had to be
 * unpacked (transfer full); else NULL, and it is in the archive. */
ZipOutcome zip_read(const ZipFile *zip, const ZipEntry *entry, uint64_t most, uint8_t **owned,
                    Slice *content);
