/* Work by name, so that one name's cannot hold up another's: of each, so much is done at once, and
 * the rest waits its turn in a lane of its own. Any thread. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#define LANE_WORKERS 16u

/* True: @work is the caller's to do, and then what lanes_next() gives. False: it waits, and is
 * given by lanes_next() to who is done with another of @name. */
bool lanes_enter(const char *name, void *work);
/* NULL: there is nothing more of @name. */
void *lanes_next(const char *name);
