/* The metadata database where nothing can be written; see the header. */
#include "storage/read_only-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

#define COPY_PIECE ((size_t)1024 * 1024)

struct ReadOnlyFile {
  char *path;
  unsigned char *copy; /* mapped; NULL: the file itself is read */
  size_t size;
};

static bool
copy_file(const char *from, const char *folder, const char *name, GError **error)
{
  g_autofree char *to = g_build_filename(folder, name, NULL);
  auto_fd int source = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (source < 0)
    return error_set_errno(error, errno, "%s", from);
  auto_fd int target = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  ssize_t copied = target < 0 ? -1 : 1;
  while (copied > 0 || (copied < 0 && errno == EINTR && target >= 0))
    copied = sendfile(target, source, NULL, COPY_PIECE);
  return copied == 0 || error_set_errno(error, errno, "%s", to);
}

/* Takes the log into the database, which then needs none. */
static bool
recover(const char *path, GError **error)
{
  sqlite3 *handle = NULL;
  int code = sqlite3_open_v2(path, &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW, NULL);
  if (code == SQLITE_OK)
    code = sqlite3_exec(handle, "PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE;",
                        NULL, NULL, NULL);
  bool done = code == SQLITE_OK ||
              error_set(error, ASSAY_ERROR_IO, "%s",
                        handle != NULL ? sqlite3_errmsg(handle) : sqlite3_errstr(code));
  sqlite3_close(handle);
  return done;
}

static bool
map_file(ReadOnlyFile *file, const char *path, GError **error)
{
  struct stat status;
  auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0 || fstat(fd, &status) < 0)
    return error_set_errno(error, errno, "%s", path);
  void *bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (bytes == MAP_FAILED)
    return error_set_errno(error, errno, "%s", path);
  file->copy = bytes;
  file->size = (size_t)status.st_size;
  return true;
}

static bool
make_copy(ReadOnlyFile *file, const char *log, const char *folder, GError **error)
{
  g_autofree char *path = g_build_filename(folder, "metadata.db", NULL);
  return copy_file(file->path, folder, "metadata.db", error) &&
         copy_file(log, folder, "metadata.db-wal", error) && recover(path, error) &&
         map_file(file, path, error);
}

static bool
read_with_log(ReadOnlyFile *file, const char *log, GError **error)
{
  g_autoptr(GError) failure = NULL;
  g_autofree char *folder = g_dir_make_tmp("assay-metadata-XXXXXX", &failure);
  bool copied = folder != NULL && make_copy(file, log, folder, &failure);
  if (folder != NULL)
    directory_remove(AT_FDCWD, folder, NULL);
  return copied ||
         error_set(error, ASSAY_ERROR_IO,
                   "%s: a server that was not stopped in order left changes in this log, the data "
                   "folder is read-only, and a copy of the database cannot be made in %s (%s): "
                   "set TMPDIR to a folder with room, or mount the data folder for writing and "
                   "start and stop the server once",
                   log, g_get_tmp_dir(), failure->message);
}

ReadOnlyFile *
read_only_file_open(const char *path, GError **error)
{
  g_autoptr(ReadOnlyFile) file = g_new0(ReadOnlyFile, 1);
  g_autofree char *log = g_strconcat(path, "-wal", NULL);
  struct stat status;
  file->path = g_strdup(path);
  if (stat(path, &status) < 0) {
    if (errno == ENOENT)
      error_set(error, ASSAY_ERROR_NOT_FOUND,
                "%s: there is none, and the data folder is read-only: there is nothing to serve; "
                "mount it for writing, or name another with --data",
                path);
    else
      error_set_errno(error, errno, "%s", path);
    return NULL;
  }
  if (stat(log, &status) < 0 && errno != ENOENT) {
    error_set_errno(error, errno, "%s", log);
    return NULL;
  }
  if (stat(log, &status) == 0 && status.st_size > 0 && !read_with_log(file, log, error))
    return NULL;
  return g_steal_pointer(&file);
}

int
read_only_file_connect(const ReadOnlyFile *file, sqlite3 **handle)
{
  if (file->copy != NULL) {
    int code =
        sqlite3_open_v2(":memory:", handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    return code != SQLITE_OK
               ? code
               : sqlite3_deserialize(*handle, "main", file->copy, (sqlite3_int64)file->size,
                                     (sqlite3_int64)file->size, SQLITE_DESERIALIZE_READONLY);
  }
  g_autofree char *escaped = g_uri_escape_string(file->path, "/", FALSE);
  g_autofree char *uri = g_strdup_printf("file:%s?immutable=1", escaped);
  return sqlite3_open_v2(
      uri, handle,
      SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW, NULL);
}

void
read_only_file_free(ReadOnlyFile *file)
{
  if (file == NULL)
    return;
  if (file->copy != NULL)
    munmap(file->copy, file->size);
  g_free(file->path);
  g_free(file);
}
