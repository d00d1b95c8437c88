/* RPM databases: which format, and what the header of a package says. */
#include <string.h>

#include "base/error.h"
#include "inspect/packages/packages.h"
#include "inspect/packages/rpm-private.h"

#define PACKAGES_MAX 100000u

/* A header: counts of entries and of bytes, the entries, the bytes; all big-endian (RPM's
 * docs/manual/format_header.md). */
#define ENTRIES_AT  8u
#define ENTRY_SIZE  16u
#define ENTRIES_MAX 65536u
enum { TYPE_INT32 = 4, TYPE_STRING = 6 };
enum {
  TAG_NAME = 1000,
  TAG_VERSION = 1001,
  TAG_RELEASE = 1002,
  TAG_EPOCH = 1003,
  TAG_ARCHITECTURE = 1022,
  TAG_SOURCE_RPM = 1044,
  TAG_MODULARITY_LABEL = 5096,
};

/* What we want of a header; strings are copies, NULL where it has none. */
typedef struct {
  char *name, *version, *release, *architecture, *source, *module;
  uint32_t epoch;
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
  default:
    return NULL;
  }
}

static void
take_entry(RpmHeader *header, Slice entry, Slice store)
{
  uint32_t tag = 0, type = 0, offset = 0;
  slice_read_uint32(entry, 0, true, &tag);
  slice_read_uint32(entry, 4, true, &type);
  slice_read_uint32(entry, 8, true, &offset);
  char **member = string_member(header, tag);
  Slice value = slice_sub(store, offset, SIZE_MAX);
  gssize end = slice_find(value, '\0');
  if (member != NULL && *member == NULL && type == TYPE_STRING && end >= 0)
    *member = slice_to_utf8(slice_sub(value, 0, (size_t)end));
  if (tag == TAG_EPOCH && type == TYPE_INT32)
    slice_read_uint32(value, 0, true, &header->epoch);
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
package_of(const RpmHeader *header, const char *location)
{
  Package *package = g_new0(Package, 1);
  package->type = g_strdup("rpm");
  package->name = g_strdup(header->name);
  package->version = header->epoch == 0 ? g_strdup_printf("%s-%s", header->version, header->release)
                                        : g_strdup_printf("%u:%s-%s", header->epoch,
                                                          header->version, header->release);
  package->architecture = g_strdup(header->architecture);
  package->module = g_strdup(header->module);
  package->location = g_strdup(location);
  if (header->source != NULL)
    take_source(package, header->source);
  if (package->source_name == NULL) {
    package->source_name = g_strdup(package->name);
    package->source_version = g_strdup(package->version);
  }
  return package;
}

typedef struct {
  const char *location;
  LayerInventory *inventory;
  unsigned count;
} Reading;

static bool
add_package(Slice bytes, void *data, GError **error)
{
  Reading *reading = data;
  RpmHeader header = {0};
  if (++reading->count > PACKAGES_MAX)
    return error_set(error, ASSAY_ERROR_LIMIT, "more than %u packages", PACKAGES_MAX);
  bool read = read_header(bytes, &header);
  /* Keys that packages were verified with stand in the database like packages. */
  if (read && strcmp(header.name, "gpg-pubkey") != 0)
    g_ptr_array_add(reading->inventory->packages, package_of(&header, reading->location));
  if (!read)
    layer_inventory_add_note(reading->inventory, "broken-database", reading->location,
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
    layer_inventory_add_note(inventory, "broken-database", location, error->message);
}
