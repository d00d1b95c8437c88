/* All files below a root that detectors may want wherever they are. Whether one is wanted by its
 * content is decided in the cage: here only the first bytes are compared, to leave out what is no
 * program. Links are not followed: what they lead to within the root is found by its own path; or
 * the link is written as one, if its name is wanted, with what it leads to. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "inspect/anywhere.h"
#include "source/rootfs-private.h"

/* More than any machine has; of a folder that is in itself, PATH_MAX ends it before. */
#define FILES_MAX 10000000u
#define DEPTH_MAX 200u

typedef struct {
  RootReader *reader;
  GString *path; /* of the folder that is walked, with a slash at its end; "": the root */
  unsigned files;
} Walk;

/* File systems that the kernel makes up. */
static bool
is_made_up(int fd)
{
  struct statfs status;
  static const unsigned long kinds[] = {PROC_SUPER_MAGIC,    SYSFS_MAGIC,        CGROUP_SUPER_MAGIC,
                                        CGROUP2_SUPER_MAGIC, DEBUGFS_MAGIC,      TRACEFS_MAGIC,
                                        SECURITYFS_MAGIC,    DEVPTS_SUPER_MAGIC, BPF_FS_MAGIC};
  if (fstatfs(fd, &status) != 0)
    return false;
  for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
    if ((unsigned long)status.f_type == kinds[i])
      return true;
  return false;
}

/* By permission or name; the content is looked at after that. */
static bool
may_be_program(const char *name, mode_t mode)
{
  static const char *const ends[] = {".dll", ".exe", ".node", ".so"};
  for (size_t i = 0; i < G_N_ELEMENTS(ends); i++)
    if (g_str_has_suffix(name, ends[i]))
      return true;
  return (mode & 0111) != 0 || strstr(name, ".so.") != NULL;
}

/* ELF, PE, Mach-O of either byte order and of several architectures. */
static bool
is_program(int fd)
{
  static const uint8_t starts[][4] = {{0x7f, 'E', 'L', 'F'},    {0xfe, 0xed, 0xfa, 0xce},
                                      {0xfe, 0xed, 0xfa, 0xcf}, {0xce, 0xfa, 0xed, 0xfe},
                                      {0xcf, 0xfa, 0xed, 0xfe}, {0xca, 0xfe, 0xba, 0xbe}};
  uint8_t start[4];
  if (pread(fd, start, sizeof start, 0) != (ssize_t)sizeof start)
    return false;
  for (size_t i = 0; i < G_N_ELEMENTS(starts); i++)
    if (memcmp(start, starts[i], sizeof start) == 0)
      return true;
  return start[0] == 'M' && start[1] == 'Z';
}

static bool
check_size(RootReader *reader, const char *path, uint64_t size, GError **error)
{
  uint64_t most = reader->limits->layer.unpacked_bytes;
  if (size > most - reader->all_bytes)
    return error_set(error, ASSAY_ERROR_LIMIT,
                     "%s/%s: the files before it and it are larger than %" G_GUINT64_FORMAT
                     " bytes (limits.layer_unpacked_bytes)",
                     reader->root_path, path, most);
  reader->all_bytes += size;
  return true;
}

/* What detectors make of a file depends on its name, of which it may have several, and on whether
 * the folders above are those that they want. */
static bool
is_first(RootReader *reader, const struct stat *status, bool by_path, const char *path)
{
  g_autofree char *name = g_path_get_basename(path);
  g_autofree char *reason =
      by_path ? g_strdup_printf("%" G_GINT64_MODIFIER "x:%s", anywhere_by_path(path), name)
              : g_strdup("");
  return rootfs_take(reader, status, reason);
}

/* Whether something may be observed in any file of that path. */
static bool
may_be_observed(const char *path)
{
  return (anywhere_by_content(path) & anywhere_observers()) != 0;
}

/* For its name, for the program that it may be, or for what may be observed in it. */
static bool
is_looked_at(const char *path, const struct stat *status)
{
  const char *slash = strrchr(path, '/'), *name = slash == NULL ? path : slash + 1;
  return anywhere_by_name(path) != 0 || may_be_observed(path) ||
         (anywhere_by_content(path) != 0 && may_be_program(name, status->st_mode));
}

/* A file that cannot be opened is told: what is in it is not known. */
static bool
take_file(Walk *walk, int folder, const char *name, const struct stat *status, GError **error)
{
  RootReader *reader = walk->reader;
  g_autofree char *path = g_strconcat(walk->path->str, name, NULL);
  bool by_path = anywhere_by_name(path) != 0;
  if (status->st_size == 0 || !is_looked_at(path, status))
    return true;
  auto_fd int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0)
    return errno == ENOENT || error_set_errno(error, errno, "%s/%s", reader->root_path, path);
  if ((!by_path && !may_be_observed(path) && !is_program(fd)) ||
      !is_first(reader, status, by_path, path))
    return true;
  uint64_t size = (uint64_t)status->st_size;
  return check_size(reader, path, size, error) &&
         rootfs_begin_entry(reader, path, AE_IFREG, status->st_mode & 07777, size, error) &&
         rootfs_copy_content(reader, fd, path, size, error);
}

