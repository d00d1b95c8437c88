/* Kinds of weakness as bytes, for the database's records and the feeds' logs: their number, then
 * each of them. Pure. */
#pragma once

#include <stdbool.h>

#include "advisory/cwe.h"
#include "base/slice.h"

void cwes_write(const Cwes *cwes, GByteArray *out);
/* False: there are too many, or one is none. */
bool cwes_take(Slice *rest, Cwes *cwes);
