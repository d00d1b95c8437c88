/* apk's database of installed packages: apk-installed(5), "P:name", "V:version", "F:folder",
 * "R:file". */
#include "inspect/packages/packages.h"

typedef struct {
  Slice name, version, architecture, origin, maintainer, folder;
  GString *files; /* "folder/file\n..." */
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

static void
end_record(Record *record, const char *location, LayerInventory *inventory)
{
  if (record->name.size > 0 && record->version.size > 0) {
    Package *package = g_new0(Package, 1);
    package->type = g_strdup("apk");
    package->name = slice_to_utf8(record->name);
    package->version = slice_to_utf8(record->version);
    package->architecture =
        record->architecture.size == 0 ? NULL : slice_to_utf8(record->architecture);
    package->source_name = record->origin.size == 0 ? NULL : slice_to_utf8(record->origin);
    if (record->maintainer.size > 0)
      package->vendor = slice_to_printable(record->maintainer, VENDOR_MAX);
    package->location = g_strdup(location);
    package->files = record->files->len == 0 ? NULL : g_strdup(record->files->str);
    layer_inventory_add_package(inventory, package);
  } else if (record->name.size > 0) {
    layer_inventory_add_unread(inventory, "broken-database", location, "A package has no version.");
  }
  g_string_truncate(record->files, 0);
  *record = (Record){.files = record->files};
}

void
apk_installed_parse(Slice text, const char *location, LayerInventory *inventory)
{
  g_autoptr(GString) files = g_string_new(NULL);
  Record record = {.files = files};
  Slice line;
  while (slice_next_line(&text, &line)) {
    if (line.size == 0) {
      end_record(&record, location, inventory);
      continue;
    }
    if (line.size < 2 || line.data[1] != ':')
      continue;
    Slice value = slice_sub(line, 2, line.size);
    switch (line.data[0]) {
    case 'P':
      record.name = value;
      break;
    case 'V':
      record.version = value;
      break;
    case 'A':
      record.architecture = value;
      break;
    case 'o':
      record.origin = value;
      break;
    case 'm':
      record.maintainer = value;
      break;
    case 'F':
      record.folder = value;
      break;
    case 'R':
      add_file(&record, value, inventory);
      break;
    default:
      break;
    }
  }
  end_record(&record, location, inventory);
}

const Detector apk_detector = {
    .name = "apk",
    .places = (const char *const[]){"lib/apk/db/installed", "usr/lib/apk/db/installed", NULL},
    .lists_packages = true,
    .read = apk_installed_parse,
};
