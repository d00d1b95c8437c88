/* Walking over a database's records, for what copies parts of one into another. */
#pragma once

#include "advisory/database/database.h"
#include "base/slice.h"

/* Calls @visit for each record whose key begins with @letter (record-private.h), with the rest of
 * its key; stops when it returns false with *error set. */
typedef bool (*DatabaseRecordVisitor)(Slice key, Slice record, void *data, GError **error);
bool database_visit_records(AdvisoryDatabase *database, char letter, DatabaseRecordVisitor visit,
                            void *data, GError **error);

/* Whether what is there of @ecosystem counts: not of applications in the first format. */
bool database_speaks_of(const AdvisoryDatabase *database, const char *ecosystem);
