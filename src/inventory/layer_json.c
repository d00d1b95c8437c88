/* The JSON form of what inspection found in a layer: tables of members, and what they must be
 * besides. It may be from a worker that had read hostile bytes. */
#include "inventory/layer.h"

#include <string.h>

#include "base/error.h"
#include "base/json_table.h"
#include "inventory/layer-private.h"

/* --- packages, releases, notes --- */

static const JsonMember package_members[] = {
    {JSON_MEMBER(Package, type), .kind = &json_text, .required = true},
    {JSON_MEMBER(Package, name), .kind = &json_text, .required = true},
    {JSON_MEMBER(Package, version), .kind = &json_text, .required = true},
    {JSON_MEMBER(Package, architecture), .kind = &json_text},
    {JSON_MEMBER(Package, source_name), .kind = &json_text_unless,
     .other = offsetof(Package, name)},
    {JSON_MEMBER(Package, source_version), .kind = &json_text_unless,
     .other = offsetof(Package, version)},
    {JSON_MEMBER(Package, module), .kind = &json_text},
    {JSON_MEMBER(Package, vendor), .kind = &json_text},
    {JSON_MEMBER(Package, location), .kind = &json_text, .required = true},
    {JSON_MEMBER(Package, licenses), .kind = &json_text},
    {JSON_MEMBER(Package, owner), .kind = &json_text},
    {JSON_MEMBER(Package, foreign_owner), .kind = &json_flag, .omitted = true},
    {JSON_MEMBER(Package, sha1), .kind = &json_text},
    {JSON_MEMBER(Package, declared), .kind = &json_flag, .omitted = true},
    {JSON_MEMBER(Package, development), .kind = &json_flag, .omitted = true},
    {JSON_MEMBER(Package, symbols), .kind = &json_text},
    {JSON_MEMBER(Package, files), .kind = &json_text},
    {JSON_MEMBER(Package, installed_bytes), .kind = &json_number, .omitted = true},
    {JSON_MEMBER(Package, read), .kind = &json_number},
};
const JsonTable package_table = JSON_TABLE(Package, package_members);

static const JsonMember note_members[] = {
    {JSON_MEMBER(LayerNote, kind), .kind = &json_text, .required = true},
    {JSON_MEMBER(LayerNote, path), .kind = &json_text, .required = true},
    {JSON_MEMBER(LayerNote, detail), .kind = &json_text, .required = true},
};
const JsonTable layer_note_table = JSON_TABLE(LayerNote, note_members);

/* --- changes and reads --- */

static const char *const change_names[] = {
    [CHANGE_FOLDER] = "folder",     [CHANGE_IMPLIED] = "implied",
    [CHANGE_FILE] = "file",         [CHANGE_SYMLINK] = "symlink",
    [CHANGE_HARDLINK] = "hardlink", [CHANGE_OTHER] = "other",
    [CHANGE_REMOVED] = "removed",   [CHANGE_OPAQUE] = "opaque",
    [CHANGE_ODD] = "odd",           NULL,
};
static const JsonMember change_members[] = {
    {JSON_MEMBER(LayerChange, kind), .kind = &json_word, .words = change_names, .required = true},
    {JSON_MEMBER(LayerChange, path), .kind = &json_text, .required = true},
    {JSON_MEMBER(LayerChange, target), .kind = &json_text},
};
const JsonTable layer_change_table = {.members = change_members,
                                      .count = G_N_ELEMENTS(change_members),
                                      .size = sizeof(LayerChange),
                                      .tuple = true};

/* LAYER_ANYWHERE is written as a member of its own. */
static json_t *
write_anywhere(const JsonMember *member, const void *value)
{
  return *(const unsigned *)value == LAYER_ANYWHERE ? json_true() : NULL;
}

static bool
read_anywhere(const JsonMember *member, const json_t *json, void *value, GError **error)
{
  if (json != NULL && !json_is_boolean(json))
    return json_member_refuse(member, error);
  if (json_is_true(json))
    *(unsigned *)value = LAYER_ANYWHERE;
  return true;
}

static const JsonKind anywhere_kind = {"boolean", "true or false", .write = write_anywhere,
                                       .read = read_anywhere};

