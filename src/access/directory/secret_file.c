/* Secrets of ours for directories; see the header. */
#include "access/directory/secret_file.h"

#include <fcntl.h>

#include "access/audit/audit.h"
#include "base/error.h"
#include "base/fd.h"

#define SECRET_FILE_MAX ((size_t)4096)

char *
secret_file_read(const char *file, const char *what, const char *kind, const char *name,
                 GError **error)
{
  g_autoptr(GBytes) bytes = file_read(AT_FDCWD, file, SECRET_FILE_MAX, error);
  if (bytes == NULL)
    return NULL;
  Slice rest = slice_from_bytes(bytes), line = SLICE_EMPTY;
  slice_next_line(&rest, &line);
  if (line.size == 0) {
    error_set(error, ASSAY_ERROR_INVALID, "%s: the first line must be the %s", file, what);
    return NULL;
  }
  g_autofree char *source = g_strconcat(kind, ":", name, NULL);
  audit_note(NOTE_SECRET_USED, source, NULL, file);
  return slice_to_string(line);
}
