/* The fault-injection seam of storage; see the header. */
#include "storage/io-private.h"

#ifdef ASSAY_FAULT_INJECTION
static int calls_left = -1;
static int fault_errno;

void
io_fault_after(int calls, int errno_value)
{
  calls_left = calls;
  fault_errno = errno_value;
}

bool
io_fault(void)
{
  if (calls_left < 0)
    return false;
  if (calls_left > 0) {
    calls_left--;
    return false;
  }
  errno = fault_errno;
  return true;
}
#endif
