/* The system calls by which storage changes the disk, with a seam: a build with fault_injection can
 * make the n-th of them fail, so that a test walks a failure through every point of a push. */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef ASSAY_FAULT_INJECTION
/* Counts a call; true: it is to fail, and errno is set. */
bool io_fault(void);
/* True: this commit is to be refused, as for what another transaction did; @first: of this one. */
bool commit_fault(bool first);
/* Before and after a sync of the log of commits; true: it is to fail, and errno is set. */
bool log_sync_fault(int fd, bool done);
#else
static inline bool
io_fault(void)
{
  return false;
}

static inline bool
commit_fault(bool first)
{
  return false;
}

static inline bool
log_sync_fault(int fd, bool done)
{
  return false;
}
#endif

static inline ssize_t
io_pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
  return io_fault() ? -1 : pwrite(fd, bytes, size, offset);
}

static inline int
io_fsync(int fd)
{
  return io_fault() ? -1 : fsync(fd);
}

static inline int
io_sync_log(int fd)
{
  if (io_fault() || log_sync_fault(fd, false))
    return -1;
  return fdatasync(fd) < 0 || log_sync_fault(fd, true) ? -1 : 0;
}

/* Without a barrier: what io_syncfs() is called after. */
static inline int
io_write_back(int fd)
{
  return io_fault() ? -1
                    : sync_file_range(fd, 0, 0,
                                      SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
                                          SYNC_FILE_RANGE_WAIT_AFTER);
}

static inline int
io_syncfs(int fd)
{
  return io_fault() ? -1 : syncfs(fd);
}

static inline int
io_renameat(int from_fd, const char *from, int to_fd, const char *to)
{
  return io_fault() ? -1 : renameat(from_fd, from, to_fd, to);
}

static inline int
io_openat(int fd, const char *name, int flags, mode_t mode)
{
  return io_fault() ? -1 : openat(fd, name, flags, mode);
}

static inline int
io_ftruncate(int fd, off_t size)
{
  return io_fault() ? -1 : ftruncate(fd, size);
}

static inline int
io_unlinkat(int fd, const char *name)
{
  return io_fault() ? -1 : unlinkat(fd, name, 0);
}