/* --- links --- */

/* (transfer full), or NULL */
static char *
path_of(int fd)
{
  g_autofree char *link = g_strdup_printf("/proc/self/fd/%d", fd);
  return g_file_read_link(link, NULL);
}

/* From the root on. (transfer full); NULL: it is not known, or not below it. */
static char *
path_within(const RootReader *reader, int fd)
{
  g_autofree char *root = path_of(reader->root), *file = path_of(fd);
  if (root == NULL || file == NULL)
    return NULL;
  size_t size = strcmp(root, "/") == 0 ? 0 : strlen(root);
  return strncmp(root, file, size) == 0 && file[size] == '/' ? g_strdup(file + size + 1) : NULL;
}

/* What is not found by its own path; the worker reads it under the link's name. */
static bool
add_linked(RootReader *reader, int fd, const char *path, const struct stat *status, GError **error)
{
  bool by_itself = is_looked_at(path, status) &&
                   (anywhere_by_name(path) != 0 || may_be_observed(path) || is_program(fd));
  uint64_t size = (uint64_t)status->st_size;
  if (by_itself || size == 0 || !rootfs_take(reader, status, "linked"))
    return true;
  return check_size(reader, path, size, error) &&
         rootfs_begin_entry(reader, path, AE_IFREG, status->st_mode & 0777, size, error) &&
         rootfs_copy_content(reader, fd, path, size, error);
}

/* One whose own name is wanted. */
static bool
take_link(Walk *walk, const char *name, GError **error)
{
  RootReader *reader = walk->reader;
  struct stat status = {0};
  g_autofree char *path = g_strconcat(walk->path->str, name, NULL);
  if (anywhere_by_name(path) == 0)
    return true;
  auto_fd int fd = source_open_file(reader->root, path, INSIDE, &status);
  if (fd < 0) /* one that leads nowhere, or around, is as good as none */
    return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ||
           error_set_errno(error, errno, "%s/%s", reader->root_path, path);
  g_autofree char *target = S_ISREG(status.st_mode) ? path_within(reader, fd) : NULL;
  return target == NULL || (add_linked(reader, fd, target, &status, error) &&
                            rootfs_add_link(reader, path, target, error));
}

static bool walk_folder(Walk *walk, int above, const char *name, unsigned depth, GError **error);

static bool
take_entry(Walk *walk, int folder, const char *name, unsigned depth, GError **error)
{
  struct stat status;
  if (++walk->files > FILES_MAX)
    return error_set(error, ASSAY_ERROR_LIMIT, "%s: more than %u files", walk->reader->root_path,
                     FILES_MAX);
  if (cancellable_set_error_if_cancelled(walk->reader->cancellable, error))
    return false;
  if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
    return errno == ENOENT ||
           error_set_errno(error, errno, "%s/%s%s", walk->reader->root_path, walk->path->str, name);
  if (S_ISREG(status.st_mode))
    return take_file(walk, folder, name, &status, error);
  if (S_ISLNK(status.st_mode))
    return take_link(walk, name, error);
  if (!S_ISDIR(status.st_mode))
    return true;
  size_t size = walk->path->len;
  g_string_append_printf(walk->path, "%s/", name);
  bool walked = walk_folder(walk, folder, name, depth + 1, error);
  g_string_truncate(walk->path, size);
  return walked;
}

static bool
walk_folder(Walk *walk, int above, const char *name, unsigned depth, GError **error)
{
  if (depth > DEPTH_MAX)
    return error_set(error, ASSAY_ERROR_LIMIT, "%s/%s: deeper than %u folders",
                     walk->reader->root_path, walk->path->str, DEPTH_MAX);
  auto_fd int fd = openat(above, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0)
    return errno == ENOENT ||
           error_set_errno(error, errno, "%s/%s", walk->reader->root_path, walk->path->str);
  if (depth > 0 && is_made_up(fd))
    return true;
  auto_folder DIR *folder = fdopendir(fd);
  if (folder == NULL)
    return error_set_errno(error, errno, "%s/%s", walk->reader->root_path, walk->path->str);
  fd_steal(&fd);
  for (const struct dirent *entry; (entry = readdir(folder)) != NULL;)
    if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
        !take_entry(walk, dirfd(folder), entry->d_name, depth, error))
      return false;
  return true;
}

bool
rootfs_walk(RootReader *reader, GError **error)
{
  g_autoptr(GString) path = g_string_new(NULL);
  Walk walk = {.reader = reader, .path = path};
  return anywhere_all() == 0 || walk_folder(&walk, reader->root, ".", 0, error);
}
