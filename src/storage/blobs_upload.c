/* Uploads of the blob store: bytes that come in, are hashed, and become a blob; see blobs.h. */
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/metrics.h"
#include "storage/blobs-private.h"
#include "storage/fault-private.h"
#include "storage/reserve.h"

METRIC(syncs, COUNTER("assay_blob_syncs_total",
                      "Syncs of files and folders of blobs, each for one blob."));

/* Dirty pages are handed to the disk in steps of this size while more bytes come in, so that the
 * closing fsync() finds little left to do. */
#define WRITEBACK_STEP ((uint64_t)8 * 1024 * 1024)
/* To whole pages: the last one is written to again. */
#define PAGE_BYTES ((uint64_t)4096)

struct BlobUpload {
  BlobStore *store;
  char *id;
  int fd;
  uint64_t size; /* written by the one that appends, read by any thread: atomic */
  uint64_t handed_to_disk;
  DigestAlgorithm algorithm;
  DigestStream *hash; /* NULL after a resume: the file is read when the upload ends */
  bool checked;       /* `digest` is that of the bytes */
  bool sealed;        /* checked, and the bytes are on disk */
  bool stored;        /* renamed into the content address of `digest` */
  bool of_reserve;    /* it may take of the room that is kept for deletions */
  Digest digest;
};

/* An id becomes the name of a file: only what blob_upload_new() makes is one. */
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

/* -1 with errno. */
static int
open_upload(BlobStore *store, const char *id, int access)
{
  if (upload_id_is_valid(id))
    return openat(store->uploads_fd, id, access | O_CLOEXEC | O_NOFOLLOW);
  errno = ENOENT;
  return -1;
}

BlobUpload *
blob_upload_resume(BlobStore *store, const char *id, GError **error)
{
  int fd = open_upload(store, id, O_RDWR);
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
  upload->checked = upload->sealed = false;
  if (!upload->of_reserve && __atomic_load_n(&upload->store->reserve_given, __ATOMIC_ACQUIRE) &&
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
    uint64_t until = upload->size - upload->size % PAGE_BYTES;
    sync_file_range(upload->fd, (off_t)upload->handed_to_disk,
                    (off_t)(until - upload->handed_to_disk), SYNC_FILE_RANGE_WRITE);
    upload->handed_to_disk = until;
  }
  return true;
}

static bool
hash_file(int fd, uint64_t size, DigestStream *hash, GError **error)
{
  g_autofree uint8_t *chunk = g_malloc(HASH_CHUNK);
  for (uint64_t at = 0; at < size;) {
    gssize got = fd_read_at(fd, chunk, MIN(HASH_CHUNK, size - at), at);
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
blob_upload_check(BlobUpload *upload, const Digest *expected, GError **error)
{
  g_autoptr(GError) mismatch = NULL;
  if (upload->checked && digest_equal(&upload->digest, expected))
    return true;
  if (upload->stored)
    return error_set(error, ASSAY_ERROR_MISMATCH, "upload %s: it is %s already", upload->id,
                     upload->digest.text);
  upload->checked = upload->sealed = false;
  if (!check_digest(upload, expected, &mismatch)) {
    if (g_error_matches(mismatch, ASSAY_ERROR, ASSAY_ERROR_MISMATCH))
      blob_upload_cancel(upload, NULL);
    g_propagate_error(error, g_steal_pointer(&mismatch));
    return false;
  }
  if (!cut_to_size(upload, error))
    return false;
  upload->checked = true;
  upload->digest = *expected;
  return true;
}

static int
sync_counted(int fd)
{
  metric_add(&syncs, 1);
  return io_fsync(fd);
}

bool
blob_upload_seal(BlobUpload *upload, const Digest *expected, GError **error)
{
  if (!blob_upload_check(upload, expected, error))
    return false;
  if (upload->sealed)
    return true;
  if (upload->store->durable && sync_counted(upload->fd) < 0) {
    /* The kernel drops pages that it could not write, and a second fsync() would succeed over the
     * gap: these bytes cannot become a blob any more. */
    int saved = errno;
    blob_upload_cancel(upload, NULL);
    return error_set_errno(error, saved, "sync upload %s", upload->id);
  }
  upload->sealed = true;
  return true;
}

static bool
sync_folder(const BlobStore *store, const char *path, GError **error)
{
  if (!store->durable)
    return true;
  auto_fd int fd = io_openat(store->blobs_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  if (fd < 0 || sync_counted(fd) < 0)
    return error_set_errno(error, errno, "sync folder blobs/%s", path);
  return true;
}

static bool
place(BlobUpload *upload, const BlobPath *path, GError **error)
{
  BlobStore *store = upload->store;
  const char *digest = upload->digest.text;
  if (upload->stored && !blob_store_has(store, &upload->digest, NULL))
    return error_set(error, ASSAY_ERROR_NOT_FOUND, "store %s: it was removed again", digest);
  /* Whoever finished the same blob before us left the same bytes under the same name. */
  if (!upload->stored &&
      io_renameat(store->uploads_fd, upload->id, store->blobs_fd, path->path) < 0)
    return error_set_errno(error, errno, "store %s", digest);
  upload->stored = true;
  /* Against slips of an operator only; a failure loses nothing. */
  if (fchmod(upload->fd, 0400) < 0)
    errno = 0;
  return true;
}

bool
blob_upload_finish(BlobUpload *upload, const Digest *expected, GError **error)
{
  BlobPath path = blob_path(expected);
  return blob_upload_seal(upload, expected, error) && place(upload, &path, error) &&
         sync_folder(upload->store, path.folder, error);
}

bool
blob_upload_may_be_placed(const BlobUpload *upload)
{
  return upload->checked && upload->store->durable &&
         (upload->stored ? !upload->sealed : !blob_store_has(upload->store, &upload->digest, NULL));
}

bool
blob_upload_place(BlobUpload *upload, const Digest *expected, GError **error)
{
  BlobPath path = blob_path(expected);
  return blob_upload_check(upload, expected, error) && place(upload, &path, error);
}

GBytes *
blob_upload_read(const BlobUpload *upload, GError **error)
{
  g_autofree uint8_t *bytes = g_malloc(upload->size);
  gssize got = fd_read_at(upload->fd, bytes, upload->size, 0);
  if (got != (gssize)upload->size) {
    error_set_errno(error, got < 0 ? errno : EIO, "read back upload %s", upload->id);
    return NULL;
  }
  return g_bytes_new_take(g_steal_pointer(&bytes), upload->size);
}

int
blob_store_open_upload(BlobStore *store, const char *id, GError **error)
{
  int fd = open_upload(store, id, O_RDONLY);
  if (fd < 0)
    error_set_errno(error, errno, "upload %.40s", id);
  return fd;
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

bool
blob_store_put(BlobStore *store, const Digest *digest, Slice bytes, GError **error)
{
  g_autoptr(BlobUpload) upload = blob_upload_new(store, digest_algorithm(digest), error);
  if (upload == NULL)
    return false;
  upload->of_reserve = true;
  if (!blob_upload_append(upload, bytes, error) || !blob_upload_finish(upload, digest, error)) {
    blob_upload_cancel(upload, NULL);
    return false;
  }
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

unsigned
blob_store_expire_uploads(BlobStore *store, uint32_t seconds, BlobUploadInUse in_use, void *data)
{
  DIR *folder = blob_list_folder(store->uploads_fd, ".");
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
