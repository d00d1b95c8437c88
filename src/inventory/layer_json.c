/* The JSON form of what inspection found in a layer. */
#include "inventory/layer.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "inventory/layer-private.h"

static const char *const change_kinds[] = {"folder", "implied", "file",   "symlink", "hardlink",
                                           "other",  "removed", "opaque", "odd"};

static json_t *
package_to_json(const Package *package)
{
  json_t *object = json_object();
  json_set_string(object, "type", package->type);
  json_set_string(object, "name", package->name);
  json_set_string(object, "version", package->version);
  json_set_string(object, "architecture", package->architecture);
  if (g_strcmp0(package->source_name, package->name) != 0)
    json_set_string(object, "source_name", package->source_name);
  if (g_strcmp0(package->source_version, package->version) != 0)
    json_set_string(object, "source_version", package->source_version);
  json_set_string(object, "module", package->module);
  json_set_string(object, "vendor", package->vendor);
  json_set_string(object, "location", package->location);
  json_set_string(object, "files", package->files);
  json_set_number(object, "read", package->read);
  return object;
}

static json_t *
changes_to_json(const GPtrArray *changes)
{
  json_t *array = json_array();
  for (guint i = 0; i < changes->len; i++) {
    const LayerChange *change = g_ptr_array_index(changes, i);
    json_t *one = json_array();
    json_array_append_new(one, json_string(change_kinds[change->kind]));
    json_array_append_new(one, json_string(change->path));
    if (change->target != NULL)
      json_array_append_new(one, json_string(change->target));
    json_array_append_new(array, one);
  }
  return array;
}

static json_t *
reads_to_json(const GPtrArray *reads)
{
  json_t *array = json_array();
  for (guint i = 0; i < reads->len; i++) {
    const LayerFile *read = g_ptr_array_index(reads, i);
    json_t *one = json_object();
    if (read->change == LAYER_ANYWHERE)
      json_object_set_new(one, "anywhere", json_true());
    else
      json_set_number(one, "change", read->change);
    json_set_string(one, "location", read->location);
    if (read->broken)
      json_object_set_new(one, "broken", json_true());
    json_array_append_new(array, one);
  }
  return array;
}

json_t *
layer_inventory_to_json(const LayerInventory *inventory)
{
  json_t *object = json_object();
  json_set_number(object, "format", LAYER_FORMAT);
  json_set_number(object, "detectors", inventory->detectors);
  json_set_string(object, "layer", inventory->layer.text);
  json_set_string(object, "diff_id", inventory->diff_id.text);
  json_set_number(object, "packed_bytes", inventory->packed_bytes);
  json_set_number(object, "unpacked_bytes", inventory->unpacked_bytes);
  json_set_number(object, "entries", inventory->entries);
  json_t *packages = json_array(), *releases = json_array(), *notes = json_array();
  for (guint i = 0; i < inventory->packages->len; i++)
    json_array_append_new(packages, package_to_json(g_ptr_array_index(inventory->packages, i)));
  for (guint i = 0; i < inventory->releases->len; i++)
    json_array_append_new(releases, os_release_to_json(g_ptr_array_index(inventory->releases, i)));
  for (guint i = 0; i < inventory->notes->len; i++) {
    const LayerNote *note = g_ptr_array_index(inventory->notes, i);
    json_t *one = json_object();
    json_set_string(one, "kind", note->kind);
    json_set_string(one, "path", note->path);
    json_set_string(one, "detail", note->detail);
    json_array_append_new(notes, one);
  }
  json_object_set_new(object, "packages", packages);
  json_object_set_new(object, "releases", releases);
  json_object_set_new(object, "changes", changes_to_json(inventory->changes));
  json_object_set_new(object, "reads", reads_to_json(inventory->reads));
  json_object_set_new(object, "removed", json_from_texts(inventory->removed));
  json_object_set_new(object, "links", json_from_texts(inventory->links));
  json_object_set_new(object, "unread", json_from_texts(inventory->unread));
  json_object_set_new(object, "tables", json_from_texts(inventory->tables));
  json_object_set_new(object, "notes", notes);
  return object;
}

/* --- from JSON, which a worker wrote that had read hostile bytes --- */

static uint64_t
number_from_json(const json_t *json, const char *key)
{
  return (uint64_t)MAX(json_get_integer(json, key, 0), 0);
}

static unsigned
index_from_json(const json_t *json, const char *key)
{
  return (unsigned)MIN(number_from_json(json, key), UINT_MAX);
}

static bool
package_from_json(const json_t *object, LayerInventory *inventory, GError **error)
{
  const char *type = json_require_string(object, "type", error);
  const char *name = type == NULL ? NULL : json_require_string(object, "name", error);
  const char *version = name == NULL ? NULL : json_require_string(object, "version", error);
  const char *location = version == NULL ? NULL : json_require_string(object, "location", error);
  if (location == NULL)
    return false;
  if (!layer_text_is_sound(type))
    return error_set(error, ASSAY_ERROR_INVALID, "\"type\" is none");
  Package *package = g_new0(Package, 1);
  package->type = g_strdup(type);
  package->name = g_strdup(name);
  package->version = g_strdup(version);
  package->architecture = g_strdup(json_get_string(object, "architecture"));
  package->source_name = g_strdup(json_get_string(object, "source_name"));
  package->source_version = g_strdup(json_get_string(object, "source_version"));
  package->module = g_strdup(json_get_string(object, "module"));
  package->vendor = g_strdup(json_get_string(object, "vendor"));
  package->location = g_strdup(location);
  package->files = g_strdup(json_get_string(object, "files"));
  package->read = index_from_json(object, "read");
  layer_inventory_add_package(inventory, package);
  return true;
}

