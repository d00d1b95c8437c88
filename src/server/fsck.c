/* The check of a data folder; see the header. */
#include "server/fsck.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "registry/small_blobs.h"
#include "server/server-private.h"

/* A folder without it never had a server. */
static int
lock(const char *data_folder, GError **error)
{
  g_autofree char *path = g_build_filename(data_folder, "lock", NULL);
  auto_fd int fd = open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) {
    error_set_errno(error, errno, "%s", path);
    return -1;
  }
  if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
    error_set(error, ASSAY_ERROR_BUSY,
              "%s: a server serves this folder; stop it first, or name another folder with --data",
              data_folder);
    return -1;
  }
  return fd_steal(&fd);
}

bool
server_fsck(const Config *config, const char *data_folder, const FsckOptions *options,
            GError **error)
{
  g_autofree char *url = g_strdup_printf("sqlite:%s/metadata.db", data_folder);
  auto_fd int fd = lock(data_folder, error);
  if (fd < 0)
    return false;
  g_autoptr(BlobStore) blobs = blob_store_open(data_folder, config->durable, error);
  if (blobs == NULL)
    return false;
  g_autoptr(SqlPool) sql = sql_pool_open(url, server_schemas, config->durable, error);
  if (sql == NULL)
    return false;
  g_autoptr(Registry) registry =
      registry_new(blobs, sql, &config->limits.registry, &config->registry);
  return registry_restore_blobs(registry, error) && registry_fsck(registry, options, error);
}
