/* opkg's list, which is like dpkg's. There are no advisories for its packages: they are shown. */
#include "inspect/packages/packages.h"
#include "text/deb822.h"

/* "install ok installed"; without a status it is. */
static bool
is_installed(Slice stanza)
{
  g_autofree char *status = deb822_get_text(stanza, "Status");
  return status == NULL || (!g_str_has_suffix(status, " not-installed") &&
                            !g_str_has_suffix(status, " config-files"));
}

void
opkg_status_parse(Slice text, const char *location, LayerInventory *inventory)
{
  Slice stanza;
  while (deb822_next_stanza(&text, &stanza)) {
    g_autofree char *name = deb822_get_text(stanza, "Package");
    g_autofree char *version = deb822_get_text(stanza, "Version");
    if (name == NULL || version == NULL || !is_installed(stanza))
      continue;
    Package *package = layer_inventory_add_application(inventory, "opkg", name, version, location);
    if (package != NULL)
      package->architecture = deb822_get_text(stanza, "Architecture");
  }
}
