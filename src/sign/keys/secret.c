/* What opens a key; see the header. */
#include "sign/keys/secret.h"

#include <fcntl.h>
#include <sodium.h>
#include <string.h>

#include "base/fd.h"

#define FILE_MAX ((size_t)64 * 1024)

void
secret_text_wipe(char **text)
{
  if (*text != NULL)
    sodium_memzero(*text, strlen(*text));
  g_free(*text);
}

void
secret_bytes_wipe(GBytes **bytes)
{
  gsize size;
  if (*bytes == NULL)
    return;
  const void *data = g_bytes_get_data(*bytes, &size);
  sodium_memzero((void *)(uintptr_t)data, size);
  g_bytes_unref(*bytes);
}

bool
secret_find(const char *file, const char *const *variables, char **secret, GError **error)
{
  *secret = NULL;
  if (file != NULL) {
    auto_secret_bytes *bytes = file_read(AT_FDCWD, file, FILE_MAX, error);
    if (bytes == NULL)
      return false;
    Slice rest = slice_from_bytes(bytes), line = SLICE_EMPTY;
    slice_next_line(&rest, &line);
    *secret = slice_to_string(line);
    return true;
  }
  for (size_t i = 0; *secret == NULL && variables[i] != NULL; i++)
    *secret = g_strdup(g_getenv(variables[i]));
  return true;
}
