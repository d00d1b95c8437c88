/* The source packages of what chisel cuts: statements name sources, chisel's manifest does not. */
#pragma once

#include <stdbool.h>

#include "base/slice.h"

/* (transfer full) The source that Ubuntu builds @name from, where it has the package's @version as
 * well; NULL where that is not known. */
char *chisel_source(const char *name, const char *version);
/* For the tests: bsearch() finds nothing in what is not. */
bool chisel_sources_are_sorted(void);
