/* Composer's packages: vendor/composer/installed.json, a list in Composer 1 and an object in 2.
 * Those for development are installed as well, where it names them; a note says how many. */
#include <string.h>

#include "base/json.h"
#include "inspect/languages/found-private.h"
#include "inspect/languages/languages.h"

/* "v1.2.3" is 1.2.3, "dev-main" and "1.x-dev" are as they are. */
static const char *
without_v(const char *version)
{
  bool has_one = (*version == 'v' || *version == 'V') && g_ascii_isdigit(version[1]);
  return has_one ? version + 1 : version;
}

/* Without a name or a version it is none: a project that is not published. */
static void
add_package(const json_t *package, GHashTable *development, const char *location,
            LayerInventory *into)
{
  const char *name = found_text(package, "name"), *version = found_text(package, "version");
  if (name == NULL || version == NULL)
    return;
  g_autofree char *lower = g_ascii_strdown(name, -1);
  GString *licenses = g_string_new(NULL);
  found_licenses_add_json(licenses, " OR ", json_object_get(package, "license"));
  Package *added = found_add(into, "composer", slice_from_string(lower),
                             slice_from_string(without_v(version)), location, licenses);
  if (added != NULL)
    added->development = g_hash_table_contains(development, name);
}

static void
read_list(const json_t *packages, GHashTable *development, const char *location,
          LayerInventory *into)
{
  size_t index;
  json_t *package;
  json_array_foreach(packages, index, package)
    add_package(package, development, location, into);
}

static void
read_installed(Slice bytes, const char *location, LayerInventory *into)
{
  g_autoptr(json_t) value = found_json_value(bytes, location, into);
  if (value == NULL)
    return;
  const json_t *names = json_object_get(value, "dev-package-names");
  g_autoptr(GHashTable) development = g_hash_table_new(g_str_hash, g_str_equal);
  size_t count = json_array_size(names), index;
  json_t *name;
  json_array_foreach(names, index, name) {
    if (json_is_string(name))
      g_hash_table_add(development, (char *)(uintptr_t)json_string_value(name));
  }
  read_list(json_is_array(value) ? value : json_object_get(value, "packages"), development,
            location, into);
  g_autofree char *detail = g_strdup_printf("%zu of its packages are for development.", count);
  if (count > 0)
    layer_inventory_add_note(into, "development-packages", location, detail);
}

const Detector composer_detector = {
    .name = "composer",
    .version = 2,
    .places = (const char *const[]){"*/composer/installed.json", NULL},
    .most = FOUND_BYTES_MAX,
    .read = read_installed,
};
