/* The blob store: content-addressed files; see the header for the layout and the promises. */
#include "storage/blobs.h"

#include <dirent.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/error.h"
#include "base/fd.h"
#include "storage/blobs-private.h"
#include "storage/fault-private.h"
#include "storage/reserve.h"

/* Dirty pages are handed to the disk in steps of this size while more bytes come in, so that the
 * closing fsync() finds little left to do. */
#define WRITEBACK_STEP ((uint64_t)8 * 1024 * 1024)

struct BlobUpload {
  BlobStore *store;
  char *id;
  int fd;
  uint64_t size; /* written by the one that appends, read by any thread: atomic */
  uint64_t handed_to_disk;
  DigestAlgorithm algorithm;
  DigestStream *hash; /* NULL after a resume: the file is read when the upload ends */
  bool sealed;        /* `digest` held, the bytes are on disk */
  bool stored;        /* renamed into the content address of `digest` */
  Digest digest;
};

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

/* An id becomes a file name: only what blob_upload_new() makes is one. */
static bool
upload_id_is_valid(const char *id)
{
  return g_uuid_string_is_valid(id);
}

static BlobUpload *
upload_handle(BlobStore *store, const char *id, int fd)
{
  BlobUpload *upload = g_new0(BlobUpload, 1);
  upload->store = store;
  upload->id = g_strdup(id);
  upload->fd = fd;
  return upload;
}

/* In the form of a UUID, of the system's random numbers: who knows an id can go on with the upload,
 * and those of GLib can be worked out from some that were seen before. */
