/* File descriptors that close themselves, whole reads and writes, and files that appear whole or
 * not at all. Everything here may block on the disk. */
#pragma once

#include <dirent.h>
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/slice.h"

static inline void
fd_close_at_scope_end(int *fd)
{
  if (*fd >= 0)
    close(*fd);
}

/* `auto_fd int fd = open(...)`: closed when it leaves scope, unless fd_steal() took it. */
#define auto_fd __attribute__((cleanup(fd_close_at_scope_end)))

/* `auto_folder DIR *folder = fdopendir(fd)`: closed when it leaves scope, if it was opened. */
static inline void
folder_close_at_scope_end(DIR **folder)
{
  if (*folder != NULL)
    closedir(*folder);
}
#define auto_folder __attribute__((cleanup(folder_close_at_scope_end)))

static inline int
fd_steal(int *fd)
{
  int stolen = *fd;
  *fd = -1;
  return stolen;
}

/* Closes *@fd if it is open and sets it to -1. */
void fd_clear(int *fd);

/* Writes all of @bytes, going on after EINTR and short writes. ASSAY_ERROR_IO. */
bool fd_write_all(int fd, Slice bytes, GError **error);

/* Reads @size bytes from where @fd is, going on after EINTR and short reads; false: there are
 * fewer, or it failed. */
bool fd_read_exactly(int fd, void *into, size_t size);
/* The same at @offset. How many it got: fewer where the file ends; or -1 with errno. */
gssize fd_read_at(int fd, void *into, size_t size, uint64_t offset);

/* Reads until the end of the file, at most @limit bytes: more is ASSAY_ERROR_LIMIT. (transfer full)
 */
GBytes *fd_read_all(int fd, size_t limit, GError **error);

/* Opens @path below @directory_fd (or AT_FDCWD) and reads it like fd_read_all(). The message of an
 * error names @path. (transfer full) */
GBytes *file_read(int directory_fd, const char *path, size_t limit, GError **error);

/* Makes @path below @directory_fd hold @bytes, durably: temporary file, fsync, rename, fsync of the
 * folder. A reader sees the old or the new content, never a part. */
bool file_replace(int directory_fd, const char *path, Slice bytes, mode_t mode, GError **error);
/* Removes the temporary files of @name that killed programs left in @folder, below @directory_fd.
 * Only for who knows that nobody is replacing it. */
void file_remove_remains(int directory_fd, const char *folder, const char *name);

/* Opens what is at @path when a rename would take its place: a device, a pipe, a link such as
 * /dev/stdout. What a person names as the place of output is written into it then. *@fd is -1 when
 * nothing is there, or a regular file, which may be replaced. */
bool output_open_in_place(const char *path, int *fd, GError **error);

/* fsync() of a folder, so that a rename or unlink in it survives power loss. @path may be ".". */
bool directory_sync(int directory_fd, const char *path, GError **error);

/* Makes @path and its missing parents with mode 0700, and opens it. -1 on error. */
int directory_open(const char *path, GError **error);

/* Removes @path and all below it, never following a symbolic link. Missing is no error. */
bool directory_remove(int directory_fd, const char *path, GError **error);

/* Run by root on a @folder that is another user's: becomes that user, for good, so that what is
 * written there is that user's, and no name there can lead root anywhere else. True when nothing is
 * to be done: not root, root's folder, no folder yet. */
bool become_owner_of(const char *folder, GError **error);

/* An unnamed file in @folder (NULL: that of temporary files) that goes away with its descriptor,
 * for what is downloaded or unpacked. -1 with *error. */
int temporary_file_new(const char *folder, GError **error);

/* An unnamed file in memory, close-on-exec, for bytes that a caged worker is to read or write. */
int memory_file_new(const char *name, GError **error);
/* The same, for memory_file_seal(): from then on nobody who has it can change it. */
int memory_file_new_sealable(const char *name, GError **error);
bool memory_file_seal(int fd, GError **error);
