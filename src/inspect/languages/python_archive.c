/* Python's packages in archives: an egg that is used as it is, and a wheel, of which pip installs
 * what is in it. A wheel that lies there is not installed: it is declared. */
#include <string.h>

#include "archive/zip.h"
#include "inspect/languages/found-private.h"
#include "inspect/languages/languages.h"
#include "inspect/languages/python-private.h"

/* An archive has one; a vendored one more. */
#define METADATA_MAX       32u
#define METADATA_BYTES_MAX ((uint64_t)2 * 1024 * 1024)
/* Wheels of neural networks are larger, and their metadata is declared only. */
#define WHEEL_BYTES_MAX ((uint64_t)64 * 1024 * 1024)

static bool
is_wheel(const char *path)
{
  return g_str_has_suffix(path, ".whl");
}

static bool
is_small(const FileView *file)
{
  bool is_zip = slice_has_prefix(file->head, SLICE_LITERAL("PK\x03\x04"));
  return is_zip && (!is_wheel(file->path) || file->size <= WHEEL_BYTES_MAX);
}

static void
read_entry(const ZipFile *zip, const ZipEntry *entry, const char *location, LayerInventory *into)
{
  g_autofree char *name = slice_to_printable(entry->name, 1024);
  g_autofree char *inside = g_strconcat(location, ":", name, NULL);
  g_autofree uint8_t *owned = NULL;
  Slice content = SLICE_EMPTY;
  if (zip_read(zip, entry, METADATA_BYTES_MAX, &owned, &content) != ZIP_READ) {
    layer_inventory_add_note(into, "broken-package", inside,
                             "It cannot be unpacked, or is larger than what is read of one.");
    return;
  }
  Package *package = python_metadata_read(content, inside, into);
  if (package != NULL)
    package->declared = is_wheel(location);
}

static bool
is_metadata(Slice name)
{
  static const char *const ends[] = {"EGG-INFO/PKG-INFO", ".dist-info/METADATA"};
  for (size_t i = 0; i < G_N_ELEMENTS(ends); i++) {
    size_t size = strlen(ends[i]);
    if (name.size >= size && slice_equal_string(slice_sub(name, name.size - size, size), ends[i]))
      return true;
  }
  return false;
}

static void
read_archive(Slice bytes, const char *location, LayerInventory *into)
{
  ZipFile zip;
  ZipEntry entry;
  if (!zip_open(&zip, bytes))
    return;
  unsigned count = 0;
  for (Slice rest = zip.directory; count < METADATA_MAX && zip_next(&rest, &entry);) {
    if (!is_metadata(entry.name))
      continue;
    read_entry(&zip, &entry, location, into);
    count++;
  }
}

const Detector python_archive_detector = {
    .name = "python-archive",
    .version = 1,
    .places = (const char *const[]){"*.egg", "*.whl", NULL},
    .wants = is_small,
    .read = read_archive,
};
