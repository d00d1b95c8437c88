/* Longer steps for files that leave by sendfile: the build option long_sendfile_steps, off unless
 * it is asked for, as it depends on how libmicrohttpd works inside.
 *
 * libmicrohttpd's event loop sends 128 KiB of a response and turns to the next connection; where
 * the network is fast, most of the time goes into these turns and into waking the receiver for
 * each. The dynamic linker takes the sendfile64() of the program before libc's, so that the library
 * calls the one below, which sends up to STEP at once, as nginx does: less than a millisecond of a
 * thread. Without it everything works as well; docs/benchmarks.md says what it is worth. */
#include "server/http/sendfile.h"

#include <glib.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LIBRARY_STEP ((size_t)128 * 1024)
#define STEP         ((size_t)4 * 1024 * 1024)

/* The end is kept where nobody else has use for it: as the descriptor's own position. */
void
sendfile_mark_end(int fd, uint64_t end)
{
  lseek(fd, (off_t)end, SEEK_SET);
}

/* A full step of the library says that more is to follow; the last is always left to it, for with
 * that it uncorks the socket. syscall(): sendfile() may be another name of this very function. */
ssize_t
sendfile64(int out_fd, int in_fd, off64_t *offset, size_t size)
{
  if (size == LIBRARY_STEP && offset != NULL) {
    off_t left = lseek(in_fd, 0, SEEK_CUR) - *offset;
    if (left > (off_t)(2 * LIBRARY_STEP))
      size = MIN(STEP, (size_t)left - LIBRARY_STEP);
  }
  return syscall(SYS_sendfile, out_fd, in_fd, offset, size);
}
