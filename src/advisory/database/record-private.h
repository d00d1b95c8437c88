/* The bytes of the database's records: pure functions, bounded, for database.c, builder.c and the
 * fuzz targets. A change of any layout here raises RECORD_FORMAT, except what comes last under a
 * flag of its own, which older programs pass over.
 *
 * The keys of the one table begin with a letter:
 *   R ecosystem NUL package   all statements about the package: a table of the strings that occur,
 *                             then the statements, whose members are numbers of strings in it
 *   D id                      details, zstd-compressed when that is smaller
 *   A alias                   the id that has the details
 *   E ecosystem               some feed speaks of it: of the architectures told, "aarch64,x86_64",
 *                             or, when it is empty, of any
 *   F feed                    the feed's status
 *   M "format" | "generation" the head of the file */
#pragma once

#include "advisory/advisory.h"
#include "advisory/database/database.h"
#include "base/slice.h"

#define RECORD_FORMAT "assay-advisories-5"
/* The same, without functions of Go. */
#define RECORD_FORMAT_WITHOUT_SYMBOLS "assay-advisories-4"
/* That, without what each source says of a vulnerability. */
#define RECORD_FORMAT_UNRATED "assay-advisories-3"
/* That, except that it has packages of applications by other names and orders of versions: what
 * it says of them is as good as not there. */
#define RECORD_FORMAT_FIRST "assay-advisories-2"

/* A longer key keeps this much and gets its SHA-256 added. */
#define RECORD_KEY_MAX     ((size_t)511)
#define RECORD_KEY_DIGEST  ((size_t)32)
#define RECORD_KEY_KEPT    ((size_t)400)
#define RECORD_TITLE_MAX   ((size_t)512)
#define RECORD_TEXT_MAX    ((size_t)4096) /* of a description */
#define RECORD_STRING_MAX  ((size_t)2048) /* of any other string */
#define RECORD_LIST_MAX    64             /* aliases, references */
#define RECORD_DETAILS_MAX ((size_t)512 * 1024)

/* The key of @letter for @first, and after a NUL @second when it is not NULL. (transfer full) */
GByteArray *record_key(char letter, const char *first, const char *second);

/* @ranges: @count statements on one package; their ecosystem and package are in the key. */
void record_encode_ranges(const AdvisoryRange *ranges, size_t count, GByteArray *out);

/* Calls @visit for each; its strings lie in @record. @ecosystem and @package are put in. */
bool record_decode_ranges(Slice record, const char *ecosystem, const char *package,
                          AdvisoryVisitor visit, void *data, GError **error);

void record_encode_details(const AdvisoryDetails *details, GByteArray *out);
/* (transfer full) */
AdvisoryDetails *record_decode_details(Slice record, const char *id, GError **error);

void record_encode_feed(const AdvisoryFeedStatus *status, GByteArray *out);
/* (transfer full) */
AdvisoryFeedStatus *record_decode_feed(Slice record, Slice name, GError **error);
