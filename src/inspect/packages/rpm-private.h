/* Between rpm.c and the readers of rpm's three database formats. Each gives the header of every
 * package to @visit, which returns false to stop (with *error when it failed). */
#pragma once

#include "base/slice.h"
#include "inspect/integrity/integrity.h"
#include "inventory/layer.h"

typedef bool (*RpmHeaderVisitor)(Slice header, void *data, GError **error);

/* rpmdb.sqlite: table Packages(hnum, blob). */
bool rpm_sqlite_visit(Slice content, RpmHeaderVisitor visit, void *data, GError **error);
/* Packages.db: rpm's lib/backend/ndb/rpmpkg.c describes the format. */
bool rpm_ndb_visit(Slice content, RpmHeaderVisitor visit, void *data, GError **error);
/* Packages: a hash database of Berkeley DB, whose dbinc/db_page.h describes the pages. */
bool rpm_bdb_visit(Slice content, RpmHeaderVisitor visit, void *data, GError **error);

/* The next string of an array, without its NUL; false where none ends within rpm's bound. */
bool rpm_next_string(Slice *rest, Slice *string);

/* What a header says of a package's files: one member for each, or an empty array. */
typedef struct {
  uint32_t count;                      /* of files */
  Slice names;                         /* strings, each with a NUL */
  Slice *folders;                      /* with a slash at the end; borrowed */
  uint32_t folder_count;               /* of these */
  Slice folder_indexes, flags, checks; /* 32 bits each */
  Slice modes;                         /* 16 bits each */
  Slice digests;                       /* strings of hex digits, empty for what is no file */
  Slice algorithm;                     /* one number of 32 bits */
} RpmFiles;
/* The digests of its programs and libraries. */
void rpm_add_sums(const RpmFiles *files, const char *location, const char *package,
                  LayerInventory *inventory);

/* The source of "name-version-release.src.rpm"; of anything else, nothing. */
void rpm_take_source(Package *package, const char *source);

static inline bool
slice_read_uint32(Slice bytes, size_t at, bool big_endian, uint32_t *value)
{
  Slice part = slice_sub(bytes, at, 4);
  if (!slice_take_uint32(&part, value))
    return false;
  if (big_endian)
    *value = GUINT32_SWAP_LE_BE(*value);
  return true;
}
