/* RPM databases: which format, and what the header of a package says. */
#include <string.h>

#include "base/error.h"
#include "inspect/packages/packages.h"
#include "inspect/packages/rpm-private.h"

/* A header: counts of entries and of bytes, the entries, the bytes; all big-endian (RPM's
 * docs/manual/format_header.md). Its first entry may be that of a region: the entries that the
 * package was built with. What follows a region was added at the installation, and replaces entries
 * of the region (hdrblobImport() in rpm's lib/header.c). */
#define ENTRIES_AT   8u
#define ENTRY_SIZE   16u
#define ENTRIES_MAX  65535u
#define HEADERS_MAX  100000u /* of a database, sound or not */
#define FILES_MAX    200000u /* of a package */
#define VALUES_MAX   (256u * 1024 * 1024)
#define REGION_FIRST 61u /* tags of regions: image, signatures, immutable */
#define REGION_LAST  63u
#define TAG_FIRST    100u /* a tag below it is a region's or none */
enum {
  TYPE_INT16 = 3,
  TYPE_INT32 = 4,
  TYPE_STRING = 6,
  TYPE_BYTES = 7,
  TYPE_STRING_ARRAY = 8,
  TYPE_I18N_STRING = 9
};

/* What is wanted of a header. */
typedef enum {
  NAME,
  VERSION,
  RELEASE,
  EPOCH,
  SIZE_IN_BYTES,
  VENDOR,
  LICENSE,
  ARCHITECTURE,
  SOURCE_RPM,
  FOLDER_INDEXES, /* of each file, which of the folder names it has */
  BASE_NAMES,
  FOLDER_NAMES, /* each with a slash at its end */
  FILE_DIGESTS,
  FILE_MODES,
  FILE_FLAGS,
  FILE_CHECKS, /* what is to be verified of each */
  DIGEST_ALGORITHM,
  MODULARITY_LABEL,
  WANTED,
} Wanted;

static const struct {
  uint32_t tag, type;
} wanted[WANTED] = {
    [NAME] = {1000, TYPE_STRING},
    [VERSION] = {1001, TYPE_STRING},
    [RELEASE] = {1002, TYPE_STRING},
    [EPOCH] = {1003, TYPE_INT32},
    [SIZE_IN_BYTES] = {1009, TYPE_INT32},
    [VENDOR] = {1011, TYPE_STRING},
    [LICENSE] = {1014, TYPE_STRING},
    [ARCHITECTURE] = {1022, TYPE_STRING},
    [SOURCE_RPM] = {1044, TYPE_STRING},
    [FOLDER_INDEXES] = {1116, TYPE_INT32},
    [BASE_NAMES] = {1117, TYPE_STRING_ARRAY},
    [FOLDER_NAMES] = {1118, TYPE_STRING_ARRAY},
    [FILE_DIGESTS] = {1035, TYPE_STRING_ARRAY},
    [FILE_MODES] = {1030, TYPE_INT16},
    [FILE_FLAGS] = {1037, TYPE_INT32},
    [FILE_CHECKS] = {1045, TYPE_INT32},
    [DIGEST_ALGORITHM] = {5011, TYPE_INT32},
    [MODULARITY_LABEL] = {5096, TYPE_STRING},
};

typedef struct {
  uint32_t tag, type, offset, count;
} Entry;

typedef struct {
  Entry entries[WANTED];
  bool there[WANTED];
  bool added[WANTED]; /* after the region */
  Slice store;
} RpmHeader;

static Entry
entry_at(Slice bytes, size_t at)
{
  Entry entry = {0};
  slice_read_uint32(bytes, at, true, &entry.tag);
  slice_read_uint32(bytes, at + 4, true, &entry.type);
  slice_read_uint32(bytes, at + 8, true, &entry.offset);
  slice_read_uint32(bytes, at + 12, true, &entry.count);
  return entry;
}

/* From its first byte to the header's end. */
static Slice
value_of(const RpmHeader *header, Wanted what)
{
  return header->there[what] ? slice_sub(header->store, header->entries[what].offset, SIZE_MAX)
                             : SLICE_EMPTY;
}

/* The same, of an array of numbers of @size bytes each. */
static Slice
array_of(const RpmHeader *header, Wanted what, size_t size)
{
  return slice_sub(value_of(header, what), 0, (size_t)header->entries[what].count * size);
}

