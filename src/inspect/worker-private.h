/* What the files of the worker share. */
#pragma once

#include <stdbool.h>

/* Does in the cage what it forbids, as --self-test= names it. Returns when nothing stopped it;
 * false: there is no such test. */
bool worker_break_out(const char *how);
