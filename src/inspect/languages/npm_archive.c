/* npm's packages in yarn's cache: a zip each, which Plug'n'Play runs as it is. Where packages are
 * unpacked into node_modules the cache is a leftover; so they are declared, which counts where
 * nothing else is installed. */
#include <string.h>

#include "archive/zip.h"
#include "inspect/languages/languages.h"
#include "inspect/languages/npm-private.h"

#define MANIFEST_BYTES_MAX ((uint64_t)2 * 1024 * 1024)
#define ARCHIVE_BYTES_MAX  ((uint64_t)64 * 1024 * 1024)

static bool
is_in_cache(const char *path)
{
  return strstr(path, ".yarn/cache/") != NULL || strstr(path, "yarn/berry/cache/") != NULL;
}

/* A larger one is left alone, since it is declared only. */
static bool
is_small(const FileView *file)
{
  return file->size <= ARCHIVE_BYTES_MAX;
}

/* True: it is the package's. */
static bool
read_manifest(const ZipFile *zip, const ZipEntry *entry, const char *location, LayerInventory *into)
{
  g_autofree char *name = slice_to_printable(entry->name, 1024);
  if (!g_str_has_prefix(name, "node_modules/") || !g_str_has_suffix(name, "/package.json") ||
      !npm_manifest_is_root(name))
    return false;
  g_autofree char *inside = g_strconcat(location, ":", name, NULL);
  g_autofree uint8_t *owned = NULL;
  Slice content = SLICE_EMPTY;
  if (zip_read(zip, entry, MANIFEST_BYTES_MAX, &owned, &content) != ZIP_READ)
    return true;
  Package *package = npm_manifest_read(content, inside, into);
  if (package != NULL)
    package->declared = true;
  return true;
}

static void
read_archive(Slice bytes, const char *location, LayerInventory *into)
{
  ZipFile zip;
  ZipEntry entry;
  if (!zip_open(&zip, bytes))
    return;
  Slice rest = zip.directory;
  while (zip_next(&rest, &entry))
    if (read_manifest(&zip, &entry, location, into))
      return;
}

const Detector npm_archive_detector = {
    .name = "npm-archive",
    .version = 1,
    .places = (const char *const[]){"*.zip", NULL},
    .wants_path = is_in_cache,
    .wants = is_small,
    .read = read_archive,
};
