/* The parts of the readers of zips: numbers, ends, and extra fields. */
#pragma once

#include "archive/zip.h"

#define ZIP_END_BYTES     22u
#define ZIP_COMMENT_MAX   65535u
#define ZIP_LOCATOR_BYTES 20u
#define ZIP_END_64_BYTES  56u
#define ZIP_LOCAL_BYTES   30u
/* In the place of a number that Zip64's fields have. */
#define ZIP_IN_EXTRA    0xffffffffu
#define ZIP_COUNT_IN_64 0xffffu

/* Of @width bytes, little-endian; 0 past the end. */
uint64_t zip_number(Slice bytes, size_t at, size_t width);
/* False: it goes past the end. */
bool zip_part(Slice bytes, uint64_t at, uint64_t size, Slice *found);
bool zip_has_signature(Slice bytes, uint64_t at, const char *signature);

/* What an end says: where the directory is, if it ends at @after. */
typedef struct {
  uint64_t size, offset, count, after;
} ZipEnd;

ZipEnd zip_end_at(Slice bytes, size_t at);
/* Zip64's; false: there is none. */
bool zip_end_64_at(Slice bytes, uint64_t at, ZipEnd *end_64);
/* Whether it says nothing else than @end does. */
bool zip_ends_agree(const ZipEnd *end, const ZipEnd *end_64);
/* Those numbers that are too large for their fields are in the extra field, in this order: the
 * size, the packed size, the offset. */
void zip_read_extra_64(Slice extra, ZipEntry *entry);