/* NULL when it is not there. (transfer full) */
static char *
text_of(const RpmHeader *header, Wanted what)
{
  Slice value = value_of(header, what), string;
  return rpm_next_string(&value, &string) ? slice_to_utf8(string) : NULL;
}

static uint32_t
number_of(const RpmHeader *header, Wanted what)
{
  uint32_t number = 0;
  slice_read_uint32(value_of(header, what), 0, true, &number);
  return number;
}

/* How many entries the region has that @first begins; none without one. False when it is broken. */
static bool
read_region(Slice store, const Entry *first, uint32_t count, uint32_t *region)
{
  *region = count;
  if (first->tag >= TAG_FIRST)
    return true;
  Entry trailer = entry_at(store, first->offset);
  bool sound = first->tag >= REGION_FIRST && first->tag <= REGION_LAST &&
               first->type == TYPE_BYTES && first->count == ENTRY_SIZE &&
               first->offset <= store.size && store.size - first->offset >= ENTRY_SIZE &&
               trailer.type == TYPE_BYTES && trailer.count == ENTRY_SIZE &&
               trailer.tag >= REGION_FIRST && trailer.tag <= REGION_LAST;
  /* Its size as a negative offset. */
  uint32_t size = 0 - trailer.offset;
  if (!sound || size % ENTRY_SIZE != 0 || size / ENTRY_SIZE > count)
    return false;
  if (first->offset != 0)
    *region = size / ENTRY_SIZE;
  return true;
}

/* How many bytes the value of @entry takes; 0: it does not fit, or is none. */
static size_t
value_size(Slice store, const Entry *entry)
{
  static const uint8_t sizes[] = {0, 1, 1, 2, 4, 8, 0, 1};
  Slice value = slice_sub(store, entry->offset, SIZE_MAX), rest = value;
  if (entry->type < G_N_ELEMENTS(sizes) && sizes[entry->type] > 0) {
    size_t size = (size_t)entry->count * sizes[entry->type];
    return size <= value.size && entry->offset % sizes[entry->type] == 0 ? size : 0;
  }
  if (entry->type < TYPE_STRING || entry->type > TYPE_I18N_STRING ||
      (entry->type == TYPE_STRING && entry->count != 1))
    return 0;
  for (uint32_t i = 0; i < entry->count; i++) {
    gssize end = slice_find(rest, '\0');
    if (end < 0)
      return 0;
    rest = slice_sub(rest, (size_t)end + 1, SIZE_MAX);
  }
  return value.size - rest.size;
}

/* hdrblobVerifyInfo(): values are in the order of their entries, and none over another, nor over
 * the end of the region at @trailer. */
static bool
check_entry(Slice store, const Entry *entry, size_t trailer, size_t *end)
{
  size_t size = entry->count == 0 || entry->count > VALUES_MAX ? 0 : value_size(store, entry);
  bool sound = size > 0 && entry->offset >= *end;
  *end = entry->offset + size;
  return sound && (*end <= trailer || entry->offset >= trailer + ENTRY_SIZE);
}

/* NULL, or why rpm would not read it, or which of two it would read cannot be told. */
static const char *
take_entry(RpmHeader *header, const Entry *entry, bool added)
{
  for (Wanted what = 0; what < WANTED; what++) {
    if (wanted[what].tag != entry->tag)
      continue;
    if (header->there[what] && header->added[what] == added)
      return "a package has an entry twice";
    if (entry->type != wanted[what].type)
      return "a package has an entry of another kind than it should be";
    header->there[what] = true;
    header->added[what] = added;
    header->entries[what] = *entry;
    Slice string, value = value_of(header, what);
    if (entry->type == TYPE_STRING && !rpm_next_string(&value, &string))
      return "a package has a text that is too long";
  }
  return NULL;
}

