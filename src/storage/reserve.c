/* The reserve; see the header. */
#include "storage/reserve.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/fd.h"

#define RESERVE_NAME "reserve"
/* An eighth of what is free, within these bounds: a small disk has a small one, and next to none
 * has none. A deletion needs some dozens of KiB. */
#define RESERVE_MOST  ((uint64_t)8 * 1024 * 1024)
#define RESERVE_LEAST ((uint64_t)512 * 1024)
/* Free room below which it is given up at a start. */
#define NEXT_TO_NONE ((uint64_t)1024 * 1024)

static uint64_t
free_room(int data_fd)
{
  struct statvfs status;
  return fstatvfs(data_fd, &status) < 0 ? 0 : (uint64_t)status.f_bavail * status.f_frsize;
}

static uint64_t
disk_size(int data_fd)
{
  struct statvfs status;
  return fstatvfs(data_fd, &status) < 0 ? 0 : (uint64_t)status.f_blocks * status.f_frsize;
}

bool
reserve_keep(int data_fd)
{
  struct stat status;
  if (fstatat(data_fd, RESERVE_NAME, &status, AT_SYMLINK_NOFOLLOW) == 0)
    return true;
  uint64_t size = MIN(free_room(data_fd) / 8, RESERVE_MOST);
  if (size < RESERVE_LEAST)
    return false;
  auto_fd int fd =
      openat(data_fd, RESERVE_NAME, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd >= 0 && posix_fallocate(fd, 0, (off_t)size) == 0)
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
  return free_room(data_fd) >= MIN(2 * RESERVE_MOST, disk_size(data_fd) / 4);
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