static json_t *
write_change_index(const JsonMember *member, const void *value)
{
  return *(const unsigned *)value == LAYER_ANYWHERE ? NULL : json_number.write(member, value);
}

static bool
read_change_index(const JsonMember *member, const json_t *json, void *value, GError **error)
{
  return *(unsigned *)value == LAYER_ANYWHERE || json_number.read(member, json, value, error);
}

static const JsonKind change_index_kind = {"integer", "a whole number", .write = write_change_index,
                                           .read = read_change_index};

static const JsonMember read_members[] = {
    {JSON_MEMBER_AS("anywhere", LayerFile, change), .kind = &anywhere_kind},
    {JSON_MEMBER(LayerFile, change), .kind = &change_index_kind},
    {JSON_MEMBER(LayerFile, location), .kind = &json_text, .required = true},
    {JSON_MEMBER(LayerFile, broken), .kind = &json_flag, .omitted = true},
    {JSON_MEMBER(LayerFile, declares), .kind = &json_text},
    {JSON_MEMBER(LayerFile, elsewhere), .kind = &json_flag, .omitted = true},
};
const JsonTable layer_file_table = JSON_TABLE(LayerFile, read_members);

/* --- the layer --- */

static const JsonMember layer_members[] = {
    {JSON_MEMBER(LayerInventory, detectors), .kind = &json_number},
    {JSON_MEMBER(LayerInventory, layer), .kind = &json_digest, .required = true, .otherwise = ""},
    {JSON_MEMBER(LayerInventory, diff_id), .kind = &json_digest, .required = true, .otherwise = ""},
    {JSON_MEMBER(LayerInventory, packed_bytes), .kind = &json_number},
    {JSON_MEMBER(LayerInventory, unpacked_bytes), .kind = &json_number},
    {JSON_MEMBER(LayerInventory, entries), .kind = &json_number},
    {JSON_MEMBER(LayerInventory, clamav), .kind = &json_number, .most = CLAMAV_LOST,
     .omitted = true},
    {JSON_MEMBER(LayerInventory, packages), .kind = &json_list, .table = &package_table},
    {JSON_MEMBER(LayerInventory, releases), .kind = &json_list, .table = &os_release_table},
    {JSON_MEMBER(LayerInventory, observations), .kind = &json_list, .table = &observation_table,
     .most = LAYER_OBSERVATIONS_MAX, .omitted = true},
    {JSON_MEMBER(LayerInventory, changes), .kind = &json_list, .table = &layer_change_table,
     .most = LAYER_CHANGES_MAX},
    {JSON_MEMBER(LayerInventory, reads), .kind = &json_list, .table = &layer_file_table,
     .most = LAYER_READS_MAX},
    {JSON_MEMBER(LayerInventory, removed), .kind = &json_lines, .most = LAYER_REMOVED_MAX},
    {JSON_MEMBER(LayerInventory, links), .kind = &json_lines, .most = 2 * LAYER_LINKS_MAX},
    {JSON_MEMBER(LayerInventory, sums), .kind = &json_lines, .most = 4 * LAYER_PACKAGES_MAX,
     .omitted = true},
    {JSON_MEMBER(LayerInventory, programs), .kind = &json_lines, .most = LAYER_PROGRAMS_MAX,
     .omitted = true},
    {JSON_MEMBER(LayerInventory, weights), .kind = &json_text},
    {JSON_MEMBER(LayerInventory, named), .kind = &json_lines, .most = LAYER_NAMED_MAX,
     .omitted = true},
    {JSON_MEMBER(LayerInventory, unread), .kind = &json_lines, .most = LAYER_UNREAD_MAX},
    {JSON_MEMBER(LayerInventory, tables), .kind = &json_lines, .most = LAYER_TABLES_MAX},
    {JSON_MEMBER(LayerInventory, notes), .kind = &json_list, .table = &layer_note_table},
};
const JsonTable layer_inventory_table = JSON_TABLE(LayerInventory, layer_members);

/* In two versions: that of the present form, and that which was of the form and the detectors. */
typedef struct {
  unsigned format, detector_version;
} Versions;
static const JsonMember version_members[] = {
    {JSON_MEMBER(Versions, format), .kind = &json_number, .omitted = true},
    {JSON_MEMBER(Versions, detector_version), .kind = &json_number, .omitted = true},
};
static const JsonTable version_table = JSON_TABLE(Versions, version_members);

