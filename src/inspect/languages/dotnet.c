/* .NET's packages: NAME.deps.json beside an application or a shared framework, which says what it
 * loads, and project.assets.json, which restoring writes into a source tree.
 *
 * A library counts where the target that the file is for has files of it to run or load: what was
 * compiled against and is not there is most of the false findings of scanners. */
#include <string.h>

#include "base/json.h"
#include "inspect/languages/found-private.h"
#include "inspect/languages/languages.h"

#define RUNTIME_PACK "runtimepack."

/* A self-contained application brings the runtime along by that name. */
static const char *
without_prefix(const char *library)
{
  return g_str_has_prefix(library, RUNTIME_PACK) ? library + strlen(RUNTIME_PACK) : library;
}

static bool
has_type(const json_t *library, const char *type)
{
  const char *text = found_text(library, "type");
  return text != NULL && g_ascii_strcasecmp(text, type) == 0;
}

/* Whether the library named @key in "Name/Version" form is loaded. What the target does not speak
 * of is taken for loaded; likewise everything, where there is no such target. */
static bool
is_loaded(const json_t *target, const char *key)
{
  static const char *const assets[] = {"runtime", "native", "runtimeTargets"};
  const json_t *library = json_object_get(target, key);
  for (size_t i = 0; i < G_N_ELEMENTS(assets); i++)
    if (json_object_size(json_object_get(library, assets[i])) > 0)
      return true;
  return library == NULL;
}

static bool
add_library(const char *key, const char *location, bool declared, LayerInventory *into)
{
  const char *slash = strchr(key, '/');
  if (slash == NULL || slash == key || slash[1] == '\0')
    return false;
  g_autofree char *name = g_strndup(key, (gsize)(slash - key));
  Package *package = layer_inventory_add_application(into, "nuget", name, slash + 1, location);
  if (package != NULL)
    package->declared = declared;
  return package != NULL;
}

/* shared/Microsoft.NETCore.App/2.1.30/, of a framework that names no package of its own. */
static void
add_framework(const char *location, LayerInventory *into)
{
  g_auto(GStrv) parts = g_strsplit(location, "/", -1);
  guint count = g_strv_length(parts);
  if (count < 4 || strcmp(parts[count - 4], "shared") != 0)
    return;
  const char *name = parts[count - 3], *version = parts[count - 2];
  if (*version >= '0' && *version <= '9')
    layer_inventory_add_application(into, "nuget", name, version, location);
}

static void
read_deps(const json_t *deps, const char *location, LayerInventory *into)
{
  const char *name = found_text(json_object_get(deps, "runtimeTarget"), "name"), *key;
  const json_t *target =
      name == NULL ? NULL : json_object_get(json_object_get(deps, "targets"), name);
  json_t *library;
  bool any = false;
  json_object_foreach(json_object_get(deps, "libraries"), key, library) {
    bool counts = has_type(library, "package") || has_type(library, "project") ||
                  has_type(library, "runtimepack");
    if (counts && is_loaded(target, key))
      any |= add_library(without_prefix(key), location, false, into);
  }
  if (!any)
    add_framework(location, into);
}

static void
read_assets(const json_t *assets, const char *location, LayerInventory *into)
{
  const char *key;
  json_t *library;
  json_object_foreach(json_object_get(assets, "libraries"), key, library) {
    if (has_type(library, "package"))
      add_library(key, location, true, into);
  }
}

void
dotnet_deps_read(Slice bytes, const char *location, LayerInventory *into)
{
  g_autoptr(json_t) value = found_json(bytes, location, into);
  if (value != NULL)
    read_deps(value, location, into);
}

static void
read_dotnet(Slice bytes, const char *location, LayerInventory *into)
{
  if (g_str_has_suffix(location, ".deps.json")) {
    dotnet_deps_read(bytes, location, into);
    return;
  }
  g_autoptr(json_t) value = found_json(bytes, location, into);
  if (value != NULL)
    read_assets(value, location, into);
}

const Detector dotnet_detector = {
    .name = "dotnet",
    .version = 1,
    .places = (const char *const[]){"*.deps.json", "*/project.assets.json", NULL},
    .most = FOUND_BYTES_MAX,
    .read = read_dotnet,
};