static const char *
read_header(Slice bytes, RpmHeader *header)
{
  uint32_t count = 0, size = 0, region = 0;
  if (!slice_read_uint32(bytes, 0, true, &count) || !slice_read_uint32(bytes, 4, true, &size) ||
      count == 0 || count > ENTRIES_MAX || size > bytes.size ||
      bytes.size - size != ENTRIES_AT + (size_t)count * ENTRY_SIZE)
    return "the header of a package has another size than it says";
  header->store = slice_sub(bytes, bytes.size - size, size);
  Entry first = entry_at(bytes, ENTRIES_AT);
  if (!read_region(header->store, &first, count, &region))
    return "the region of a package's header is broken";
  size_t trailer = first.tag < TAG_FIRST ? first.offset : SIZE_MAX - ENTRY_SIZE, end = 0;
  for (uint32_t i = first.tag < TAG_FIRST; i < count; i++) {
    Entry entry = entry_at(bytes, ENTRIES_AT + (size_t)i * ENTRY_SIZE);
    if (entry.tag < TAG_FIRST || !check_entry(header->store, &entry, trailer, &end))
      return "the header of a package does not hold together";
    const char *trouble = take_entry(header, &entry, i >= region);
    if (trouble != NULL)
      return trouble;
  }
  return header->there[NAME] && header->there[VERSION] && header->there[RELEASE]
             ? NULL
             : "a package has no name or no version";
}

/* The folders of a header's list of files, as few as files at most, by their number. NULL when it
 * has no list, or one that does not hold together. (transfer full) */
static Slice *
list_folders(const RpmHeader *header)
{
  uint32_t count = header->entries[BASE_NAMES].count, folders = header->entries[FOLDER_NAMES].count;
  if (!header->there[BASE_NAMES] || count > FILES_MAX || folders > count)
    return NULL;
  g_autofree Slice *above = g_new0(Slice, folders + 1);
  Slice names = value_of(header, FOLDER_NAMES);
  for (uint32_t i = 0; i < folders; i++)
    if (!rpm_next_string(&names, &above[i]))
      return NULL;
  return g_steal_pointer(&above);
}

static char *
list_files(const RpmHeader *header, const Slice *above)
{
  g_autoptr(GString) files = g_string_new(NULL);
  Slice names = value_of(header, BASE_NAMES), name;
  for (uint32_t i = 0; i < header->entries[BASE_NAMES].count; i++) {
    uint32_t folder = 0;
    if (!rpm_next_string(&names, &name) ||
        !slice_read_uint32(value_of(header, FOLDER_INDEXES), (size_t)i * 4, true, &folder) ||
        folder >= header->entries[FOLDER_NAMES].count || files->len > LAYER_FILE_BYTES_MAX)
      return NULL;
    g_autofree char *path = slice_to_utf8(above[folder]), *last = slice_to_utf8(name);
    if (strchr(path, '\n') == NULL && strchr(last, '\n') == NULL)
      g_string_append_printf(files, "%s%s\n", *path == '/' ? path + 1 : path, last);
  }
  return g_string_free(g_steal_pointer(&files), FALSE);
}

static void
add_files(const RpmHeader *header, Package *package, LayerInventory *inventory)
{
  g_autofree Slice *above = list_folders(header);
  if (above == NULL)
    return;
  if (inventory->file_bytes < LAYER_FILE_BYTES_MAX)
    package->files = list_files(header, above);
  const RpmFiles files = {.count = header->entries[BASE_NAMES].count,
                          .names = value_of(header, BASE_NAMES),
                          .folders = above,
                          .folder_count = header->entries[FOLDER_NAMES].count,
                          .folder_indexes = array_of(header, FOLDER_INDEXES, 4),
                          .flags = array_of(header, FILE_FLAGS, 4),
                          .checks = array_of(header, FILE_CHECKS, 4),
                          .modes = array_of(header, FILE_MODES, 2),
                          .digests = value_of(header, FILE_DIGESTS),
                          .algorithm = array_of(header, DIGEST_ALGORITHM, 4)};
  rpm_add_sums(&files, package->location, package->name, inventory);
}

