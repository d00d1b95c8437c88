/* All that some reader of zips takes for a member. Which directory counts, where several ends of
 * one are there, is not the same to all: the last end, or the last whose comment ends where the
 * archive does; Zip64's or the other; offsets from the archive's start, or from where the directory
 * begins less its offset. Others need no directory and go by the headers in front of members. And
 * where both are there, some take what the header says, some what the directory does.
 *
 * So nothing is chosen here: each header is given, with what each directory says of it. Hostile
 * bytes: only in the caged worker and in fuzz targets. Pure. */
#pragma once

#include "archive/zip.h"

typedef struct {
  uint64_t at;    /* of the header in front of the member */
  uint64_t start; /* of its packed bytes */
  ZipEntry entry; /* as who says so has it; `offset` is `at` */
  Slice alias;    /* another name, which some prefer (of Unicode); or empty */
  bool named;     /* a directory says so; else the header itself */
  bool unsized;   /* the header itself: sizes follow the bytes */
} ZipClaim;

typedef struct {
  GArray *claims; /* ZipClaim, by `at`; of each those that directories make first */
  bool ended;     /* the end of a directory is there */
  guint lost;     /* entries of directories, with content, which lead to no header */
  bool overfull;  /* there are more than @most: what is here is not all */
} ZipClaims;

void zip_claims_read(ZipClaims *claims, Slice bytes, guint most);
void zip_claims_clear(ZipClaims *claims);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ZipClaims, zip_claims_clear)

/* Whether a header begins there, or an entry of a directory, as far as that can be told by the
 * first ZIP_HEAD_BYTES. */
#define ZIP_HEAD_BYTES 30u
bool zip_begins(Slice head);
/* Whether a header that no directory names is one, and not by chance bytes like one. */
bool zip_claim_is_likely(const ZipClaim *claim);
/* The bytes of a claim, of @size or as far as there are any. */
Slice zip_claim_bytes(Slice bytes, const ZipClaim *claim, uint64_t size);
/* Of stored bytes whose size follows them: how many there are before the first such descriptor that
 * holds. False: there is none, and *size is all that was looked through. */
bool zip_claim_described(Slice bytes, const ZipClaim *claim, uint64_t *size);
