/* Which files a deb owns, and the digests of its programs: dpkg's list of each installed package,
 * /var/lib/dpkg/info/NAME.list, a path a line; and where there is no such list, as in distroless
 * images, the checksums beside its stanza, status.d/NAME.md5sums, "checksum  path". The other
 * checksums are info/NAME.md5sums. NAME may have ":amd64" at its end. */
#include <string.h>

#include "inspect/integrity/integrity.h"
#include "inspect/packages/packages.h"

#define INFO     "var/lib/dpkg/info/"
#define STATUS_D "var/lib/dpkg/status.d/"
#define SUMS     ".md5sums"

static bool
is_list(const char *path)
{
  bool sums = g_str_has_suffix(path, SUMS);
  return (g_str_has_prefix(path, INFO) && (sums || g_str_has_suffix(path, ".list"))) ||
         (g_str_has_prefix(path, STATUS_D) && sums);
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
without_sums(Slice text, SumList *sums)
{
  GString *paths = g_string_new(NULL);
  Slice line;
  while (slice_next_line(&text, &line)) {
    Slice sum;
    if (!slice_next_field(&line, ' ', &sum))
      continue;
    while (line.size > 0 && line.data[0] == ' ')
      line = slice_sub(line, 1, line.size);
    sum_list_add(sums, line, sum, NULL);
    g_string_append_len(paths, (const char *)line.data, (gssize)line.size);
    g_string_append_c(paths, '\n');
  }
  return paths;
}

/* Every package of Debian and Ubuntu has its copyright there, or a link to the folder of another of
 * the same source (Debian Policy 12.5), whatever is left of it in the image: one without was not
 * built for them. */
static bool
is_foreign(Slice paths, const char *name)
{
  g_autofree char *folder = g_strdup_printf("/usr/share/doc/%s", name);
  g_autofree char *copyright = g_strconcat(folder, "/copyright", NULL);
  bool has_folder = false, has_more = false;
  Slice line;
  while (slice_next_line(&paths, &line)) {
    if (!slice_has_prefix(line, slice_from_string(folder)))
      continue;
    if (slice_equal_string(line, copyright))
      return false;
    has_folder |= line.size == strlen(folder);
    has_more |= line.size > strlen(folder) && line.data[strlen(folder)] == '/';
  }
  return !has_folder || has_more;
}

static void
read_list(Slice bytes, const char *location, LayerInventory *into)
{
  if (!is_list(location))
    return;
  g_autofree char *name = package_name(location);
  if (!g_str_has_suffix(location, SUMS)) {
    layer_inventory_add_owned(into, name, bytes, is_foreign(bytes, name));
    return;
  }
  g_autoptr(SumList) sums = sum_list_new();
  g_autoptr(GString) paths = without_sums(bytes, sums);
  sum_list_end(sums, location, name, SUM_MD5, into);
  if (g_str_has_prefix(location, STATUS_D))
    layer_inventory_add_owned(into, name, slice_new(paths->str, paths->len), false);
}

const Detector dpkg_files_detector = {
    .name = "dpkg-files",
    .version = 3,
    .places = (const char *const[]){"*.list", "*" SUMS, NULL},
    .wants_path = is_list,
    .lists_owners = true,
    .read = read_list,
};
