/* Names in archives as paths; see the header. */
#include "archive/path.h"

#include <glib.h>
#include <string.h>

char *
path_normalise(const char *name, unsigned *depth, bool *escapes)
{
  g_auto(GStrv) parts = g_strsplit(name, "/", -1);
  g_autoptr(GPtrArray) kept = g_ptr_array_new();
  *escapes = false;
  for (char **part = parts; *part != NULL; part++) {
    if (**part == '\0' || strcmp(*part, ".") == 0)
      continue;
    if (strcmp(*part, "..") != 0)
      g_ptr_array_add(kept, *part);
    else if (kept->len > 0)
      g_ptr_array_set_size(kept, (int)kept->len - 1);
    else
      *escapes = true;
  }
  *depth = kept->len;
  g_ptr_array_add(kept, NULL);
  g_autofree char *joined = g_strjoinv("/", (char **)kept->pdata);
  return g_utf8_make_valid(joined, -1);
}

char *
path_of_symlink(const char *path, const char *target)
{
  unsigned depth;
  bool escapes;
  const char *slash = strrchr(path, '/');
  size_t folder = *target == '/' || slash == NULL ? 0 : (size_t)(slash - path);
  g_autofree char *joined = g_strdup_printf("%.*s/%s", (int)folder, path, target);
  return path_normalise(joined, &depth, &escapes);
}

const char *
path_below(const char *path, const char *folder)
{
  size_t size = strlen(folder);
  if (size == 0)
    return path;
  if (strncmp(path, folder, size) != 0)
    return NULL;
  if (path[size] == '\0')
    return path + size;
  return path[size] == '/' ? path + size + 1 : NULL;
}

const char *
path_last_name(const char *path)
{
  const char *slash = strrchr(path, '/');
  return slash == NULL ? path : slash + 1;
}
