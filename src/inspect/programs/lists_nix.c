/* Nix has no list in most images: the paths of its store say what is there,
 * "nix/store/HASH-NAME-VERSION-OUTPUT/...". Not every file below one is looked at, only those that
 * are at its top or one folder below: its programs and libraries. */
#include <string.h>

#include "inspect/programs/lists-private.h"

#define STORE     "nix/store/"
#define HASH_SIZE 32u

/* The name after the hash; and in *end its end. NULL: it is no path of the store. */
static const char *
store_name(const char *path, const char **end)
{
  const char *at = strncmp(path, STORE, strlen(STORE)) == 0 ? path : strstr(path, "/" STORE);
  if (at == NULL)
    return NULL;
  at += strlen(STORE) + (*at == '/');
  size_t hash = strspn(at, "0123456789abcdefghijklmnopqrstuvwxyz");
  *end = strchrnul(at, '/');
  return hash == HASH_SIZE && at[hash] == '-' ? at + hash + 1 : NULL;
}

bool
lists_is_nix(const char *path)
{
  const char *end, *name = store_name(path, &end);
  if (name == NULL || *end == '\0')
    return false;
  const char *folder = strchr(end + 1, '/');
  return folder == NULL || strchr(folder + 1, '/') == NULL;
}

/* What builds something is not installed: sources, patches, recipes. */
static bool
is_source(const char *name)
{
  static const char *const ends[] = {".drv",  ".patch", ".diff", ".tar.gz", ".tar.xz", ".tar.bz2",
                                     ".lock", ".zip",   ".tgz",  "-source", ".check"};
  for (size_t i = 0; i < G_N_ELEMENTS(ends); i++)
    if (g_str_has_suffix(name, ends[i]))
      return true;
  return false;
}

/* As Nix divides it (builtins.parseDrvName): the version begins after the first dash that no letter
 * follows; but "unstable-2024-01-31" is one as well. NULL: there is none. */
static char *
find_version(char *name)
{
  for (char *dash = strchr(name + 1, '-'); dash != NULL; dash = strchr(dash + 1, '-'))
    if (g_ascii_isdigit(dash[1]) ||
        (g_str_has_prefix(dash + 1, "unstable-") && g_ascii_isdigit(dash[strlen("-unstable-")])))
      return dash + 1;
  return NULL;
}

/* "2.34-210-bin" is the output "bin" of 2.34-210. */
static void
cut_output(char *version)
{
  static const char *const parts[] = {"alpha", "beta", "pre", "rc", "git", "dirty"};
  char *dash = strrchr(version, '-');
  if (dash == NULL || strpbrk(dash, "0123456789") != NULL)
    return;
  for (size_t i = 0; i < G_N_ELEMENTS(parts); i++)
    if (strcmp(dash + 1, parts[i]) == 0)
      return;
  *dash = '\0';
}

void
lists_read_nix(Slice bytes, const char *location, LayerInventory *into)
{
  const char *end, *start = store_name(location, &end);
  if (start == NULL || end <= start)
    return;
  g_autofree char *name = g_strndup(start, (gsize)(end - start));
  char *version = is_source(name) ? NULL : find_version(name);
  if (version == NULL)
    return;
  version[-1] = '\0';
  cut_output(version);
  g_autofree char *place = g_strndup(location, (gsize)(end - location));
  layer_inventory_add_application(into, "nix", name, version, place);
}
