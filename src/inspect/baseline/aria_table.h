/* Rows of a table of MariaDB's engine Aria: a .MAD file in its format of blocks ("PAGE"), which
 * the tables of accounts have. Not indexes, and not what the log of a server that did not end holds
 * besides. For caged workers and fuzz targets: the bytes are hostile.
 *
 * The format is what storage/maria/ma_blockrec.c of MariaDB says. A page begins with its kind, and
 * ends with a directory of its rows and a sum. A row is flags, lengths of its texts, and these. */
#pragma once

#include <stdbool.h>

#include "base/slice.h"

#define ARIA_FIELDS_MAX 8u

/* The texts of a row, in the order of the table; until it returns. */
typedef void AriaVisit(const Slice *fields, void *data);

/* Visits each row of @bytes. The table has texts alone, none of them NULL: @widths has, for each of
 * its @count fields, how many bytes its length takes. Rows of a page do not overlap, so all visits
 * together have no more bytes than the file. False: there is a row or a page that it cannot read.
 */
bool aria_rows(Slice bytes, const uint8_t *widths, unsigned count, AriaVisit *visit, void *data);
