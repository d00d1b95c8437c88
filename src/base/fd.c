/* File descriptors and files that appear whole; see the header. */
#include "base/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

#define READ_CHUNK ((size_t)64 * 1024)

void
fd_clear(int *fd)
{
  if (*fd >= 0)
    close(*fd);
  *fd = -1;
}

bool
fd_write_all(int fd, Slice bytes, GError **error)
{
  while (bytes.size > 0) {
    ssize_t written = write(fd, bytes.data, bytes.size);
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0)
      return error_set_errno(error, errno, "write");
    bytes = slice_sub(bytes, (size_t)written, bytes.size);
  }
  return true;
}

bool
fd_read_exactly(int fd, void *into, size_t size)
{
  ssize_t got = 1;
  for (size_t done = 0; done < size && got > 0; done += (size_t)MAX(got, 0))
    got = TEMP_FAILURE_RETRY(read(fd, (uint8_t *)into + done, size - done));
  return got > 0;
}

gssize
fd_read_at(int fd, void *into, size_t size, uint64_t offset)
{
  size_t done = 0;
  ssize_t got = 1;
  for (; done < size && got > 0; done += (size_t)MAX(got, 0))
    got =
        TEMP_FAILURE_RETRY(pread(fd, (uint8_t *)into + done, size - done, (off_t)(offset + done)));
  return got < 0 ? -1 : (gssize)done;
}

GBytes *
fd_read_all(int fd, size_t limit, GError **error)
{
  g_autoptr(GByteArray) read_so_far = g_byte_array_new();
  g_autofree uint8_t *chunk = g_malloc(READ_CHUNK);
  for (;;) {
    ssize_t got = read(fd, chunk, READ_CHUNK);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0) {
      error_set_errno(error, errno, "read");
      return NULL;
    }
    if (got == 0)
      break;
    if ((size_t)got > limit - read_so_far->len) {
      error_set(error, ASSAY_ERROR_LIMIT, "more than %zu bytes", limit);
      return NULL;
    }
    g_byte_array_append(read_so_far, chunk, (guint)got);
  }
  return g_byte_array_free_to_bytes(g_steal_pointer(&read_so_far));
}

