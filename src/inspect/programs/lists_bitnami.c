/* What Bitnami says of the programs in its images: an SPDX document in JSON for each, and in older
 * images one list. Their versions end in the number of the build ("-8"). */
#include <string.h>

#include "base/json.h"
#include "inspect/languages/found-private.h"
#include "inspect/programs/lists-private.h"

static bool
is_bitnami(const json_t *package)
{
  size_t index;
  json_t *reference;
  json_array_foreach(json_object_get(package, "externalRefs"), index, reference) {
    const char *locator = found_text(reference, "referenceLocator");
    if (locator != NULL && g_str_has_prefix(locator, "pkg:bitnami/"))
      return true;
  }
  return false;
}

/* What else is in there (jars) is found by itself. */
void
lists_read_bitnami_sbom(Slice bytes, const char *location, LayerInventory *into)
{
  g_autoptr(json_t) document = found_json(bytes, location, into);
  size_t index;
  json_t *package;
  if (document == NULL || found_text(document, "spdxVersion") == NULL)
    return;
  json_array_foreach(json_object_get(document, "packages"), index, package) {
    const char *license = found_text(package, "licenseDeclared");
    if (!is_bitnami(package))
      continue;
    Package *added = layer_inventory_add_application(into, "bitnami", found_text(package, "name"),
                                                     found_text(package, "versionInfo"), location);
    if (added != NULL && license != NULL && strcmp(license, "NOASSERTION") != 0 &&
        strcmp(license, "NONE") != 0)
      added->licenses = slice_to_printable(slice_from_string(license), 512);
  }
}

void
lists_read_bitnami_components(Slice bytes, const char *location, LayerInventory *into)
{
  g_autoptr(json_t) document = found_json(bytes, location, into);
  const char *name;
  json_t *component;
  json_object_foreach(document, name, component) {
    layer_inventory_add_application(into, "bitnami", name, found_text(component, "version"),
                                    location);
  }
}
