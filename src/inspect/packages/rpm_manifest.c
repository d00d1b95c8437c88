/* What Azure Linux and CBL-Mariner leave in images without rpm: the answer of "rpm -qa" as a table,
 * columns apart by tabs: name, version-release, times of installation and build, vendor, epoch,
 * size, architecture, epoch as a number, source. (container-manifest-1, beside it, has names
 * alone.) */
#include <string.h>

#include "inspect/packages/packages.h"
#include "inspect/packages/rpm-private.h"

enum { NAME, VERSION, INSTALLED, BUILT, VENDOR, EPOCH, SIZE, ARCHITECTURE, EPOCH_NUMBER, SOURCE };
#define COLUMNS 10u

static void
add_package(char *const *columns, const char *location, LayerInventory *inventory)
{
  Package *package = g_new0(Package, 1);
  const char *epoch = columns[EPOCH_NUMBER], *vendor = columns[VENDOR];
  package->type = g_strdup("rpm");
  package->name = g_strdup(columns[NAME]);
  package->version = strcmp(epoch, "0") == 0 || strcmp(epoch, "(none)") == 0
                         ? g_strdup(columns[VERSION])
                         : g_strdup_printf("%s:%s", epoch, columns[VERSION]);
  package->architecture = g_strdup(columns[ARCHITECTURE]);
  if (*vendor != '\0' && strcmp(vendor, "(none)") != 0)
    package->vendor = slice_to_printable(slice_from_string(vendor), VENDOR_MAX);
  package->location = g_strdup(location);
  rpm_take_source(package, columns[SOURCE]);
  layer_inventory_add_package(inventory, package);
}

void
rpm_manifest_parse(Slice text, const char *location, LayerInventory *inventory)
{
  Slice line;
  while (slice_next_line(&text, &line)) {
    if (line.size == 0)
      continue;
    g_autofree char *row = slice_to_utf8(line);
    g_auto(GStrv) columns = g_strsplit(row, "\t", COLUMNS + 1);
    if (g_strv_length(columns) < COLUMNS)
      layer_inventory_add_unread(inventory, "broken-database", location,
                                 "A line has fewer columns than rpm's manifest has.");
    else if (strcmp(columns[NAME], "gpg-pubkey") != 0)
      add_package(columns, location, inventory);
  }
}

const Detector rpm_manifest_detector = {
    .name = "rpm-manifest",
    .version = 1,
    .places = (const char *const[]){"var/lib/rpmmanifest/container-manifest-2", NULL},
    .lists_packages = true,
    .read = rpm_manifest_parse,
};