json_t *
layer_inventory_to_json(const LayerInventory *inventory)
{
  const Versions versions = {.format = LAYER_FORMAT};
  json_t *object = json_table_write(&version_table, &versions);
  json_table_add(&layer_inventory_table, inventory, object);
  return object;
}

/* --- what tables do not say of it --- */

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
check_changes(const LayerInventory *inventory, GError **error)
{
  for (guint i = 0; i < inventory->changes->len; i++) {
    const LayerChange *change = g_ptr_array_index(inventory->changes, i);
    bool needs_target = change->kind == CHANGE_SYMLINK || change->kind == CHANGE_HARDLINK ||
                        change->kind == CHANGE_ODD;
    if (!is_path(change->path) || needs_target != (change->target != NULL))
      return error_set(error, ASSAY_ERROR_INVALID, "changes[%u]: is none", i);
  }
  for (guint i = 0; i < inventory->reads->len; i++) {
    const LayerFile *file = g_ptr_array_index(inventory->reads, i);
    if (file->change == LAYER_ANYWHERE && !is_path(file->location))
      return error_set(error, ASSAY_ERROR_INVALID, "reads[%u]: is none", i);
  }
  return true;
}

static bool
check_observations(const LayerInventory *inventory, GError **error)
{
  for (guint i = 0; i < inventory->observations->len; i++) {
    const Observation *one = g_ptr_array_index(inventory->observations, i);
    const char *const texts[] = {one->rule,  one->path, one->title,
                                 one->shown, one->same, one->scope};
    if (one->kind == OBSERVED_FACT && one->shown == NULL)
      return error_set(error, ASSAY_ERROR_INVALID, "observations[%u]: has no value", i);
    for (size_t j = 0; j < G_N_ELEMENTS(texts); j++)
      if (texts[j] != NULL && *texts[j] != '\0' && !layer_text_is_sound(texts[j]))
        return error_set(error, ASSAY_ERROR_INVALID, "observations[%u]: is none", i);
  }
  return true;
}

/* As if a detector added them now. */
static bool
add_again(LayerInventory *inventory, GError **error)
{
  g_autoptr(GPtrArray) packages = inventory->packages, notes = inventory->notes;
  inventory->packages = g_ptr_array_new_with_free_func((GDestroyNotify)package_free);
  inventory->notes = g_ptr_array_new_with_free_func(layer_note_free);
  for (guint i = 0; i < packages->len; i++) {
    Package *package = g_ptr_array_index(packages, i);
    if (!layer_text_is_sound(package->type))
      return error_set(error, ASSAY_ERROR_INVALID, "packages[%u]: \"type\" is none", i);
    packages->pdata[i] = NULL;
    layer_inventory_add_package(inventory, package);
  }
  for (guint i = 0; i < notes->len; i++) {
    const LayerNote *note = g_ptr_array_index(notes, i);
    layer_inventory_add_note(inventory, note->kind, note->path, note->detail);
  }
  return true;
}

static bool
read_layer(const json_t *json, LayerInventory *inventory, GError **error)
{
  Versions versions = {0};
  if (!json_table_read(&version_table, json, &versions, error))
    return false;
  bool first = versions.detector_version == LAYER_FORMAT_FIRST;
  if (!first && versions.format != LAYER_FORMAT)
    return error_set(error, ASSAY_ERROR_INVALID, "not of a format that is read (%u to %u)",
                     LAYER_FORMAT_FIRST, LAYER_FORMAT);
  if (!json_table_read(&layer_inventory_table, json, inventory, error))
    return false;
  if (first)
    inventory->detectors = LAYER_FORMAT_FIRST;
  return check_changes(inventory, error) && check_observations(inventory, error) &&
         add_again(inventory, error);
}

LayerInventory *
layer_inventory_from_json(const json_t *json, GError **error)
{
  g_autoptr(LayerInventory) inventory = layer_inventory_new();
  if (read_layer(json, inventory, error))
    return g_steal_pointer(&inventory);
  g_prefix_error(error, "inventory: ");
  return NULL;
}