static char *
new_upload_id(GError **error)
{
  uint8_t b[16];
  if (getrandom(b, sizeof b, 0) != (ssize_t)sizeof b) {
    error_set_errno(error, errno, "random numbers for the id of an upload");
    return NULL;
  }
  GString *id = g_string_new(NULL);
  for (size_t i = 0; i < sizeof b; i++)
    g_string_append_printf(id, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", b[i]);
  return g_string_free(id, FALSE);
}

BlobUpload *
blob_upload_new(BlobStore *store, DigestAlgorithm algorithm, GError **error)
{
  g_autofree char *id = new_upload_id(error);
  if (id == NULL)
    return NULL;
  int fd = io_openat(store->uploads_fd, id, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) {
    error_set_errno(error, errno, "create upload %s", id);
    return NULL;
  }
  BlobUpload *upload = upload_handle(store, id, fd);
  upload->algorithm = algorithm;
  upload->hash = digest_stream_new(algorithm);
  return upload;
}

BlobUpload *
blob_upload_resume(BlobStore *store, const char *id, GError **error)
{
  int fd = -1;
  if (upload_id_is_valid(id))
    fd = openat(store->uploads_fd, id, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  else
    errno = ENOENT;
  struct stat status;
  if (fd < 0 || fstat(fd, &status) < 0) {
    error_set_errno(error, errno, "upload %.40s", id);
    fd_clear(&fd);
    return NULL;
  }
  BlobUpload *upload = upload_handle(store, id, fd);
  upload->size = (uint64_t)status.st_size;
  return upload;
}

const char *
blob_upload_id(const BlobUpload *upload)
{
  return upload->id;
}

uint64_t
blob_upload_size(const BlobUpload *upload)
{
  return __atomic_load_n(&upload->size, __ATOMIC_RELAXED);
}

static bool
write_at(int fd, Slice bytes, uint64_t offset)
{
  while (bytes.size > 0) {
    ssize_t written = io_pwrite(fd, bytes.data, bytes.size, (off_t)offset);
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0)
      return false;
    bytes = slice_sub(bytes, (size_t)written, bytes.size);
    offset += (uint64_t)written;
  }
  return true;
}

bool
blob_upload_append(BlobUpload *upload, Slice bytes, GError **error)
{
  if (upload->stored)
    return error_set(error, ASSAY_ERROR_MISMATCH, "upload %s: it is %s already", upload->id,
                     upload->digest.text);
  upload->sealed = false;
  if (__atomic_load_n(&upload->store->reserve_given, __ATOMIC_ACQUIRE) &&
      !reserve_is_spared(upload->store->data_fd))
    return error_set(error, ASSAY_ERROR_FULL,
                     "upload %s: the disk is full, and what is left is kept for deletions; free "
                     "some space",
                     upload->id);
  if (!write_at(upload->fd, bytes, upload->size)) {
    int saved = errno;
    /* Half of a chunk must not be there when the client asks how far it came after a restart; if
     * this fails, blob_upload_seal() does it. */
    if (io_ftruncate(upload->fd, (off_t)upload->size) < 0)
      errno = saved;
    return error_set_errno(error, saved, "upload %s", upload->id);
  }
  if (upload->hash != NULL)
    digest_stream_update(upload->hash, bytes);
  __atomic_store_n(&upload->size, upload->size + bytes.size, __ATOMIC_RELAXED);
  if (upload->store->durable && upload->size - upload->handed_to_disk >= WRITEBACK_STEP) {
    sync_file_range(upload->fd, (off_t)upload->handed_to_disk,
                    (off_t)(upload->size - upload->handed_to_disk), SYNC_FILE_RANGE_WRITE);
    upload->handed_to_disk = upload->size;
  }
  return true;
}

static bool
hash_file(int fd, uint64_t size, DigestStream *hash, GError **error)
{
  g_autofree uint8_t *chunk = g_malloc(HASH_CHUNK);
  for (uint64_t at = 0; at < size;) {
    ssize_t got = pread(fd, chunk, MIN(HASH_CHUNK, size - at), (off_t)at);
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      return error_set_errno(error, got < 0 ? errno : EIO, "read back");
    digest_stream_update(hash, slice_new(chunk, (size_t)got));
    at += (uint64_t)got;
  }
  return true;
}

static bool
check_digest(BlobUpload *upload, const Digest *expected, GError **error)
{
  Digest actual;
  if (upload->hash != NULL && digest_algorithm(expected) == upload->algorithm) {
    actual = digest_stream_current(upload->hash);
  } else {
    g_autoptr(DigestStream) other = digest_stream_new(digest_algorithm(expected));
    if (!hash_file(upload->fd, upload->size, other, error))
      return false;
    actual = digest_stream_current(other);
  }
  if (!digest_equal(&actual, expected))
    return error_set(error, ASSAY_ERROR_MISMATCH,
                     "the %" G_GUINT64_FORMAT " bytes received have the digest %s, not %s",
                     upload->size, actual.text, expected->text);
  return true;
}

/* What a failed append left after the end is no part of the blob. */
static bool
cut_to_size(const BlobUpload *upload, GError **error)
{
  struct stat status;
  if (fstat(upload->fd, &status) < 0 || ((uint64_t)status.st_size != upload->size &&
                                         io_ftruncate(upload->fd, (off_t)upload->size) < 0))
    return error_set_errno(error, errno, "upload %s", upload->id);
  return true;
}

bool
blob_upload_seal(BlobUpload *upload, const Digest *expected, GError **error)
{
  g_autoptr(GError) mismatch = NULL;
  if (upload->sealed && digest_equal(&upload->digest, expected))
    return true;
  if (upload->stored)
    return error_set(error, ASSAY_ERROR_MISMATCH, "upload %s: it is %s already", upload->id,
                     upload->digest.text);
  if (!check_digest(upload, expected, &mismatch)) {
    if (g_error_matches(mismatch, ASSAY_ERROR, ASSAY_ERROR_MISMATCH))
      blob_upload_cancel(upload, NULL);
    g_propagate_error(error, g_steal_pointer(&mismatch));
    return false;
  }
  if (!cut_to_size(upload, error))
    return false;
  if (upload->store->durable && io_fsync(upload->fd) < 0) {
    /* The kernel drops pages that it could not write, and a second fsync() would succeed over the
     * gap: these bytes cannot become a blob any more. */
    int saved = errno;
    blob_upload_cancel(upload, NULL);
    return error_set_errno(error, saved, "sync upload %s", upload->id);
  }
  upload->sealed = true;
  upload->digest = *expected;
  return true;
}

static bool
sync_folder(const BlobStore *store, const char *path, GError **error)
{
  if (!store->durable)
    return true;
  auto_fd int fd = io_openat(store->blobs_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  if (fd < 0 || io_fsync(fd) < 0)
    return error_set_errno(error, errno, "sync folder blobs/%s", path);
  return true;
}

bool
blob_upload_finish(BlobUpload *upload, const Digest *expected, GError **error)
{
  BlobStore *store = upload->store;
  BlobPath path = blob_path(expected);
  if (!blob_upload_seal(upload, expected, error))
    return false;
  if (upload->stored && !blob_store_has(store, expected, NULL))
    return error_set(error, ASSAY_ERROR_NOT_FOUND, "store %s: it was removed again",
                     expected->text);
  /* Whoever finished the same blob before us left the same bytes under the same name. */
  if (!upload->stored && io_renameat(store->uploads_fd, upload->id, store->blobs_fd, path.path) < 0)
    return error_set_errno(error, errno, "store %s", expected->text);
  upload->stored = true;
  /* Against slips of an operator only; a failure loses nothing. */
  if (fchmod(upload->fd, 0400) < 0)
    errno = 0;
  return sync_folder(store, path.folder, error);
}

bool
blob_upload_cancel(BlobUpload *upload, GError **error)
{
  if (io_unlinkat(upload->store->uploads_fd, upload->id) < 0 && errno != ENOENT)
    return error_set_errno(error, errno, "remove upload %s", upload->id);
  return true;
}

void
blob_upload_free(BlobUpload *upload)
{
  if (upload == NULL)
    return;
  fd_clear(&upload->fd);
  digest_stream_free(upload->hash);
  g_free(upload->id);
  g_free(upload);
}

int
blob_store_open_blob(BlobStore *store, const Digest *digest, uint64_t *size, GError **error)
{
  BlobPath path = blob_path(digest);
  auto_fd int fd = openat(store->blobs_fd, path.path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  struct stat status;
  if (fd < 0 || fstat(fd, &status) < 0) {
    error_set_errno(error, errno, "blob %s", digest->text);
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
blob_store_put(BlobStore *store, const Digest *digest, Slice bytes, GError **error)
{
  g_autoptr(BlobUpload) upload = blob_upload_new(store, digest_algorithm(digest), error);
  if (upload == NULL)
    return false;
  if (!blob_upload_append(upload, bytes, error) || !blob_upload_finish(upload, digest, error)) {
    blob_upload_cancel(upload, NULL);
    return false;
  }
  return true;
}

bool
blob_store_has(BlobStore *store, const Digest *digest, uint64_t *size)
{
  BlobPath path = blob_path(digest);
  struct stat status;
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
blob_store_has_upload(BlobStore *store, const char *id)
{
  struct stat status;
  return upload_id_is_valid(id) &&
         fstatat(store->uploads_fd, id, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

bool
blob_upload_is_gone(const BlobUpload *upload)
{
  return upload->stored ? !blob_store_has(upload->store, &upload->digest, NULL)
                        : !blob_store_has_upload(upload->store, upload->id);
}

static DIR *
list_folder(int parent, const char *path)
{
  int fd = openat(parent, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *folder = fd < 0 ? NULL : fdopendir(fd);
  if (folder == NULL)
    fd_clear(&fd);
  return folder;
}

unsigned
blob_store_expire_uploads(BlobStore *store, uint32_t seconds, BlobUploadInUse in_use, void *data)
{
  DIR *folder = list_folder(store->uploads_fd, ".");
  if (folder == NULL)
    return 0;
  unsigned expired = 0;
  time_t oldest = time(NULL) - (time_t)seconds;
  for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
    struct stat status;
    if (upload_id_is_valid(entry->d_name) &&
        fstatat(store->uploads_fd, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
        status.st_mtime < oldest && !in_use(entry->d_name, data) &&
        unlinkat(store->uploads_fd, entry->d_name, 0) == 0)
      expired++;
  }
  closedir(folder);
  return expired;
}

GArray *
blob_store_list(BlobStore *store, DigestAlgorithm algorithm, uint8_t first)
{
  const char *name = algorithm == DIGEST_SHA512 ? "sha512" : "sha256";
  g_autofree char *path = g_strdup_printf("%s/%02x", name, first);
  GArray *blobs = g_array_new(FALSE, FALSE, sizeof(Digest));
  DIR *folder = list_folder(store->blobs_fd, path);
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
