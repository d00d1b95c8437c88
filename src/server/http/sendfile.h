/* Longer steps for files that leave by sendfile, where the program is built with them. */
#pragma once

#include <stdint.h>

/* Before a file becomes a response by its descriptor: where in it the response ends. */
#ifdef ASSAY_LONG_SENDFILE_STEPS
void sendfile_mark_end(int fd, uint64_t end);
#else
static inline void
sendfile_mark_end(int fd, uint64_t end)
{
}
#endif
