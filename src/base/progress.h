/* How long work tells the one who waits. The worker calls progress_tell(); whoever started it
 * decides where that goes (a bar on a terminal, a log line, nowhere). Called on the worker's
 * thread. */
#pragma once

#include <stddef.h>
#include <stdint.h>

typedef struct {
  /* @what: what is being done, as a person would say it ("layer 2 of 5", "bullseye-security
   * Sources").
   * @done of @total in bytes or items; @total 0 when it is not known. */
  void (*tell)(const char *what, uint64_t done, uint64_t total, void *data);
  void *data;
} Progress;

static inline void
progress_tell(const Progress *progress, const char *what, uint64_t done, uint64_t total)
{
  if (progress != NULL && progress->tell != NULL)
    progress->tell(what, done, total, progress->data);
}
