/* RPM databases: which format, and what the header of a package says. */
#include <string.h>

#include "base/error.h"
#include "inspect/packages/packages.h"
#include "inspect/packages/rpm-private.h"

/* A header: counts of entries and of bytes, the entries, the bytes; all big-endian (RPM's
 * docs/manual/format_header.md). */
#define ENTRIES_AT  8u
#define ENTRY_SIZE  16u
#define ENTRIES_MAX 65536u
#define HEADERS_MAX 100000u /* of a database, sound or not */
#define FILES_MAX   200000u /* of a package */
/* Of a string, its NUL too. */
#define STRING_MAX ((size_t)4096)
enum { TYPE_INT32 = 4, TYPE_STRING = 6, TYPE_STRING_ARRAY = 8 };
enum {
  TAG_NAME = 1000,
  TAG_VERSION = 1001,
  TAG_RELEASE = 1002,
  TAG_EPOCH = 1003,
  TAG_VENDOR = 1011,
  TAG_ARCHITECTURE = 1022,
  TAG_SOURCE_RPM = 1044,
  TAG_FOLDER_INDEXES = 1116, /* of each file, which of the folder names it has */
  TAG_BASE_NAMES = 1117,
  TAG_FOLDER_NAMES = 1118, /* each with a slash at its end */
  TAG_MODULARITY_LABEL = 5096,
};

/* What we want of a header; strings are copies, NULL where it has none. */
typedef struct {
  char *name, *version, *release, *architecture, *source, *module, *vendor;
  uint32_t epoch;
  Slice base_names, folder_names, folder_indexes; /* from their first byte to the header's end */
  uint32_t files, folders;
} RpmHeader;

static void
rpm_header_clear(RpmHeader *header)
{
  g_free(header->name);
  g_free(header->version);
  g_free(header->release);
  g_free(header->architecture);
  g_free(header->source);
  g_free(header->module);
  g_free(header->vendor);
}

static char **
string_member(RpmHeader *header, uint32_t tag)
{
  switch (tag) {
  case TAG_NAME:
    return &header->name;
  case TAG_VERSION:
    return &header->version;
  case TAG_RELEASE:
    return &header->release;
  case TAG_ARCHITECTURE:
    return &header->architecture;
  case TAG_SOURCE_RPM:
    return &header->source;
  case TAG_MODULARITY_LABEL:
    return &header->module;
  case TAG_VENDOR:
    return &header->vendor;
  default:
    return NULL;
  }
}

static bool
next_string(Slice *rest, Slice *string)
{
  gssize end = slice_find(slice_sub(*rest, 0, STRING_MAX), '\0');
  if (end < 0)
    return false;
  *string = slice_sub(*rest, 0, (size_t)end);
  *rest = slice_sub(*rest, (size_t)end + 1, SIZE_MAX);
  return true;
}

static void
take_files(RpmHeader *header, uint32_t tag, uint32_t type, uint32_t count, Slice value)
{
  if (tag == TAG_FOLDER_INDEXES && type == TYPE_INT32)
    header->folder_indexes = value;
  if (tag == TAG_BASE_NAMES && type == TYPE_STRING_ARRAY) {
    header->base_names = value;
    header->files = count;
  }
  if (tag == TAG_FOLDER_NAMES && type == TYPE_STRING_ARRAY) {
    header->folder_names = value;
    header->folders = count;
  }
}

static void
take_entry(RpmHeader *header, Slice entry, Slice store)
{
  uint32_t tag = 0, type = 0, offset = 0, count = 0;
  slice_read_uint32(entry, 0, true, &tag);
  slice_read_uint32(entry, 4, true, &type);
  slice_read_uint32(entry, 8, true, &offset);
  slice_read_uint32(entry, 12, true, &count);
  char **member = string_member(header, tag);
  Slice value = slice_sub(store, offset, SIZE_MAX), string;
  if (member != NULL && *member == NULL && type == TYPE_STRING && next_string(&value, &string))
    *member = slice_to_utf8(string);
  if (tag == TAG_EPOCH && type == TYPE_INT32)
    slice_read_uint32(value, 0, true, &header->epoch);
  take_files(header, tag, type, count, value);
}

static bool
read_header(Slice bytes, RpmHeader *header)
{
  uint32_t count = 0, size = 0;
  if (!slice_read_uint32(bytes, 0, true, &count) || !slice_read_uint32(bytes, 4, true, &size) ||
      count > ENTRIES_MAX)
    return false;
  size_t store_at = ENTRIES_AT + (size_t)count * ENTRY_SIZE;
  Slice store = slice_sub(bytes, store_at, size);
  if (store_at > bytes.size || store.size < size)
    return false;
  for (uint32_t i = 0; i < count; i++)
    take_entry(header, slice_sub(bytes, ENTRIES_AT + (size_t)i * ENTRY_SIZE, ENTRY_SIZE), store);
  return header->name != NULL && header->version != NULL && header->release != NULL;
}

/* NULL when the header has no list, or one that does not hold together. Folders are as few as files
 * at most, and are found by their number. */
