/* Which paths are those of programs and libraries. */
#include <string.h>

#include "archive/path.h"
#include "inspect/integrity/integrity.h"

/* The folders that merged systems have below usr/. */
static const char *const merged[] = {"bin/", "sbin/", "lib/", "lib64/", "lib32/", "libx32/"};

/* In which programs and libraries are, here and below usr/. */
static const char *const roots[] = {"bin/",   "sbin/",   "lib/",     "lib64/",
                                    "lib32/", "libx32/", "libexec/", "games/"};

static bool
begins_with_any(const char *path, const char *const *starts, size_t count)
{
  for (size_t i = 0; i < count; i++)
    if (g_str_has_prefix(path, starts[i]))
      return true;
  return false;
}

char *
integrity_merged_path(const char *path)
{
  bool is_old = begins_with_any(path, merged, G_N_ELEMENTS(merged));
  return is_old ? g_strconcat("usr/", path, NULL) : g_strdup(path);
}

/* Kernels' modules are in no image; the file of all locales is made at the installation. */
static bool
is_left_out(const char *path)
{
  static const char *const trees[] = {"lib/modules/", "lib/locale/", "lib/debug/", "lib/.build-id/",
                                      "lib/firmware/"};
  return begins_with_any(path, trees, G_N_ELEMENTS(trees));
}

/* The folder that a file is right in is one of programs. */
bool
integrity_is_program(const char *path)
{
  const char *name = path_last_name(path);
  static const char *const folders[] = {"bin/", "sbin/", "libexec/", "games/"};
  size_t above = (size_t)(name - path);
  for (size_t i = 0; i < G_N_ELEMENTS(folders); i++) {
    size_t size = strlen(folders[i]);
    if (above >= size && memcmp(name - size, folders[i], size) == 0 &&
        (above == size || name[-(gssize)size - 1] == '/'))
      return true;
  }
  return false;
}

bool
integrity_is_library(const char *path)
{
  const char *name = path_last_name(path);
  return g_str_has_suffix(name, ".so") || strstr(name, ".so.") != NULL;
}

static const char *
below_usr(const char *path)
{
  return g_str_has_prefix(path, "usr/") ? path + strlen("usr/") : path;
}

bool
integrity_leads(const char *path)
{
  const char *below = below_usr(path);
  if (strcmp(path, "usr") == 0)
    return true;
  for (size_t i = 0; i < G_N_ELEMENTS(roots); i++)
    if (strncmp(below, roots[i], strlen(roots[i]) - 1) == 0 &&
        strchr("/", below[strlen(roots[i]) - 1]) != NULL)
      return !is_left_out(below);
  return false;
}

bool
integrity_looks_at(const char *path)
{
  const char *below = below_usr(path);
  if (!begins_with_any(below, roots, G_N_ELEMENTS(roots)) || is_left_out(below))
    return false;
  const char *name = path_last_name(path);
  return integrity_is_program(path) || strchr(name, '.') == NULL || integrity_is_library(path);
}
