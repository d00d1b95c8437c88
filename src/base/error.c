/* How errors are made; the convention is in the header. */
#include "base/error.h"

#include <errno.h>

G_DEFINE_QUARK(assay - error - quark, assay_error)

bool
error_set(GError **error, AssayErrorCode code, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  if (error != NULL)
    *error = g_error_new_valist(ASSAY_ERROR, code, format, args);
  va_end(args);
  return false;
}

bool
error_set_errno(GError **error, int errno_value, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_autofree char *what = g_strdup_vprintf(format, args);
  va_end(args);

  if (errno_value == ENOENT)
    return error_set(error, ASSAY_ERROR_NOT_FOUND, "%s: %s", what, g_strerror(errno_value));
  if (errno_value == ENOSPC || errno_value == EDQUOT)
    return error_set(error, ASSAY_ERROR_FULL, "%s: the disk is full (%s); free some space", what,
                     g_strerror(errno_value));
  if (errno_value == EROFS)
    return error_set(error, ASSAY_ERROR_READ_ONLY,
                     "%s: the file system is read-only; mount it for writing", what);
  return error_set(error, ASSAY_ERROR_IO, "%s: %s", what, g_strerror(errno_value));
}
