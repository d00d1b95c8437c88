/* apk's database of installed packages: apk-installed(5), "P:name", "V:version", "F:folder",
 * "R:file", "a:uid:gid:mode", "Z:Q1" and a SHA-1 in base64; read as apk_db_fdb_read() of apk-tools'
 * src/database.c reads it. A line of no or one letter ends a record; the last of repeated fields
 * counts. */
#include <sys/stat.h>

#include "inspect/integrity/integrity.h"
#include "inspect/packages/packages.h"

typedef struct {
  Slice name, version, architecture, origin, maintainer, folder, licenses, size;
  GString *files; /* "folder/file\n..." */
  Slice file;     /* the last in the folder */
  uint32_t mode;  /* of that, as mode_of() has it */
  SumList *sums;
  bool named; /* it has a P:, whatever that says */
  bool begun; /* it has anything */
} Record;

static void
append(GString *files, Slice part)
{
  g_autofree char *valid = slice_to_utf8(part);
  g_string_append(files, valid);
}

static void
add_file(const Record *record, Slice name, const LayerInventory *inventory)
{
  /* What passes it is not kept anyway. */
  if (record->files->len > LAYER_FILE_BYTES_MAX - inventory->file_bytes)
    return;
  if (record->folder.size > 0) {
    append(record->files, record->folder);
    g_string_append_c(record->files, '/');
  }
  append(record->files, name);
  g_string_append_c(record->files, '\n');
}

/* "0:0:4755". Symbolic links alone are open to all; the database has no other sign of them. */
static uint32_t
mode_of(Slice value)
{
  g_autofree char *text = slice_to_string(value);
  const char *last = strrchr(text, ':');
  uint32_t mode = last == NULL ? 0 : (uint32_t)g_ascii_strtoull(last + 1, NULL, 8) & 07777;
  return mode == 0777 ? S_IFLNK | mode : mode;
}

/* "Q1" and base64. Of a link it is that of the path that it names. */
static void
add_sum(const Record *record, Slice value)
{
  if (!slice_has_prefix(value, SLICE_LITERAL("Q1")) || record->file.size == 0)
    return;
  g_autofree char *text = slice_to_string(slice_sub(value, 2, SIZE_MAX));
  gsize size = 0;
  g_autofree guchar *digest = g_base64_decode(text, &size);
  g_autoptr(GString) hex = g_string_new(NULL), path = g_string_new(NULL);
  for (gsize i = 0; i < size && hex->len < SUM_DIGITS; i++)
    g_string_append_printf(hex, "%02x", digest[i]);
  g_string_append_len(path, (const char *)record->folder.data, (gssize)record->folder.size);
  g_string_append_c(path, '/');
  g_string_append_len(path, (const char *)record->file.data, (gssize)record->file.size);
  sum_list_add(record->sums, slice_new(path->str, path->len), slice_new(hex->str, hex->len),
               &record->mode);
}

static void
end_record(Record *record, const char *location, LayerInventory *inventory)
{
  if (record->version.size > 0) {
    Package *package = g_new0(Package, 1);
    package->type = g_strdup("apk");
    package->name = slice_to_utf8(record->name);
    package->version = slice_to_utf8(record->version);
    package->architecture =
        record->architecture.size == 0 ? NULL : slice_to_utf8(record->architecture);
    package->source_name = record->origin.size == 0 ? NULL : slice_to_utf8(record->origin);
    if (record->maintainer.size > 0)
      package->vendor = slice_to_printable(record->maintainer, VENDOR_MAX);
    if (record->licenses.size > 0)
      package->licenses = slice_to_printable(record->licenses, LICENSES_MAX);
    if (!slice_to_uint64(record->size, &package->installed_bytes) ||
        package->installed_bytes > INT64_MAX)
      package->installed_bytes = 0;
    package->location = g_strdup(location);
    package->files = record->files->len == 0 ? NULL : g_strdup(record->files->str);
    sum_list_end(record->sums, location, package->name, SUM_SHA1, inventory);
    layer_inventory_add_package(inventory, package);
  } else {
    layer_inventory_add_unread(inventory, "broken-database", location, "A package has no version.");
  }
  g_string_truncate(record->files, 0);
  sum_list_clear(record->sums);
  *record = (Record){.files = record->files, .sums = record->sums};
}

static void
take_value(Record *record, char field, Slice value, const LayerInventory *inventory)
{
  switch (field) {
  case 'P':
    record->name = value;
    record->named = true;
    break;
  case 'V':
    record->version = value;
    break;
  case 'A':
    record->architecture = value;
    break;
  case 'o':
    record->origin = value;
    break;
  case 'm':
    record->maintainer = value;
    break;
  case 'I':
    record->size = value;
    break;
  case 'L':
    record->licenses = value;
    break;
  case 'F':
    record->folder = value;
    break;
  case 'R':
    record->file = value;
    record->mode = 0;
    add_file(record, value, inventory);
    break;
  case 'a':
    record->mode = mode_of(value);
    break;
  case 'Z':
    add_sum(record, value);
    break;
  default:
    break;
  }
}

void
apk_installed_parse(Slice text, const char *location, LayerInventory *inventory)
{
  g_autoptr(GString) files = g_string_new(NULL);
  g_autoptr(SumList) sums = sum_list_new();
  Record record = {.files = files, .sums = sums};
  Slice line;
  while (slice_next_field(&text, '\n', &line)) {
    if (line.size >= 2 && line.data[1] == ':') {
      take_value(&record, (char)line.data[0], slice_sub(line, 2, line.size), inventory);
      record.begun = true;
    } else if (line.size >= 2) {
      layer_inventory_add_unread(inventory, "broken-database", location,
                                 "apk would not read this: a line is no field.");
    } else if (record.named) {
      end_record(&record, location, inventory);
    } else if (record.begun) {
      /* For apk 3 the record goes on. */
      layer_inventory_add_unread(inventory, "broken-database", location, "A package has no name.");
    }
  }
  if (record.named)
    end_record(&record, location, inventory);
}

const Detector apk_detector = {
    .name = "apk",
    .version = 5,
    .places =
        (const char *const[]){"lib/apk/db/installed", "usr/lib/apk/db/installed",
                              /* OpenWrt's packages that are on volumes of their own */
                              "lib/apk/db-uvol/installed", "usr/lib/apk/db-uvol/installed", NULL},
    .lists_packages = true,
    .read = apk_installed_parse,
};