static char *
list_files(const RpmHeader *header)
{
  g_autoptr(GString) files = g_string_new(NULL);
  g_autofree Slice *folders = NULL;
  if (header->files == 0 || header->files > FILES_MAX || header->folders > header->files)
    return NULL;
  folders = g_new0(Slice, header->folders + 1);
  Slice names = header->folder_names, name;
  for (uint32_t i = 0; i < header->folders; i++)
    if (!next_string(&names, &folders[i]))
      return NULL;
  names = header->base_names;
  for (uint32_t i = 0; i < header->files; i++) {
    uint32_t folder = 0;
    if (!next_string(&names, &name) ||
        !slice_read_uint32(header->folder_indexes, (size_t)i * 4, true, &folder) ||
        folder >= header->folders || files->len > LAYER_FILE_BYTES_MAX)
      return NULL;
    g_autofree char *above = slice_to_utf8(folders[folder]), *last = slice_to_utf8(name);
    if (strchr(above, '\n') == NULL && strchr(last, '\n') == NULL)
      g_string_append_printf(files, "%s%s\n", *above == '/' ? above + 1 : above, last);
  }
  return g_string_free(g_steal_pointer(&files), FALSE);
}

/* "name-version-release.src.rpm" */
static void
take_source(Package *package, const char *source)
{
  g_autofree char *text = g_strdup(source);
  char *suffix = strstr(text, ".src.rpm");
  if (suffix == NULL)
    suffix = strstr(text, ".nosrc.rpm");
  if (suffix == NULL)
    return;
  *suffix = '\0';
  char *release = strrchr(text, '-');
  if (release == NULL || release == text)
    return;
  *release = '\0';
  char *version = strrchr(text, '-');
  if (version == NULL || version == text)
    return;
  *version = '\0';
  package->source_name = g_strdup(text);
  package->source_version = g_strdup_printf("%s-%s", version + 1, release + 1);
}

static Package *
package_of(const RpmHeader *header, const char *location, const LayerInventory *inventory)
{
  Package *package = g_new0(Package, 1);
  package->type = g_strdup("rpm");
  package->name = g_strdup(header->name);
  package->version = header->epoch == 0 ? g_strdup_printf("%s-%s", header->version, header->release)
                                        : g_strdup_printf("%u:%s-%s", header->epoch,
                                                          header->version, header->release);
  package->architecture = g_strdup(header->architecture);
  package->module = g_strdup(header->module);
  if (header->vendor != NULL && *header->vendor != '\0')
    package->vendor = slice_to_printable(slice_from_string(header->vendor), VENDOR_MAX);
  package->location = g_strdup(location);
  if (header->source != NULL)
    take_source(package, header->source);
  if (inventory->file_bytes < LAYER_FILE_BYTES_MAX)
    package->files = list_files(header);
  return package;
}

typedef struct {
  const char *location;
  LayerInventory *inventory;
  unsigned headers;
} Reading;

static bool
add_package(Slice bytes, void *data, GError **error)
{
  Reading *reading = data;
  RpmHeader header = {0};
  if (reading->inventory->overfull || ++reading->headers > HEADERS_MAX)
    return error_set(error, ASSAY_ERROR_LIMIT, "more packages than are read");
  bool read = read_header(bytes, &header);
  /* Keys that packages were verified with stand in the database like packages. */
  if (read && strcmp(header.name, "gpg-pubkey") != 0)
    layer_inventory_add_package(reading->inventory,
                                package_of(&header, reading->location, reading->inventory));
  if (!read)
    layer_inventory_add_unread(reading->inventory, "broken-database", reading->location,
                               "A package has no name or no version, or its header is cut off.");
  rpm_header_clear(&header);
  return true;
}

void
rpm_database_parse(Slice content, const char *location, LayerInventory *inventory)
{
  g_autoptr(GError) error = NULL;
  Reading reading = {location, inventory, 0};
  bool read;
  if (slice_has_prefix(content, SLICE_LITERAL("SQLite format 3")))
    read = rpm_sqlite_visit(content, add_package, &reading, &error);
  else if (slice_has_prefix(content, SLICE_LITERAL("RpmP")))
    read = rpm_ndb_visit(content, add_package, &reading, &error);
  else if (slice_equal(slice_sub(content, 12, 4), SLICE_LITERAL("\x61\x15\x06\x00")) ||
           slice_equal(slice_sub(content, 12, 4), SLICE_LITERAL("\x00\x06\x15\x61")))
    read = rpm_bdb_visit(content, add_package, &reading, &error);
  else
    read =
        error_set(&error, ASSAY_ERROR_INVALID, "none of rpm's formats: sqlite, ndb, Berkeley DB");
  if (!read)
    layer_inventory_add_unread(inventory, "broken-database", location, error->message);
}

const Detector rpm_detector = {
    .name = "rpm",
    .places =
        (const char *const[]){"var/lib/rpm/rpmdb.sqlite", "var/lib/rpm/Packages.db",
                              "var/lib/rpm/Packages", "usr/lib/sysimage/rpm/rpmdb.sqlite",
                              "usr/lib/sysimage/rpm/Packages.db", "usr/lib/sysimage/rpm/Packages",
                              /* of image-based systems (ostree) */
                              "usr/share/rpm/rpmdb.sqlite", "usr/share/rpm/Packages.db",
                              "usr/share/rpm/Packages", NULL},
    .lists_packages = true,
    .read = rpm_database_parse,
};
