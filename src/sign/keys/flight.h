/* What several threads want, and one of them gets for all: who comes first boards and works, the
 * others wait until it has landed, as long as they have time. */
#pragma once

#include "base/cancellable.h"

typedef struct {
  GMutex lock; /* of the owner as well, for what is got */
  GCond landed;
  bool flying;
  uint64_t flights;
  GError *failure; /* of the last; or NULL */
} Flight;

void flight_init(Flight *flight);
void flight_clear(Flight *flight);
/* With its lock held, which is let go of while it waits. True: nobody works on it, and the caller
 * must, without the lock, and then land. False: somebody did, and with it succeeded; or *error:
 * what that failed with, or ASSAY_ERROR_TIMEOUT, _CANCELLED: the wait was over before. */
bool flight_board(Flight *flight, Cancellable *cancellable, GError **error);
/* With its lock held. @failure: NULL: it succeeded. That the caller was cancelled is nobody else's
 * failure. */
void flight_land(Flight *flight, const GError *failure);
