/* apk's database of installed packages: apk-installed(5), "P:name", "V:version", "F:folder",
 * "R:file". */
#include "inspect/packages/packages.h"

/* A package with more files than that keeps the first ones. */
#define FILES_MAX 20000

typedef struct {
  Slice name, version, architecture, origin, folder;
  GPtrArray *files;
} Record;

static void
add_file(Record *record, Slice name)
{
  if (record->files->len >= FILES_MAX)
    return;
  g_autofree char *file = slice_to_utf8(name);
  if (record->folder.size == 0) {
    g_ptr_array_add(record->files, g_steal_pointer(&file));
    return;
  }
  g_autofree char *folder = slice_to_utf8(record->folder);
  g_ptr_array_add(record->files, g_strconcat(folder, "/", file, NULL));
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
    package->source_name = slice_to_utf8(record->origin.size > 0 ? record->origin : record->name);
    package->source_version = g_strdup(package->version);
    package->location = g_strdup(location);
    if (record->files->len > 0) {
      g_ptr_array_add(record->files, NULL);
      package->files = (GStrv)g_ptr_array_steal(record->files, NULL);
    }
    g_ptr_array_add(inventory->packages, package);
  } else if (record->name.size > 0) {
    layer_inventory_add_note(inventory, "broken-database", location, "A package has no version.");
  }
  g_ptr_array_set_size(record->files, 0);
  *record = (Record){.files = record->files};
}

void
apk_installed_parse(Slice text, const char *location, LayerInventory *inventory)
{
  g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);
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
    case 'F':
      record.folder = value;
      break;
    case 'R':
      add_file(&record, value);
      break;
    default:
      break;
    }
  }
  end_record(&record, location, inventory);
}
