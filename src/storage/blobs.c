/* The blob store: content-addressed files; see the header for the layout and the promises. */
#include "storage/blobs.h"

#include <dirent.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>

#include "base/error.h"
#include "base/fd.h"
#include "storage/blobs-private.h"
#include "storage/fault-private.h"
#include "storage/reserve.h"

/* Somebody may have put a pipe in the place of a file. */
#define OPEN_FLAGS (O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)

int
blob_open_folder(int parent, const char *name, GError **error)
{
  if (mkdirat(parent, name, 0700) < 0 && errno != EEXIST) {
    error_set_errno(error, errno, "create folder %s", name);
    return -1;
  }
  int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    error_set_errno(error, errno, "open folder %s", name);
  return fd;
}

/* All folders are made and synced before the first blob, so that storing one need only sync its
 * own. */
static bool
make_blob_folders(const BlobStore *store, const char *algorithm, GError **error)
{
  auto_fd int folder = blob_open_folder(store->blobs_fd, algorithm, error);
  if (folder < 0)
    return false;
  for (unsigned first = 0; first < 256; first++) {
    char name[3];
    g_snprintf(name, sizeof name, "%02x", first);
    if (mkdirat(folder, name, 0700) < 0 && errno != EEXIST && errno != EROFS)
      return error_set_errno(error, errno, "create folder blobs/%s/%s", algorithm, name);
  }
  return !store->durable || directory_sync(folder, ".", error);
}

/* Where the kernel asks nobody when it syncs such a file system as a whole. */
static bool
syncs_weakly(int fd)
{
  struct statfs status;
  return fstatfs(fd, &status) == 0 &&
         (status.f_type == FUSE_SUPER_MAGIC || status.f_type == V9FS_MAGIC);
}

BlobStore *
blob_store_open(const char *data_folder, bool durable, GError **error)
{
  auto_fd int data = directory_open(data_folder, error);
  if (data < 0)
    return NULL;
  g_autoptr(BlobStore) store = g_new0(BlobStore, 1);
  store->durable = durable;
  store->data_fd = store->blobs_fd = store->uploads_fd = -1;
  store->reserve_given = reserve_release_if_full(data);
  store->blobs_fd = blob_open_folder(data, "blobs", error);
  if (store->blobs_fd < 0)
    return NULL;
  store->uploads_fd = blob_open_folder(data, "uploads", error);
  if (store->uploads_fd < 0)
    return NULL;
  if (!make_blob_folders(store, "sha256", error) || !make_blob_folders(store, "sha512", error))
    return NULL;
  if (durable &&
      (!directory_sync(store->blobs_fd, ".", error) || !directory_sync(data, ".", error)))
    return NULL;
  store->weak_sync = syncs_weakly(store->blobs_fd);
  store->data_fd = fd_steal(&data);
  return g_steal_pointer(&store);
}

bool
blob_store_make_room(BlobStore *store)
{
  bool released = reserve_release(store->data_fd);
  if (released)
    __atomic_store_n(&store->reserve_given, true, __ATOMIC_RELEASE);
  return released;
}

void
blob_store_keep_room(BlobStore *store)
{
  if (reserve_keep(store->data_fd))
    __atomic_store_n(&store->reserve_given, false, __ATOMIC_RELEASE);
}

void
blob_store_close(BlobStore *store)
{
  if (store == NULL)
    return;
  fd_clear(&store->data_fd);
  fd_clear(&store->blobs_fd);
  fd_clear(&store->uploads_fd);
  g_clear_pointer(&store->lent, g_hash_table_unref);
  g_free(store);
}

BlobPath
blob_path(const Digest *digest)
{
  BlobPath path;
  const char *hex = digest_hex(digest);
  const char *algorithm = digest_algorithm(digest) == DIGEST_SHA512 ? "sha512" : "sha256";
  g_snprintf(path.folder, sizeof path.folder, "%s/%.2s", algorithm, hex);
  g_snprintf(path.path, sizeof path.path, "%s/%s", path.folder, hex);
  return path;
}

void
blob_store_lend(BlobStore *store, const Digest *digest, GBytes *bytes)
{
  if (store->lent == NULL)
    store->lent =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_bytes_unref);
  g_hash_table_insert(store->lent, g_strdup(digest->text), g_bytes_ref(bytes));
}

static GBytes *
find_lent(const BlobStore *store, const Digest *digest)
{
  return store->lent == NULL ? NULL : g_hash_table_lookup(store->lent, digest->text);
}

