/* A folder, or an archive with its list of members; see the header. */
#include "source/files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

#define LINKS_MAX 8

struct ImageFiles {
  char *path;
  int fd;              /* the folder, or the unpacked archive */
  GPtrArray *list;     /* ArchiveMember; NULL: a folder */
  GHashTable *members; /* name -> ArchiveMember */
};

static bool
is_safe_name(const char *name)
{
  g_auto(GStrv) parts = g_strsplit(name, "/", -1);
  for (char **part = parts; *part != NULL; part++)
    if (**part == '\0' || strcmp(*part, "..") == 0 || strcmp(*part, ".") == 0)
      return false;
  return *name != '\0';
}

ImageFiles *
image_files_open_folder(const char *path, GError **error)
{
  auto_fd int fd = open(path, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    error_set_errno(error, errno, "%s", path);
    return NULL;
  }
  ImageFiles *files = g_new0(ImageFiles, 1);
  files->path = g_strdup(path);
  files->fd = fd_steal(&fd);
  return files;
}

int
source_open_file(int folder, const char *path, uint64_t resolve, struct stat *status)
{
  struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = resolve};
  auto_fd int place = (int)syscall(SYS_openat2, folder, path, &how, sizeof how);
  if (place < 0 || fstat(place, status) < 0)
    return -1;
  if (!S_ISREG(status->st_mode))
    return fd_steal(&place);
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
  auto_fd int fd = (int)syscall(SYS_openat2, folder, path, &how, sizeof how);
  return fd < 0 || fstat(fd, status) < 0 ? -1 : fd_steal(&fd);
}

/* --- archives --- */

static bool
size_of(const struct stat *status, const char *path, uint64_t *size, GError **error)
{
  if (!S_ISREG(status->st_mode))
    return error_set(error, ASSAY_ERROR_INVALID, "%s is no file", path);
  *size = (uint64_t)status->st_size;
  return true;
}

static bool
file_size(int fd, const char *path, uint64_t *size, GError **error)
{
  struct stat status;
  if (fstat(fd, &status) < 0)
    return error_set_errno(error, errno, "%s", path);
  return size_of(&status, path, size, error);
}

/* A tar has "ustar" in its first header; anything else is taken for a packed one. */
static bool
is_plain_tar(int fd)
{
  char magic[5];
  return pread(fd, magic, sizeof magic, 257) == (ssize_t)sizeof magic &&
         memcmp(magic, "ustar", sizeof magic) == 0;
}

static bool
unpack(ImageFiles *files, uint64_t *size, const InspectionLimits *limits, const SourceCall *call,
       GError **error)
{
  auto_fd int unpacked = temporary_file_new(NULL, error);
  if (unpacked < 0)
    return false;
  progress_tell(call->progress, "unpacking the archive", 0, 0);
  if (!inspect_unpack(files->fd, *size, unpacked, limits, call->allow_uncaged, call->cancellable,
                      error)) {
    g_prefix_error(error, "%s: ", files->path);
    return false;
  }
  fd_clear(&files->fd);
  files->fd = fd_steal(&unpacked);
  return file_size(files->fd, files->path, size, error);
}

ImageFiles *
image_files_open_archive(const char *path, const InspectionLimits *limits, const SourceCall *call,
                         GError **error)
{
  g_autoptr(ImageFiles) files = g_new0(ImageFiles, 1);
  uint64_t size;
  files->path = g_strdup(path);
  files->fd = open(path, O_RDONLY | O_CLOEXEC);
  if (files->fd < 0) {
    error_set_errno(error, errno, "%s", path);
    return NULL;
  }
  if (!file_size(files->fd, path, &size, error))
    return NULL;
  if (!is_plain_tar(files->fd) && !unpack(files, &size, limits, call, error))
    return NULL;
  files->list =
      inspect_archive_index(files->fd, size, limits, call->allow_uncaged, call->cancellable, error);
  if (files->list == NULL) {
    g_prefix_error(error, "%s: ", path);
    return NULL;
  }
  files->members = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < files->list->len; i++) {
    ArchiveMember *member = g_ptr_array_index(files->list, i);
    g_hash_table_replace(files->members, member->name, member);
  }
  return g_steal_pointer(&files);
}

