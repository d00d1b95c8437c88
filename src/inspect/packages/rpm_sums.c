/* What a package's header in an RPM database says of its files' digests and modes: arrays with one
 * member for each file (rpm's include/rpm/rpmtag.h and rpmfiles.h). */
#include <string.h>

#include "inspect/packages/rpm-private.h"

/* Of a string, its NUL too. */
#define STRING_MAX ((size_t)4096)
/* rpmfileAttrs: settings, documentation, made at the installation. What may be missing is compared
 * where it is there. */
#define FLAGS_LEFT_OUT (1u << 0 | 1u << 1 | 1u << 6)
/* rpmVerifyAttrs: the digest is to be compared. */
#define CHECK_DIGEST (1u << 0)
#define MODE_KIND    0170000u
#define MODE_FILE    0100000u

bool
rpm_next_string(Slice *rest, Slice *string)
{
  gssize end = slice_find(slice_sub(*rest, 0, STRING_MAX), '\0');
  if (end < 0)
    return false;
  *string = slice_sub(*rest, 0, (size_t)end);
  *rest = slice_sub(*rest, (size_t)end + 1, SIZE_MAX);
  return true;
}

/* The numbers of RPM's table of digests (rpmcrypto.h), of OpenPGP. A header without one has MD5. */
static SumKind
kind_of(const RpmFiles *files)
{
  uint32_t algorithm = 1;
  slice_read_uint32(files->algorithm, 0, true, &algorithm);
  switch (algorithm) {
  case 1:
    return SUM_MD5;
  case 2:
    return SUM_SHA1;
  case 8:
    return SUM_SHA256;
  default:
    return SUM_KINDS;
  }
}

/* Without the array: nothing is said of any file. */
static uint32_t
number_of(Slice numbers, uint32_t file, uint32_t otherwise)
{
  slice_read_uint32(numbers, (size_t)file * 4, true, &otherwise);
  return otherwise;
}

static uint32_t
mode_of(const RpmFiles *files, uint32_t file)
{
  Slice mode = slice_sub(files->modes, (size_t)file * 2, 2);
  return mode.size < 2 ? MODE_FILE : (uint32_t)mode.data[0] << 8 | mode.data[1];
}

static bool
is_compared(const RpmFiles *files, uint32_t file)
{
  return (number_of(files->flags, file, 0) & FLAGS_LEFT_OUT) == 0 &&
         (number_of(files->checks, file, CHECK_DIGEST) & CHECK_DIGEST) != 0 &&
         (mode_of(files, file) & MODE_KIND) == MODE_FILE;
}

static void
add_file(const RpmFiles *files, uint32_t file, Slice name, Slice digest, SumList *list)
{
  uint32_t folder = number_of(files->folder_indexes, file, UINT32_MAX);
  if (folder >= files->folder_count || !is_compared(files, file))
    return;
  uint32_t mode = mode_of(files, file);
  Slice above = files->folders[folder];
  g_autofree char *path = g_strdup_printf("%.*s%.*s", (int)above.size, (const char *)above.data,
                                          (int)name.size, (const char *)name.data);
  sum_list_add(list, slice_from_string(path), digest, &mode);
}

void
rpm_add_sums(const RpmFiles *files, const char *location, const char *package,
             LayerInventory *inventory)
{
  g_autoptr(SumList) list = sum_list_new();
  SumKind kind = kind_of(files);
  Slice names = files->names, digests = files->digests, name, digest;
  if (kind == SUM_KINDS)
    return;
  for (uint32_t i = 0; i < files->count; i++) {
    if (!rpm_next_string(&names, &name) || !rpm_next_string(&digests, &digest))
      break;
    add_file(files, i, name, digest, list);
  }
  sum_list_end(list, location, package, kind, inventory);
}
