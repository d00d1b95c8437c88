/* Between rpm.c and the readers of rpm's three database formats. Each gives the header of every
 * package to @visit, which returns false to stop (with *error when it failed). */
#pragma once

#include "base/slice.h"
#include "inventory/layer.h"

typedef bool (*RpmHeaderVisitor)(Slice header, void *data, GError **error);

/* rpmdb.sqlite: table Packages(hnum, blob). */
bool rpm_sqlite_visit(Slice content, RpmHeaderVisitor visit, void *data, GError **error);
/* Packages.db: rpm's lib/backend/ndb/rpmpkg.c describes the format. */
bool rpm_ndb_visit(Slice content, RpmHeaderVisitor visit, void *data, GError **error);
/* Packages: a hash database of Berkeley DB, whose dbinc/db_page.h describes the pages. */
bool rpm_bdb_visit(Slice content, RpmHeaderVisitor visit, void *data, GError **error);

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
