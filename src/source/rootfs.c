/* rootfs:DIR: an unpacked system, or a folder with an application. What the detectors want of it is
 * put into a tar, which the caged worker reads as it reads a layer. Links are followed within the
 * folder only. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "inspect/fixed_places.h"
#include "source/rootfs-private.h"

#define FOLDER_FILES_MAX 100000u

/* A link that leads nowhere, or around, is as good as none. */
static bool
is_absent(int code)
{
  return code == ENOENT || code == ENOTDIR || code == ELOOP;
}

static bool
too_large(const RootReader *reader, const char *path, uint64_t most, const char *limit,
          GError **error)
{
  return error_set(error, ASSAY_ERROR_LIMIT, "%s/%s: larger than %" G_GUINT64_FORMAT " bytes (%s)",
                   reader->root_path, path, most, limit);
}

/* The worker would hold it in memory. */
static bool
check_size(RootReader *reader, const char *path, uint64_t size, GError **error)
{
  const InspectionLimits *limits = reader->limits;
  if (size > limits->layer.file_bytes)
    return too_large(reader, path, limits->layer.file_bytes, "limits.file_bytes", error);
  if (size > limits->worker.memory_bytes - reader->bytes)
    return too_large(reader, path, limits->worker.memory_bytes - reader->bytes,
                     "what the files before it leave of limits.worker_memory_bytes", error);
  reader->bytes += size;
  return true;
}

static bool
add_file(RootReader *reader, const char *path, GError **error)
{
  struct stat status = {0};
  auto_fd int fd = source_open_file(reader->root, path, INSIDE, &status);
  if (fd < 0)
    return is_absent(errno) || error_set_errno(error, errno, "%s/%s", reader->root_path, path);
  if (!S_ISREG(status.st_mode) || !rootfs_take(reader, &status, "/"))
    return true;
  uint64_t size = (uint64_t)status.st_size;
  if (!check_size(reader, path, size, error))
    return false;
  return rootfs_begin_entry(reader, path, AE_IFREG, status.st_mode & 0777, size, error) &&
         rootfs_copy_content(reader, fd, path, size, error);
}

/* Of each name in the folder @path: the file, or with @below what that is in a folder of the name.
 */
static bool
add_folder(RootReader *reader, const char *path, const char *below, GError **error)
{
  struct open_how how = {.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC, .resolve = INSIDE};
  auto_fd int fd = (int)syscall(SYS_openat2, reader->root, path, &how, sizeof how);
  if (fd < 0)
    return is_absent(errno) || error_set_errno(error, errno, "%s/%s", reader->root_path, path);
  auto_folder DIR *folder = fdopendir(fd);
  if (folder == NULL)
    return error_set_errno(error, errno, "%s/%s", reader->root_path, path);
  fd_steal(&fd);
  unsigned count = 0;
  for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
    g_autofree char *name = g_strconcat(path, entry->d_name, below, NULL);
    if (*entry->d_name == '.')
      continue;
    if (++count > FOLDER_FILES_MAX)
      return error_set(error, ASSAY_ERROR_LIMIT, "%s/%s: more than %u files", reader->root_path,
                       path, FOLDER_FILES_MAX);
    if (!add_file(reader, name, error))
      return false;
  }
  return true;
}

/* The file of each folder of @place, which has "*" for them. */
static bool
add_folders(RootReader *reader, const char *place, GError **error)
{
  const char *star = strchr(place, '*');
  g_autofree char *path = g_strndup(place, (size_t)(star - place));
  return add_folder(reader, path, star + 1, error);
}

/* What is wanted may not be there in a system that is not empty, and nothing is known of it then:
 * its root stands for the rest (completeness.h). */
static bool
add_root(RootReader *reader, GError **error)
{
  auto_fd int fd = openat(reader->root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  auto_folder DIR *folder = fd < 0 ? NULL : fdopendir(fd);
  if (folder == NULL)
    return error_set_errno(error, errno, "%s", reader->root_path);
  fd_steal(&fd);
  const struct dirent *entry;
  do
    entry = readdir(folder);
  while (entry != NULL && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0));
  return entry == NULL || rootfs_begin_entry(reader, "./", AE_IFDIR, 0755, 0, error);
}

static bool
write_tar(RootReader *reader, int to, GError **error)
{
  archive_write_set_format_pax_restricted(reader->tar);
  if (archive_write_open_fd(reader->tar, to) != ARCHIVE_OK)
    return error_set(error, ASSAY_ERROR_IO, "%s", archive_error_string(reader->tar));
  if (!add_root(reader, error))
    return false;
  for (unsigned i = 0; fixed_places_get(i) != NULL; i++) {
    const char *path = fixed_places_get(i);
    bool added = strchr(path, '*') != NULL     ? add_folders(reader, path, error)
                 : g_str_has_suffix(path, "/") ? add_folder(reader, path, "", error)
                                               : add_file(reader, path, error);
    if (!added)
      return false;
  }
  if (!rootfs_walk(reader, error))
    return false;
  if (archive_write_close(reader->tar) != ARCHIVE_OK)
    return error_set(error, ASSAY_ERROR_IO, "%s", archive_error_string(reader->tar));
  return true;
}

static bool
open_rootfs(ImageSource *source, const char *place, const SourceCall *call, GError **error)
{
  auto_fd int root = open(place, O_DIRECTORY | O_PATH | O_CLOEXEC);
  if (root < 0)
    return error_set_errno(error, errno, "%s", place);
  SourceLayer *layer = source_add_layer(source);
  layer->fd = temporary_file_new(NULL, error);
  if (layer->fd < 0)
    return false;
  RootReader reader = {.root_path = place,
                       .root = root,
                       .limits = &source->limits,
                       .tar = archive_write_new(),
                       .cancellable = call->cancellable,
                       .taken = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL)};
  bool written = write_tar(&reader, layer->fd, error);
  archive_write_free(reader.tar);
  g_hash_table_unref(reader.taken);
  off_t size = lseek(layer->fd, 0, SEEK_END);
  layer->size = size < 0 ? 0 : (uint64_t)size;
  return written;
}

static bool
open_layer(ImageSource *source, SourceLayer *layer, const SourceCall *call, GError **error)
{
  return error_set(error, ASSAY_ERROR_FAILED, "%s: the file is closed", source->target);
}

const SourceTransport source_rootfs = {"rootfs:", open_rootfs, open_layer, NULL};