static bool
digest_from_json(const json_t *json, const char *key, Digest *digest, GError **error)
{
  const char *text = json_require_string(json, key, error);
  if (text == NULL)
    return false;
  return *text == '\0' || digest_parse(text, digest, error);
}

static void
strings_from_json(const json_t *json, const char *key, guint most, GPtrArray *strings)
{
  size_t index;
  json_t *item;
  json_array_foreach(json_get_array(json, key), index, item) {
    if (json_is_string(item) && strings->len < most)
      g_ptr_array_add(strings, g_strdup(json_string_value(item)));
  }
}

/* As path_normalise() leaves it. */
static bool
is_path(const char *path)
{
  Slice rest = slice_from_string(path), name;
  size_t names = 0, bytes = 0;
  if (*path == '\0')
    return true;
  while (slice_next_field(&rest, '/', &name)) {
    if (name.size == 0 || slice_equal_string(name, ".") || slice_equal_string(name, ".."))
      return false;
    names++;
    bytes += name.size + 1;
  }
  return names <= LAYER_CHANGE_DEPTH_MAX && bytes == strlen(path) + 1;
}

static bool
change_from_json(const json_t *array, LayerInventory *inventory)
{
  const char *kind = json_string_value(json_array_get(array, 0));
  const char *path = json_string_value(json_array_get(array, 1));
  const char *target = json_string_value(json_array_get(array, 2));
  if (kind == NULL || path == NULL || !is_path(path))
    return false;
  for (size_t i = 0; i < G_N_ELEMENTS(change_kinds); i++) {
    bool needs_target = i == CHANGE_SYMLINK || i == CHANGE_HARDLINK || i == CHANGE_ODD;
    if (strcmp(kind, change_kinds[i]) == 0 && needs_target == (target != NULL))
      return layer_inventory_add_change(inventory, (LayerChangeKind)i, path, target);
  }
  return false;
}

static bool
changes_from_json(const json_t *json, LayerInventory *inventory, GError **error)
{
  size_t index;
  json_t *item;
  json_array_foreach(json_get_array(json, "changes"), index, item) {
    if (!change_from_json(item, inventory))
      return error_set(error, ASSAY_ERROR_INVALID, "inventory: changes[%zu]: is none", index);
  }
  json_array_foreach(json_get_array(json, "reads"), index, item) {
    const char *location = json_require_string(item, "location", error);
    if (location == NULL)
      return false;
    bool anywhere = json_get_boolean(item, "anywhere", false);
    if (inventory->reads->len >= LAYER_READS_MAX || (anywhere && !is_path(location)))
      return error_set(error, ASSAY_ERROR_INVALID, "inventory: reads[%zu]: is none, or too many",
                       index);
    layer_inventory_add_read(inventory, anywhere ? LAYER_ANYWHERE : index_from_json(item, "change"),
                             location, json_get_boolean(item, "broken", false));
  }
  return true;
}

static bool
versions_from_json(const json_t *json, LayerInventory *inventory, GError **error)
{
  bool first = number_from_json(json, "detector_version") == LAYER_FORMAT_FIRST;
  inventory->detectors = first ? LAYER_FORMAT_FIRST : index_from_json(json, "detectors");
  return first || number_from_json(json, "format") == LAYER_FORMAT ||
         error_set(error, ASSAY_ERROR_INVALID, "inventory: not of a format that is read (%u to %u)",
                   LAYER_FORMAT_FIRST, LAYER_FORMAT);
}

LayerInventory *
layer_inventory_from_json(const json_t *json, GError **error)
{
  g_autoptr(LayerInventory) inventory = layer_inventory_new();
  if (!versions_from_json(json, inventory, error) ||
      !digest_from_json(json, "layer", &inventory->layer, error) ||
      !digest_from_json(json, "diff_id", &inventory->diff_id, error))
    return NULL;
  inventory->packed_bytes = number_from_json(json, "packed_bytes");
  inventory->unpacked_bytes = number_from_json(json, "unpacked_bytes");
  inventory->entries = number_from_json(json, "entries");
  strings_from_json(json, "links", (guint)2 * LAYER_LINKS_MAX, inventory->links);
  strings_from_json(json, "removed", LAYER_REMOVED_MAX, inventory->removed);
  strings_from_json(json, "unread", LAYER_UNREAD_MAX, inventory->unread);
  strings_from_json(json, "tables", LAYER_TABLES_MAX, inventory->tables);
  if (!changes_from_json(json, inventory, error))
    return NULL;
  size_t index;
  json_t *item;
  json_array_foreach(json_get_array(json, "packages"), index, item) {
    if (!package_from_json(item, inventory, error)) {
      g_prefix_error(error, "inventory: packages[%zu]: ", index);
      return NULL;
    }
  }
  json_array_foreach(json_get_array(json, "releases"), index, item) {
    OsRelease *os = os_release_from_json(item);
    if (os != NULL)
      g_ptr_array_add(inventory->releases, os);
  }
  json_array_foreach(json_get_array(json, "notes"), index, item) {
    const char *kind = json_get_string(item, "kind"), *path = json_get_string(item, "path");
    const char *detail = json_get_string(item, "detail");
    if (kind != NULL && path != NULL && detail != NULL)
      layer_inventory_add_note(inventory, kind, path, detail);
  }
  return g_steal_pointer(&inventory);
}