void
image_files_free(ImageFiles *files)
{
  if (files == NULL)
    return;
  fd_clear(&files->fd);
  g_clear_pointer(&files->members, g_hash_table_unref);
  g_clear_pointer(&files->list, g_ptr_array_unref);
  g_free(files->path);
  g_free(files);
}

/* A symbolic link's target counts from its own folder, a hard link's from the archive's root. */
static ArchiveMember *
follow(const ImageFiles *files, const ArchiveMember *link)
{
  g_autofree char *folder = g_path_get_dirname(link->name);
  g_autofree char *from_root = g_build_filename("/", folder, link->target, NULL);
  g_autofree char *canonical = g_canonicalize_filename(from_root, "/");
  ArchiveMember *member = g_hash_table_lookup(files->members, canonical + 1);
  g_autofree char *hard = g_canonicalize_filename(link->target, "/");
  return member != NULL ? member : g_hash_table_lookup(files->members, hard + 1);
}

static const ArchiveMember *
find_member(const ImageFiles *files, const char *name, GError **error)
{
  const ArchiveMember *member = g_hash_table_lookup(files->members, name);
  for (int i = 0; member != NULL && member->target != NULL; i++)
    member = i < LINKS_MAX ? follow(files, member) : NULL;
  if (member == NULL)
    error_set(error, ASSAY_ERROR_NOT_FOUND, "%s holds no %s", files->path, name);
  return member;
}

int
image_files_open(const ImageFiles *files, const char *name, uint64_t *offset, uint64_t *size,
                 GError **error)
{
  if (!is_safe_name(name)) {
    error_set(error, ASSAY_ERROR_INVALID, "%s: \"%s\" is no name of a file of an image",
              files->path, name);
    return -1;
  }
  if (files->list != NULL) {
    const ArchiveMember *member = find_member(files, name, error);
    int fd = member == NULL ? -1 : fcntl(files->fd, F_DUPFD_CLOEXEC, 3);
    if (member != NULL && fd < 0)
      error_set_errno(error, errno, "%s", files->path);
    *offset = member == NULL ? 0 : member->offset;
    *size = member == NULL ? 0 : member->size;
    return fd;
  }
  struct stat status;
  auto_fd int fd = source_open_file(files->fd, name, 0, &status);
  *offset = 0;
  if (fd < 0) {
    error_set_errno(error, errno, "%s/%s", files->path, name);
    return -1;
  }
  return size_of(&status, name, size, error) ? fd_steal(&fd) : -1;
}

static GBytes *
read_whole(const ImageFiles *files, const char *name, int fd, uint64_t offset, uint64_t size,
           size_t limit, GError **error)
{
  if (size > limit) {
    error_set(error, ASSAY_ERROR_LIMIT, "%s/%s: %" G_GUINT64_FORMAT " bytes, at most %zu",
              files->path, name, size, limit);
    return NULL;
  }
  g_autofree uint8_t *content = g_malloc(size + 1);
  gssize got = fd_read_at(fd, content, size, offset);
  if (got != (gssize)size) {
    error_set_errno(error, got < 0 ? errno : EIO, "%s/%s", files->path, name);
    return NULL;
  }
  return g_bytes_new_take(g_steal_pointer(&content), size);
}

GBytes *
image_files_read(const ImageFiles *files, const char *name, size_t limit, GError **error)
{
  uint64_t offset, size;
  auto_fd int fd = image_files_open(files, name, &offset, &size, error);
  return fd < 0 ? NULL : read_whole(files, name, fd, offset, size, limit, error);
}

GBytes *
image_files_read_entrance(const ImageFiles *files, const char *name, size_t limit, GError **error)
{
  struct stat status;
  uint64_t size;
  if (files->list != NULL)
    return image_files_read(files, name, limit, error);
  auto_fd int fd =
      source_open_file(files->fd, name, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS, &status);
  if (fd < 0 && errno == EXDEV) {
    error_set(error, ASSAY_ERROR_INVALID, "%s/%s is a link that leads out of the folder",
              files->path, name);
    return NULL;
  }
  if (fd < 0) {
    error_set_errno(error, errno, "%s/%s", files->path, name);
    return NULL;
  }
  return size_of(&status, name, &size, error) ? read_whole(files, name, fd, 0, size, limit, error)
                                              : NULL;
}

bool
image_files_has(const ImageFiles *files, const char *name)
{
  return files->list != NULL ? g_hash_table_contains(files->members, name)
                             : faccessat(files->fd, name, F_OK, 0) == 0;
}
