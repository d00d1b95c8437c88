/* Package managers whose databases are not read, or for whose packages there are no advisories.
 * Where one of them is, there are packages that are not known: the image is not shown as clean for
 * those that are. */
#include <string.h>

#include "inspect/packages/packages.h"

static const struct {
  const char *place, *manager;
  void (*parse)(Slice text, const char *location, LayerInventory *inventory); /* or NULL */
} foreign[] = {
    {"var/lib/portage/world", "portage (Gentoo)"},
    {"var/lib/portage/config", "portage (Gentoo)"},
    {"var/db/xbps/pkgdb-0.38.plist", "xbps (Void Linux)"},
    {"usr/lib/opkg/status", "opkg (OpenWrt)", opkg_status_parse},
    {"var/lib/opkg/status", "opkg", opkg_status_parse},
    {"opt/lib/opkg/status", "opkg (Entware)", opkg_status_parse},
    {"nix/var/nix/db/db.sqlite", "Nix"},
    {"var/guix/db/db.sqlite", "Guix"},
    {"usr/share/clear/bundles/os-core", "swupd (Clear Linux)"},
    {"usr/share/bottlerocket/application-inventory.json", "Bottlerocket"},
    {"var/db/pkg/local.sqlite", "pkg (FreeBSD)"},
};

static void
read_foreign(Slice bytes, const char *location, LayerInventory *into)
{
  for (size_t i = 0; i < G_N_ELEMENTS(foreign) && bytes.size > 0; i++) {
    if (strcmp(foreign[i].place, location) != 0)
      continue;
    if (foreign[i].parse != NULL)
      foreign[i].parse(bytes, location, into);
    g_autofree char *detail = g_strdup_printf(
        foreign[i].parse == NULL
            ? "The packages of %s are not known: Assay does not read its database."
            : "The packages of %s are listed, but there are no advisories for them.",
        foreign[i].manager);
    layer_inventory_add_unread(into, "foreign-database", location, detail);
  }
}

/* The places of the table above. */
const Detector foreign_detector = {
    .name = "foreign",
    .version = 2,
    .places =
        (const char *const[]){
            "var/lib/portage/world", "var/lib/portage/config", "var/db/xbps/pkgdb-0.38.plist",
            "usr/lib/opkg/status", "var/lib/opkg/status", "opt/lib/opkg/status",
            "nix/var/nix/db/db.sqlite", "var/guix/db/db.sqlite", "usr/share/clear/bundles/os-core",
            "usr/share/bottlerocket/application-inventory.json", "var/db/pkg/local.sqlite", NULL},
    .lists_packages = true,
    .read = read_foreign,
};
