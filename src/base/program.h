/* Running another program to its end: gpgv, a helper that keeps passwords. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/cancellable.h"

typedef struct {
  const char *const *arguments; /* with the program's name, which is looked up in PATH; NULL ends */
  const char *input;            /* its standard input; NULL: nothing */
  bool quiet;                   /* what it says on standard error is dropped */
  size_t most;                  /* bytes of its standard output */
} Program;

/* Waits. What it wrote to standard output; *@succeeded: whether it ended with 0. (transfer full)
 * NULL: ASSAY_ERROR_NOT_FOUND: it cannot be started; _LIMIT: it said more than @most, _CANCELLED:
 * it was killed. */
GBytes *program_run(const Program *program, Cancellable *cancellable, bool *succeeded,
                    GError **error);