/* A file of no name that has them. */
static int
open_lent(GBytes *bytes, GError **error)
{
  auto_fd int fd = memory_file_new("blob", error);
  if (fd < 0 || !fd_write_all(fd, slice_from_bytes(bytes), error) || lseek(fd, 0, SEEK_SET) < 0)
    return -1;
  return fd_steal(&fd);
}

int
blob_store_open_blob(BlobStore *store, const Digest *digest, uint64_t *size, GError **error)
{
  BlobPath path = blob_path(digest);
  GBytes *lent = find_lent(store, digest);
  auto_fd int fd =
      lent != NULL ? open_lent(lent, error) : openat(store->blobs_fd, path.path, OPEN_FLAGS);
  struct stat status;
  if (fd < 0 && lent != NULL)
    return -1;
  if (fd < 0 || fstat(fd, &status) < 0) {
    error_set_errno(error, errno, "blob %s", digest->text);
    return -1;
  }
  if (!S_ISREG(status.st_mode)) {
    error_set(error, ASSAY_ERROR_IO, "blob %s: it cannot be read: what is in its place is no file",
              digest->text);
    return -1;
  }
  if (size != NULL)
    *size = (uint64_t)status.st_size;
  return fd_steal(&fd);
}

GBytes *
blob_store_read(BlobStore *store, const Digest *digest, size_t limit, GError **error)
{
  auto_fd int fd = blob_store_open_blob(store, digest, NULL, error);
  if (fd < 0)
    return NULL;
  GBytes *bytes = fd_read_all(fd, limit, error);
  if (bytes == NULL)
    g_prefix_error(error, "blob %s: ", digest->text);
  return bytes;
}

bool
blob_store_has(BlobStore *store, const Digest *digest, uint64_t *size)
{
  BlobPath path = blob_path(digest);
  GBytes *lent = find_lent(store, digest);
  struct stat status;
  if (lent != NULL && size != NULL)
    *size = g_bytes_get_size(lent);
  if (lent != NULL)
    return true;
  if (fstatat(store->blobs_fd, path.path, &status, AT_SYMLINK_NOFOLLOW) < 0)
    return false;
  if (size != NULL)
    *size = (uint64_t)status.st_size;
  return true;
}

bool
blob_store_delete(BlobStore *store, const Digest *digest, GError **error)
{
  BlobPath path = blob_path(digest);
  if (io_unlinkat(store->blobs_fd, path.path) < 0 && errno != ENOENT)
    return error_set_errno(error, errno, "remove blob %s", digest->text);
  return true;
}

bool
blob_store_write_back(BlobStore *store, const Digest *digest)
{
  BlobPath path = blob_path(digest);
  auto_fd int fd = openat(store->blobs_fd, path.path, OPEN_FLAGS);
  if (fd < 0 || !store->weak_sync)
    return fd >= 0 && io_write_back(fd) == 0;
  auto_fd int folder = openat(store->blobs_fd, path.folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  return io_fsync(fd) == 0 && folder >= 0 && io_fsync(folder) == 0;
}

/* The folder's own sync tells of a journal that was given up, which the first may not. */
bool
blob_store_sync(BlobStore *store, GError **error)
{
  return (io_syncfs(store->blobs_fd) == 0 && io_fsync(store->blobs_fd) == 0) ||
         error_set_errno(error, errno, "sync the file system of the folder blobs");
}

DIR *
blob_list_folder(int parent, const char *path)
{
  int fd = openat(parent, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *folder = fd < 0 ? NULL : fdopendir(fd);
  if (folder == NULL)
    fd_clear(&fd);
  return folder;
}

GArray *
blob_store_list(BlobStore *store, DigestAlgorithm algorithm, uint8_t first)
{
  const char *name = algorithm == DIGEST_SHA512 ? "sha512" : "sha256";
  g_autofree char *path = g_strdup_printf("%s/%02x", name, first);
  GArray *blobs = g_array_new(FALSE, FALSE, sizeof(Digest));
  DIR *folder = blob_list_folder(store->blobs_fd, path);
  for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
    Digest digest;
    g_autofree char *text = g_strconcat(name, ":", entry->d_name, NULL);
    if (digest_parse(text, &digest, NULL))
      g_array_append_val(blobs, digest);
  }
  if (folder != NULL)
    closedir(folder);
  return blobs;
}
