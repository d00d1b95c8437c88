/* The blob store: content-addressed files. A blob is there whole, durable and with a digest that
 * holds, or it is not there. Layout below the data folder:
 *
 *   blobs/sha256/ab/abcdef...   the content, mode 0400 bytes never change
 *   uploads/<id>                what an upload has received so far
 *   damaged/<hex>               blobs whose bytes the disk has changed
 *
 * Which repository may see a blob is the registry's matter, not this one's. Calls block on the
 * disk. Threads: the store may be used from any thread; one BlobUpload by one thread at a time. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "oci/digest.h"

typedef struct BlobStore BlobStore;
typedef struct BlobUpload BlobUpload;

/* @durable: false leaves out every fsync (benchmarks only). (transfer full) */
BlobStore *blob_store_open(const char *data_folder, bool durable, GError **error);
void blob_store_close(BlobStore *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BlobStore, blob_store_close)

/* A new upload with a fresh id (a UUID), hashed as it streams by @algorithm, the one that the
 * finishing digest is expected to have (sha256 unless the client announced another). (transfer
 * full) */
BlobUpload *blob_upload_new(BlobStore *store, DigestAlgorithm algorithm, GError **error);
/* Takes up an upload that a restart left. That is quick; when it ends, its bytes are read once more
 * for their digest (the only case in which bytes are read twice). ASSAY_ERROR_NOT_FOUND. (transfer
 * full) */
BlobUpload *blob_upload_resume(BlobStore *store, const char *id, GError **error);
const char *blob_upload_id(const BlobUpload *upload);
/* May be called while another thread appends. */
uint64_t blob_upload_size(const BlobUpload *upload);
/* Appends and hashes. On an error (ASSAY_ERROR_FULL: no room) the upload stays at its former size.
 */
bool blob_upload_append(BlobUpload *upload, Slice bytes, GError **error);
/* Checks the digest: ASSAY_ERROR_MISMATCH removes the upload (blob_upload_is_gone()). */
bool blob_upload_check(BlobUpload *upload, const Digest *expected, GError **error);
/* Checks the digest and makes the bytes durable, under their upload's name. An error of the disk
 * that may have lost bytes removes the upload, too. */
bool blob_upload_seal(BlobUpload *upload, const Digest *expected, GError **error);
/* Makes the blob visible, sealing it before where that was not done. Two uploads of one blob may
 * finish at once: both succeed. After an error that left the upload, it may be tried again. */
bool blob_upload_finish(BlobUpload *upload, const Digest *expected, GError **error);
/* Makes the blob visible without waiting for the disk: its file may be torn or gone after a power
 * cut, so that the caller keeps the bytes elsewhere until blob_store_write_back() and then
 * blob_store_sync() have succeeded. */
bool blob_upload_place(BlobUpload *upload, const Digest *expected, GError **error);
/* Whether an upload that was checked may be: the store is durable, and there is no file of the same
 * blob whose place it would take. Whoever stores the same blob is held off by the caller. */
bool blob_upload_may_be_placed(const BlobUpload *upload);
/* All its bytes; of a small one. (transfer full) */
GBytes *blob_upload_read(const BlobUpload *upload, GError **error);
/* Another descriptor of what an upload has received, for reading alone: what blob_upload_size()
 * said is there does not change. -1 and ASSAY_ERROR_NOT_FOUND. */
int blob_store_open_upload(BlobStore *store, const char *id, GError **error);
/* Removes the upload's bytes. */
bool blob_upload_cancel(BlobUpload *upload, GError **error);
/* Frees the handle; an unfinished upload stays on disk for blob_upload_resume(). */
void blob_upload_free(BlobUpload *upload);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BlobUpload, blob_upload_free)

/* A file descriptor for reading (close-on-exec) and the size; -1 and ASSAY_ERROR_NOT_FOUND. */
int blob_store_open_blob(BlobStore *store, const Digest *digest, uint64_t *size, GError **error);
/* Reads a small blob whole; more than @limit is ASSAY_ERROR_LIMIT. (transfer full) */
GBytes *blob_store_read(BlobStore *store, const Digest *digest, size_t limit, GError **error);
/* Stores the bytes of a blob that is known and whose file was lost, in one call, also of the room
 * that is kept for deletions. */
bool blob_store_put(BlobStore *store, const Digest *digest, Slice bytes, GError **error);
/* The same where nothing can be written: from now on the blob is read from memory. Before there are
 * other threads. */
void blob_store_lend(BlobStore *store, const Digest *digest, GBytes *bytes);
bool blob_store_has(BlobStore *store, const Digest *digest, uint64_t *size);
/* Brings the bytes of a blob's file to the disk; false: it is not there, or not all were taken. */
bool blob_store_write_back(BlobStore *store, const Digest *digest);
/* Brings the names of all files to the disk. */
bool blob_store_sync(BlobStore *store, GError **error);
/* Reads the blob and compares it with its digest. @pace is told of each piece, may take its time,
 * and ends it with false (ASSAY_ERROR_CANCELLED). ASSAY_ERROR_MISMATCH: damaged. *file: which file
 * it was, for blob_store_set_aside(). */
typedef bool (*BlobPace)(size_t bytes, void *data);
typedef struct {
  uint64_t device, inode;
} BlobFile;
bool blob_store_verify(BlobStore *store, const Digest *digest, BlobPace pace, void *data,
                       BlobFile *file, GError **error);
/* Moves a damaged blob to the folder `damaged`, unless another file took its place meanwhile. The
 * caller holds off whoever stores the same blob. */
bool blob_store_set_aside(BlobStore *store, const Digest *digest, const BlobFile *file,
                          GError **error);
/* Removes the file; missing is no error. The caller makes sure nobody refers to it. */
bool blob_store_delete(BlobStore *store, const Digest *digest, GError **error);
/* A deletion found no room: true when some was kept for it, and it may be tried again. */
bool blob_store_make_room(BlobStore *store);
/* Keeps room for deletions, where there is plenty: called now and then. */
void blob_store_keep_room(BlobStore *store);
/* Whether the bytes of an upload are still there. */
bool blob_store_has_upload(BlobStore *store, const char *id);
/* Neither an upload any more nor a blob: expired, cancelled, or lost by the disk. */
bool blob_upload_is_gone(const BlobUpload *upload);
typedef bool (*BlobUploadInUse)(const char *id, void *data);
/* Removes uploads untouched for @seconds, but those that are @in_use; returns how many. */
unsigned blob_store_expire_uploads(BlobStore *store, uint32_t seconds, BlobUploadInUse in_use,
                                   void *data);
/* The blobs whose hex digits begin with the byte @first. (transfer full): Digest */
GArray *blob_store_list(BlobStore *store, DigestAlgorithm algorithm, uint8_t first);
