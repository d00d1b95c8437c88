/* sbom:FILE, sbom:docker://...: an SBOM in the place of an image. It is put into a tar by itself,
 * which the caged worker reads as the only layer: nothing of it is parsed here. */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "inspect/sboms/sboms.h"
#include "source/source-private.h"

static GBytes *
read_file(const char *path, uint64_t most, GError **error)
{
  auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat status = {0};
  if (fd < 0 || fstat(fd, &status) < 0) {
    error_set_errno(error, errno, "%s", path);
    return NULL;
  }
  if (!S_ISREG(status.st_mode) || (uint64_t)status.st_size > most) {
    error_set(error, S_ISREG(status.st_mode) ? ASSAY_ERROR_LIMIT : ASSAY_ERROR_INVALID,
              S_ISREG(status.st_mode) ? "%s: larger than %" G_GUINT64_FORMAT
                                        " bytes (limits.file_bytes)"
                                      : "%s: not a file",
              path, most);
    return NULL;
  }
  g_autofree uint8_t *bytes = g_malloc((size_t)status.st_size + 1);
  size_t size = 0;
  for (ssize_t got = 1; got > 0 && size < (size_t)status.st_size; size += (size_t)MAX(got, 0))
    got = TEMP_FAILURE_RETRY(pread(fd, bytes + size, (size_t)status.st_size - size, (off_t)size));
  return g_bytes_new_take(g_steal_pointer(&bytes), size);
}

static bool
write_tar(GBytes *bytes, const char *path, int to, GError **error)
{
  struct archive *tar = archive_write_new();
  struct archive_entry *entry = archive_entry_new();
  size_t size = g_bytes_get_size(bytes);
  archive_entry_set_pathname(entry, path);
  archive_entry_set_filetype(entry, AE_IFREG);
  archive_entry_set_perm(entry, 0644);
  archive_entry_set_size(entry, (la_int64_t)size);
  archive_write_set_format_pax_restricted(tar);
  bool written = archive_write_open_fd(tar, to) == ARCHIVE_OK &&
                 archive_write_header(tar, entry) == ARCHIVE_OK &&
                 archive_write_data(tar, g_bytes_get_data(bytes, NULL), size) == (la_ssize_t)size &&
                 archive_write_close(tar) == ARCHIVE_OK;
  if (!written)
    error_set(error, ASSAY_ERROR_IO, "%s", archive_error_string(tar));
  archive_entry_free(entry);
  archive_write_free(tar);
  return written;
}

static bool
open_sbom(ImageSource *source, const char *place, const SourceCall *call, GError **error)
{
  static const char remote[] = "docker:";
  g_autofree char *path = g_strdup(SBOM_TARGET_PLACE);
  g_autoptr(GBytes) bytes =
      g_str_has_prefix(place, remote)
          ? source_fetch_sbom(source, place + strlen(remote), call, &path, error)
          : read_file(place, source->limits.layer.file_bytes, error);
  if (bytes == NULL)
    return false;
  SourceLayer *layer = source_add_layer(source);
  layer->fd = memory_file_new("sbom", error);
  if (layer->fd < 0 || !write_tar(bytes, path, layer->fd, error))
    return false;
  off_t size = lseek(layer->fd, 0, SEEK_END);
  layer->size = size < 0 ? 0 : (uint64_t)size;
  return true;
}

static bool
open_layer(ImageSource *source, SourceLayer *layer, const SourceCall *call, GError **error)
{
  return error_set(error, ASSAY_ERROR_FAILED, "%s: the file is closed", source->target);
}

const SourceTransport source_sbom = {"sbom:", open_sbom, open_layer, NULL};
