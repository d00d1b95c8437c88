/* The fault-injection seam of storage; see the header. */
#include "storage/fault.h"
#include "storage/fault-private.h"

#ifdef ASSAY_FAULT_INJECTION
static int calls_left = -1;
static int fault_errno;
static bool fault_once;

void
io_fault_after(int calls, int errno_value)
{
  calls_left = calls;
  fault_errno = errno_value;
  fault_once = false;
}

void
io_fault_once(int calls, int errno_value)
{
  io_fault_after(calls, errno_value);
  fault_once = true;
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
  if (fault_once)
    calls_left = -1;
  errno = fault_errno;
  return true;
}
#endif
