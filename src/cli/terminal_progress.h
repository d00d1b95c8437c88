/* Progress of long work on a terminal: one line on standard error that is written over. */
#pragma once

#include "base/progress.h"

/* NULL when standard error is no terminal. Any number of threads may tell. */
const Progress *terminal_progress(void);
/* Clears the line, before something else is written. */
void terminal_progress_end(void);