GBytes *
file_read(int directory_fd, const char *path, size_t limit, GError **error)
{
  auto_fd int fd = openat(directory_fd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (fd < 0) {
    error_set_errno(error, errno, "%s", path);
    return NULL;
  }
  GBytes *bytes = fd_read_all(fd, limit, error);
  if (bytes == NULL)
    g_prefix_error(error, "%s: ", path);
  return bytes;
}

bool
directory_sync(int directory_fd, const char *path, GError **error)
{
  auto_fd int fd = openat(directory_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0 || fsync(fd) < 0)
    return error_set_errno(error, errno, "sync folder %s", path);
  return true;
}

bool
file_replace(int directory_fd, const char *path, Slice bytes, mode_t mode, GError **error)
{
  g_autofree char *folder = g_path_get_dirname(path);
  g_autofree char *temporary = g_strdup_printf("%s.%08x.new", path, g_random_int());

  auto_fd int fd =
      openat(directory_fd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
  if (fd < 0)
    return error_set_errno(error, errno, "create %s", temporary);
  bool written = fd_write_all(fd, bytes, error);
  if (written && (fsync(fd) < 0 || renameat(directory_fd, temporary, directory_fd, path) < 0))
    written = error_set_errno(error, errno, "store");
  if (!written) {
    g_prefix_error(error, "%s: ", path);
    unlinkat(directory_fd, temporary, 0);
    return false;
  }
  return directory_sync(directory_fd, folder, error);
}

/* Whether @entry is what file_replace() makes of @name first: "name.0123abcd.new". */
static bool
is_remains(const char *entry, const char *name)
{
  size_t size = strlen(name);
  return strncmp(entry, name, size) == 0 && entry[size] == '.' &&
         strspn(entry + size + 1, "0123456789abcdef") == 8 && strcmp(entry + size + 9, ".new") == 0;
}

void
file_remove_remains(int directory_fd, const char *folder, const char *name)
{
  int fd = openat(directory_fd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *entries = fd < 0 ? NULL : fdopendir(fd);
  if (entries == NULL) {
    fd_clear(&fd);
    return;
  }
  for (struct dirent *entry = readdir(entries); entry != NULL; entry = readdir(entries))
    if (is_remains(entry->d_name, name))
      unlinkat(dirfd(entries), entry->d_name, 0);
  closedir(entries);
}

bool
output_open_in_place(const char *path, int *fd, GError **error)
{
  struct stat about;
  *fd = -1;
  if (lstat(path, &about) < 0 || S_ISREG(about.st_mode))
    return true;
  *fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0644);
  return *fd >= 0 || error_set_errno(error, errno, "%s", path);
}

int
directory_open(const char *path, GError **error)
{
  if (g_mkdir_with_parents(path, 0700) < 0) {
    error_set_errno(error, errno, "create folder %s", path);
    return -1;
  }
  int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    error_set_errno(error, errno, "open folder %s", path);
  return fd;
}

static bool
remove_children(int folder_fd, GError **error)
{
  int scan_fd = openat(folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *folder = scan_fd < 0 ? NULL : fdopendir(scan_fd);
  if (folder == NULL) {
    int saved = errno;
    fd_clear(&scan_fd);
    return error_set_errno(error, saved, "list folder");
  }
  bool removed = true;
  for (struct dirent *entry = readdir(folder); removed && entry != NULL; entry = readdir(folder))
    if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
      removed = directory_remove(folder_fd, entry->d_name, error);
  closedir(folder);
  return removed;
}

bool
directory_remove(int directory_fd, const char *path, GError **error)
{
  if (unlinkat(directory_fd, path, 0) == 0 || errno == ENOENT)
    return true;
  if (errno != EISDIR && errno != EPERM)
    return error_set_errno(error, errno, "remove %s", path);

  auto_fd int folder = openat(directory_fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (folder < 0)
    return error_set_errno(error, errno, "remove %s", path);
  if (!remove_children(folder, error))
    return false;
  if (unlinkat(directory_fd, path, AT_REMOVEDIR) < 0 && errno != ENOENT)
    return error_set_errno(error, errno, "remove folder %s", path);
  return true;
}

bool
become_owner_of(const char *folder, GError **error)
{
  struct stat owner;
  if (geteuid() != 0 || stat(folder, &owner) < 0 || owner.st_uid == 0)
    return true;
  if (setgroups(0, NULL) < 0 || setresgid(owner.st_gid, owner.st_gid, owner.st_gid) < 0 ||
      setresuid(owner.st_uid, owner.st_uid, owner.st_uid) < 0)
    return error_set_errno(error, errno, "become user %u, whose %s is", (unsigned)owner.st_uid,
                           folder);
  return true;
}

int
temporary_file_new(const char *folder, GError **error)
{
  const char *place = folder != NULL ? folder : g_get_tmp_dir();
  int fd = open(place, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) {
    g_autofree char *path = g_build_filename(place, "assay-XXXXXX", NULL);
    fd = g_mkstemp_full(path, O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0)
      unlink(path);
  }
  if (fd < 0)
    error_set_errno(error, errno, "%s: make a temporary file%s", place,
                    folder == NULL ? " ($TMPDIR names another folder)" : "");
  return fd;
}

static int
make_memory_file(const char *name, unsigned flags, GError **error)
{
  int fd = memfd_create(name, MFD_CLOEXEC | flags);
  if (fd < 0)
    error_set_errno(error, errno, "memory file %s", name);
  return fd;
}

int
memory_file_new(const char *name, GError **error)
{
  return make_memory_file(name, 0, error);
}

int
memory_file_new_sealable(const char *name, GError **error)
{
  return make_memory_file(name, MFD_ALLOW_SEALING, error);
}

bool
memory_file_seal(int fd, GError **error)
{
  return fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) == 0 ||
         error_set_errno(error, errno, "seal a memory file");
}
