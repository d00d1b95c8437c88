/* Writing files of a root into the tar that the worker reads. */
#include <errno.h>
#include <unistd.h>

#include "base/error.h"
#include "source/rootfs-private.h"

#define COPY_CHUNK ((size_t)256 * 1024)

bool
rootfs_copy_content(const RootReader *reader, int fd, const char *path, uint64_t size,
                    GError **error)
{
  g_autofree uint8_t *chunk = g_malloc(COPY_CHUNK);
  for (uint64_t done = 0; done < size;) {
    ssize_t got = read(fd, chunk, MIN(COPY_CHUNK, size - done));
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      return error_set(error, ASSAY_ERROR_IO, "%s/%s: changed or could not be read",
                       reader->root_path, path);
    if (archive_write_data(reader->tar, chunk, (size_t)got) != got)
      return error_set(error, ASSAY_ERROR_IO, "%s", archive_error_string(reader->tar));
    done += (uint64_t)got;
  }
  return true;
}

/* Takes @entry over. */
static bool
write_entry(const RootReader *reader, struct archive_entry *entry, GError **error)
{
  bool written = archive_write_header(reader->tar, entry) == ARCHIVE_OK;
  archive_entry_free(entry);
  return written || error_set(error, ASSAY_ERROR_IO, "%s", archive_error_string(reader->tar));
}

bool
rootfs_begin_entry(const RootReader *reader, const char *path, unsigned type, unsigned mode,
                   uint64_t size, GError **error)
{
  struct archive_entry *entry = archive_entry_new();
  archive_entry_set_pathname(entry, path);
  archive_entry_set_filetype(entry, type);
  archive_entry_set_perm(entry, mode);
  archive_entry_set_size(entry, (la_int64_t)size);
  return write_entry(reader, entry, error);
}

bool
rootfs_add_link(const RootReader *reader, const char *path, const char *target, GError **error)
{
  struct archive_entry *entry = archive_entry_new();
  g_autofree char *from_root = g_strconcat("/", target, NULL);
  archive_entry_set_pathname(entry, path);
  archive_entry_set_filetype(entry, AE_IFLNK);
  archive_entry_set_perm(entry, 0777);
  archive_entry_set_symlink(entry, from_root);
  return write_entry(reader, entry, error);
}

bool
rootfs_take(RootReader *reader, const struct stat *status, const char *reason)
{
  return g_hash_table_add(reader->taken, g_strdup_printf("%ju:%ju:%s", (uintmax_t)status->st_dev,
                                                         (uintmax_t)status->st_ino, reason));
}
