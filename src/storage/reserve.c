/* The reserve; see the header. */
#include "storage/reserve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/fd.h"

#define RESERVE_NAME "reserve"
#define RESERVE_SIZE ((uint64_t)8 * 1024 * 1024)
/* Free room below which none is made, and below which it is given up at a start. */
#define PLENTY       (8 * RESERVE_SIZE)
#define NEXT_TO_NONE (RESERVE_SIZE / 8)

static uint64_t
free_room(int data_fd)
{
  struct statvfs status;
  return fstatvfs(data_fd, &status) < 0 ? 0 : (uint64_t)status.f_bavail * status.f_frsize;
}

bool
reserve_keep(int data_fd)
{
  struct stat status;
  if (fstatat(data_fd, RESERVE_NAME, &status, AT_SYMLINK_NOFOLLOW) == 0)
    return true;
  if (free_room(data_fd) < PLENTY)
    return false;
  auto_fd int fd =
      openat(data_fd, RESERVE_NAME, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd >= 0 && posix_fallocate(fd, 0, (off_t)RESERVE_SIZE) == 0)
    return true;
  /* Half of one is worth nothing. */
  if (fd >= 0)
    unlinkat(data_fd, RESERVE_NAME, 0);
  errno = 0;
  return false;
}

bool
reserve_is_spared(int data_fd)
{
  return free_room(data_fd) >= 2 * RESERVE_SIZE;
}

bool
reserve_release(int data_fd)
{
  return unlinkat(data_fd, RESERVE_NAME, 0) == 0;
}

bool
reserve_release_if_full(int data_fd)
{
  return free_room(data_fd) < NEXT_TO_NONE && reserve_release(data_fd);
}
