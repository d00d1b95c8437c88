/* Ctrl-C and SIGTERM as an orderly end: for commands that would leave something half made behind.
 */
#pragma once

#include <glib.h>

#include "base/cancellable.h"

/* A cancellable that the first of these signals cancels; the second one ends the program at once.
 * Called before other threads are started, once. (transfer none) */
Cancellable *interrupt_cancellable(void);
