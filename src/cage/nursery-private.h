/* What passes between us and the nursery. */
#pragma once

#include <stdbool.h>
#include <sys/socket.h>

#include "cage/nursery.h"

/* A request is one byte, 1 for a light worker and else 0, with these descriptors, and those of the
 * worker behind them. */
enum { REQUEST_NEWS, REQUEST_JOB, REQUEST_WORKER };
#define REQUEST_DESCRIPTORS (REQUEST_WORKER + NURSERY_DESCRIPTORS)

/* What comes back on the socket REQUEST_NEWS: first that the worker was made, with a pidfd, or why
 * not; then that it ended. */
typedef struct {
  bool ended;
  int failure; /* errno of making it, or 0 */
  NurseryEnd end;
} NurseryReport;

/* For a message of one part with descriptors, as sendmsg() and recvmsg() take it. */
typedef union {
  struct cmsghdr align;
  char bytes[CMSG_SPACE(REQUEST_DESCRIPTORS * sizeof(int))];
} NurseryControl;
/* Has @message bring @count descriptors; @control is kept until it is sent. */
void nursery_bring(struct msghdr *message, NurseryControl *control, const int *descriptors,
                   size_t count);
