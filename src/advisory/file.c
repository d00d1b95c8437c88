/* The seal of a database file: magic, the size before it, the SHA-256 of what is before it. */
#include "advisory/file-private.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

#define SEAL_MAGIC  "assay advisory database seal 1\n"
#define SEAL_PAGE   ((size_t)4096) /* keeps the file a multiple of LMDB's page */
#define SHA256_SIZE ((size_t)32)
#define READ_CHUNK  ((size_t)1024 * 1024)

typedef struct {
  uint64_t size; /* of what the seal covers */
  uint8_t digest[SHA256_SIZE];
} Seal;

static bool
hash_start(int fd, uint64_t size, uint8_t digest[SHA256_SIZE], GError **error)
{
  gnutls_hash_hd_t hash;
  if (gnutls_hash_init(&hash, GNUTLS_DIG_SHA256) < 0)
    return error_set(error, ASSAY_ERROR_FAILED, "SHA-256 is not available");
  g_autofree uint8_t *chunk = g_malloc(READ_CHUNK);
  uint64_t at = 0;
  bool read_whole = true;
  while (at < size && read_whole) {
    ssize_t got = pread(fd, chunk, (size_t)MIN(READ_CHUNK, size - at), (off_t)at);
    if (got > 0) {
      gnutls_hash(hash, chunk, (size_t)got);
      at += (uint64_t)got;
    } else if (got == 0 || errno != EINTR) {
      read_whole = error_set_errno(error, got == 0 ? EIO : errno, "read");
    }
  }
  gnutls_hash_deinit(hash, digest);
  return read_whole;
}

static bool
read_seal(int fd, const char *path, Seal *seal, GError **error)
{
  struct stat status;
  uint8_t page[SEAL_PAGE];
  if (fstat(fd, &status) < 0)
    return error_set_errno(error, errno, "%s", path);
  Slice rest = slice_new(page, sizeof page), magic, digest;
  if ((uint64_t)status.st_size <= SEAL_PAGE ||
      pread(fd, page, sizeof page, status.st_size - (off_t)SEAL_PAGE) != (ssize_t)sizeof page ||
      !slice_take(&rest, strlen(SEAL_MAGIC), &magic) || !slice_equal_string(magic, SEAL_MAGIC) ||
      !slice_take_uint64(&rest, &seal->size) || !slice_take(&rest, SHA256_SIZE, &digest) ||
      seal->size != (uint64_t)status.st_size - SEAL_PAGE)
    return error_set(error, ASSAY_ERROR_INVALID,
                     "%s: not a whole advisory database of this version (run `assay db update`, or "
                     "import it again)",
                     path);
  memcpy(seal->digest, digest.data, SHA256_SIZE);
  return true;
}

bool
database_file_seal(int fd, GError **error)
{
  struct stat status;
  uint8_t digest[SHA256_SIZE];
  if (fstat(fd, &status) < 0)
    return error_set_errno(error, errno, "seal");
  if (!hash_start(fd, (uint64_t)status.st_size, digest, error))
    return false;
  g_autoptr(GByteArray) page = g_byte_array_new();
  g_byte_array_append(page, (const uint8_t *)SEAL_MAGIC, strlen(SEAL_MAGIC));
  byte_array_add_uint64(page, (uint64_t)status.st_size);
  g_byte_array_append(page, digest, sizeof digest);
  size_t used = page->len;
  g_byte_array_set_size(page, SEAL_PAGE);
  memset(page->data + used, 0, SEAL_PAGE - used);
  if (lseek(fd, 0, SEEK_END) < 0)
    return error_set_errno(error, errno, "seal");
  return fd_write_all(fd, slice_new(page->data, page->len), error);
}

bool
database_file_check_size(int fd, const char *path, GError **error)
{
  Seal seal;
  return read_seal(fd, path, &seal, error);
}

bool
database_file_check_content(int fd, const char *path, GError **error)
{
  Seal seal;
  uint8_t digest[SHA256_SIZE] = {0};
  if (!read_seal(fd, path, &seal, error) || !hash_start(fd, seal.size, digest, error))
    return false;
  return memcmp(digest, seal.digest, SHA256_SIZE) == 0 ||
         error_set(error, ASSAY_ERROR_MISMATCH,
                   "%s: damaged: its SHA-256 is not the one it was sealed with (copy it again)",
                   path);
}
