/* The manifest of a chiselled Ubuntu: "jsonwall", lines of JSON, packed by zstd (chisel's
 * public/jsonwall and public/manifest). A package stands there with name, version and architecture;
 * the image has no database of dpkg. */
#include <string.h>

#include "archive/inflate.h"
#include "base/error.h"
#include "base/json.h"
#include "inspect/packages/packages.h"

/* Unpacked. Ubuntu's whole archive cut into slices would be below. */
#define MANIFEST_MAX ((size_t)64 * 1024 * 1024)
/* Of the values of a line, which has a handful. */
#define LINE_VALUES_MAX 100u
/* chisel finds packages by how their lines begin. */
#define PACKAGE_LINE "{\"kind\":\"package\","

static gssize
read_slice(void *data, void *buffer, size_t size, GError **error)
{
  Slice *rest = data, part = slice_sub(*rest, 0, size);
  if (part.size > 0)
    memcpy(buffer, part.data, part.size);
  *rest = slice_sub(*rest, part.size, SIZE_MAX);
  return (gssize)part.size;
}

/* (transfer full) */
static GByteArray *
unpack(Slice packed, GError **error)
{
  g_autoptr(Inflater) inflater = inflater_new(read_slice, &packed);
  g_autoptr(GByteArray) text = g_byte_array_new();
  uint8_t buffer[16384];
  gssize got = inflater_read(inflater, buffer, sizeof buffer, error);
  for (; got > 0; got = inflater_read(inflater, buffer, sizeof buffer, error)) {
    g_byte_array_append(text, buffer, (guint)got);
    if (text->len > MANIFEST_MAX) {
      error_set(error, ASSAY_ERROR_LIMIT, "the manifest unpacks to more than %zu MiB",
                MANIFEST_MAX >> 20);
      return NULL;
    }
  }
  return got < 0 ? NULL : g_steal_pointer(&text);
}

/* @lines: how many it says there are. */
static bool
read_header(Slice line, json_int_t *lines, GError **error)
{
  g_autoptr(json_t) header = json_parse_bounded(line, LINE_VALUES_MAX, error);
  if (header == NULL)
    return false;
  const char *version = json_get_string(header, "jsonwall");
  const char *schema = json_get_string(header, "schema");
  *lines = json_get_integer(header, "count", -1);
  return (version != NULL && g_str_has_prefix(version, "1.") && g_strcmp0(schema, "1.0") == 0) ||
         error_set(error, ASSAY_ERROR_UNSUPPORTED, "a manifest of another version");
}

static bool
add_package(Slice line, const char *location, LayerInventory *inventory, GError **error)
{
  g_autoptr(json_t) object = json_parse_bounded(line, LINE_VALUES_MAX, error);
  if (object == NULL)
    return false;
  const char *name = json_require_string(object, "name", error);
  const char *version = name == NULL ? NULL : json_require_string(object, "version", error);
  if (version == NULL)
    return false;
  Package *package = g_new0(Package, 1);
  package->type = g_strdup("deb");
  package->name = g_ascii_strdown(name, -1);
  package->version = g_strdup(version);
  package->architecture = g_strdup(json_get_string(object, "arch"));
  package->location = g_strdup(location);
  layer_inventory_add_package(inventory, package);
  return true;
}

static bool
read_manifest(Slice bytes, const char *location, LayerInventory *inventory, GError **error)
{
  g_autoptr(GByteArray) content = unpack(bytes, error);
  if (content == NULL)
    return false;
  Slice text = slice_new(content->data, content->len), line;
  json_int_t lines = 0, seen = 1;
  if (!slice_next_line(&text, &line))
    return error_set(error, ASSAY_ERROR_INVALID, "the manifest is empty");
  if (!read_header(line, &lines, error))
    return false;
  for (; slice_next_line(&text, &line); seen++)
    if (slice_has_prefix(line, SLICE_LITERAL(PACKAGE_LINE)) &&
        !add_package(line, location, inventory, error))
      return false;
  return seen == lines ||
         error_set(error, ASSAY_ERROR_INVALID,
                   "the manifest has %" JSON_INTEGER_FORMAT " lines and says %" JSON_INTEGER_FORMAT,
                   seen, lines);
}

/* Ubuntu's statements are about source packages, which the manifest does not name. Most packages
 * that chisel cuts are called as their source is; libraries are not. */
static void
note_sources(const char *location, LayerInventory *inventory)
{
  for (guint i = 0; i < inventory->packages->len; i++) {
    const char *name = ((const Package *)g_ptr_array_index(inventory->packages, i))->name;
    if (!g_str_has_prefix(name, "lib") && strcmp(name, "zlib1g") != 0)
      continue;
    g_autofree char *detail =
        g_strdup_printf("chisel's manifest does not say which source package %s is built from, "
                        "and statements name sources: some may not be found.",
                        name);
    layer_inventory_add_unread(inventory, "no-sources", location, detail);
    return;
  }
}

void
chisel_manifest_parse(Slice bytes, const char *location, LayerInventory *inventory)
{
  g_autoptr(GError) error = NULL;
  if (!read_manifest(bytes, location, inventory, &error))
    layer_inventory_add_unread(inventory, "broken-database", location, error->message);
  note_sources(location, inventory);
}

const Detector chisel_detector = {
    .name = "chisel",
    .places = (const char *const[]){"var/lib/chisel/manifest.wall", NULL},
    .lists_packages = true,
    .read = chisel_manifest_parse,
};
