/* Stored blobs read again, and those that a disk has changed moved aside. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "storage/blobs-private.h"

bool
blob_store_verify(BlobStore *store, const Digest *digest, BlobPace pace, void *data, BlobFile *file,
                  GError **error)
{
  struct stat status;
  uint64_t size = 0;
  auto_fd int fd = blob_store_open_blob(store, digest, &size, error);
  if (fd < 0)
    return false;
  if (fstat(fd, &status) < 0)
    return error_set_errno(error, errno, "blob %s", digest->text);
  *file = (BlobFile){status.st_dev, status.st_ino};
  g_autofree uint8_t *chunk = g_malloc(HASH_CHUNK);
  g_autoptr(DigestStream) hash = digest_stream_new(digest_algorithm(digest));
  for (uint64_t at = 0; at < size;) {
    ssize_t got = pread(fd, chunk, MIN(HASH_CHUNK, size - at), (off_t)at);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return error_set_errno(error, errno, "blob %s", digest->text);
    if (got == 0)
      break; /* cut meanwhile: the digest tells */
    digest_stream_update(hash, slice_new(chunk, (size_t)got));
    at += (uint64_t)got;
    if (!pace((size_t)got, data))
      return error_set(error, ASSAY_ERROR_CANCELLED, "cancelled");
  }
  Digest actual = digest_stream_current(hash);
  return digest_equal(&actual, digest) ||
         error_set(error, ASSAY_ERROR_MISMATCH,
                   "its %" G_GUINT64_FORMAT " bytes have the digest %s", size, actual.text);
}

bool
blob_store_set_aside(BlobStore *store, const Digest *digest, const BlobFile *file, GError **error)
{
  struct stat status;
  BlobPath path = blob_path(digest);
  auto_fd int folder = blob_open_folder(store->data_fd, "damaged", error);
  if (folder < 0)
    return false;
  if (fstatat(store->blobs_fd, path.path, &status, AT_SYMLINK_NOFOLLOW) < 0 ||
      status.st_dev != file->device || status.st_ino != file->inode)
    return error_set(error, ASSAY_ERROR_EXISTS, "blob %s: was stored again", digest->text);
  if (renameat(store->blobs_fd, path.path, folder, digest_hex(digest)) < 0)
    return error_set_errno(error, errno, "set blob %s aside", digest->text);
  return true;
}