void
rpm_take_source(Package *package, const char *source)
{
  g_autofree char *text = g_strdup(source);
  if (g_str_has_suffix(text, ".nosrc.rpm"))
    text[strlen(text) - strlen(".nosrc.rpm")] = '\0';
  else if (g_str_has_suffix(text, ".src.rpm"))
    text[strlen(text) - strlen(".src.rpm")] = '\0';
  else
    return;
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
package_of(const RpmHeader *header, const char *location, LayerInventory *inventory)
{
  Package *package = g_new0(Package, 1);
  g_autofree char *version = text_of(header, VERSION), *release = text_of(header, RELEASE);
  g_autofree char *source = text_of(header, SOURCE_RPM), *vendor = text_of(header, VENDOR);
  g_autofree char *licenses = text_of(header, LICENSE);
  uint32_t epoch = number_of(header, EPOCH);
  package->type = g_strdup("rpm");
  package->name = text_of(header, NAME);
  package->version = epoch == 0 ? g_strdup_printf("%s-%s", version, release)
                                : g_strdup_printf("%u:%s-%s", epoch, version, release);
  package->architecture = text_of(header, ARCHITECTURE);
  package->module = text_of(header, MODULARITY_LABEL);
  if (vendor != NULL && *vendor != '\0')
    package->vendor = slice_to_printable(slice_from_string(vendor), VENDOR_MAX);
  if (licenses != NULL && *licenses != '\0')
    package->licenses = slice_to_printable(slice_from_string(licenses), LICENSES_MAX);
  package->installed_bytes = number_of(header, SIZE_IN_BYTES);
  package->location = g_strdup(location);
  if (source != NULL)
    rpm_take_source(package, source);
  add_files(header, package, inventory);
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
  const char *trouble = read_header(bytes, &header);
  Slice name = value_of(&header, NAME), string = SLICE_EMPTY;
  if (trouble != NULL) {
    g_autofree char *detail = g_strdup_printf("rpm would not read this: %s.", trouble);
    layer_inventory_add_unread(reading->inventory, "broken-database", reading->location, detail);
  } else if (rpm_next_string(&name, &string) && !slice_equal_string(string, "gpg-pubkey")) {
    /* Keys that packages were verified with are in the database like packages. */
    layer_inventory_add_package(reading->inventory,
                                package_of(&header, reading->location, reading->inventory));
  }
  return true;
}

typedef bool (*Visit)(Slice content, RpmHeaderVisitor visit, void *data, GError **error);

/* The reader of the format that the bytes are in, and the name under which rpm looks for that;
 * NULL: of none of rpm's formats. */
static Visit
visit_of(Slice content, const char **name)
{
  if (slice_has_prefix(content, SLICE_LITERAL("SQLite format 3")))
    return *name = "/rpmdb.sqlite", rpm_sqlite_visit;
  if (slice_has_prefix(content, SLICE_LITERAL("RpmP")))
    return *name = "/Packages.db", rpm_ndb_visit;
  *name = "/Packages";
  return slice_equal(slice_sub(content, 12, 4), SLICE_LITERAL("\x61\x15\x06\x00")) ||
                 slice_equal(slice_sub(content, 12, 4), SLICE_LITERAL("\x00\x06\x15\x61"))
             ? rpm_bdb_visit
             : NULL;
}

void
rpm_database_parse(Slice content, const char *location, LayerInventory *inventory)
{
  g_autoptr(GError) error = NULL;
  Reading reading = {location, inventory, 0};
  const char *name;
  Visit visit = visit_of(content, &name);
  if (visit == NULL)
    error_set(&error, ASSAY_ERROR_INVALID, "none of rpm's formats: sqlite, ndb, Berkeley DB");
  else if (visit(content, add_package, &reading, &error) && !g_str_has_suffix(location, name))
    error_set(&error, ASSAY_ERROR_INVALID, "rpm looks for this format under another name, %s",
              name + 1);
  if (error != NULL)
    layer_inventory_add_unread(inventory, "broken-database", location, error->message);
}

const Detector rpm_detector = {
    .name = "rpm",
    .version = 5,
    .places =
        (const char *const[]){"var/lib/rpm/rpmdb.sqlite", "var/lib/rpm/Packages.db",
                              "var/lib/rpm/Packages", "usr/lib/sysimage/rpm/rpmdb.sqlite",
                              "usr/lib/sysimage/rpm/Packages.db", "usr/lib/sysimage/rpm/Packages",
                              /* of image-based systems (ostree) */
                              "usr/share/rpm/rpmdb.sqlite", "usr/share/rpm/Packages.db",
                              "usr/share/rpm/Packages", NULL},
    .lists_packages = true,
    .read = rpm_database_parse,
    .prepare = rpm_database_prepare,
};
