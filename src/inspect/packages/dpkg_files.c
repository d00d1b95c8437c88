/* Which files a deb owns: dpkg's list of each installed package, /var/lib/dpkg/info/NAME.list, a
 * path a line; and where there is no such list, as in distroless images, the checksums beside its
 * stanza, status.d/NAME.md5sums, "checksum  path". NAME may have ":amd64" at its end. */
#include <string.h>

#include "inspect/packages/packages.h"

#define INFO     "var/lib/dpkg/info/"
#define STATUS_D "var/lib/dpkg/status.d/"
#define SUMS     ".md5sums"

static bool
is_list(const char *path)
{
  return (g_str_has_prefix(path, INFO) && g_str_has_suffix(path, ".list")) ||
         (g_str_has_prefix(path, STATUS_D) && g_str_has_suffix(path, SUMS));
}

/* (transfer full) */
static char *
package_name(const char *location)
{
  const char *name = strrchr(location, '/') + 1;
  const char *end = strrchr(name, '.'), *colon = strchr(name, ':');
  return g_strndup(name, (gsize)((colon != NULL && colon < end ? colon : end) - name));
}

/* The paths of "checksum  path". (transfer full) */
static GString *
without_sums(Slice text)
{
  GString *paths = g_string_new(NULL);
  Slice line;
  while (slice_next_line(&text, &line)) {
    Slice sum;
    if (!slice_next_field(&line, ' ', &sum))
      continue;
    while (line.size > 0 && line.data[0] == ' ')
      line = slice_sub(line, 1, line.size);
    g_string_append_len(paths, (const char *)line.data, (gssize)line.size);
    g_string_append_c(paths, '\n');
  }
  return paths;
}

static void
read_list(Slice bytes, const char *location, LayerInventory *into)
{
  if (!is_list(location))
    return;
  g_autofree char *name = package_name(location);
  if (!g_str_has_suffix(location, SUMS)) {
    layer_inventory_add_owned(into, name, bytes);
    return;
  }
  g_autoptr(GString) paths = without_sums(bytes);
  layer_inventory_add_owned(into, name, slice_new(paths->str, paths->len));
}

const Detector dpkg_files_detector = {
    .name = "dpkg-files",
    .version = 1,
    .places = (const char *const[]){"*.list", "*" SUMS, NULL},
    .wants_path = is_list,
    .lists_owners = true,
    .read = read_list,
};
